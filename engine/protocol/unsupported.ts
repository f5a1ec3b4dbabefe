/** The program, the state or a plugin asks for a feature of Pulumi that the embedded engine does not have. */
export class Unsupported extends Error {
    override name = "Unsupported";

    constructor(feature: string, where: string) {
        super(
            `${where} uses ${feature}, which the embedded engine does not support. Nothing was done to it. Use the Pulumi CLI instead (--engine pulumi).`,
        );
    }
}
