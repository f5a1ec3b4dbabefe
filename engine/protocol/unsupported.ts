/** The program, the state or a plugin asks for a feature of Pulumi that the embedded engine does not have. */
export class Unsupported extends Error {
    override name = "Unsupported";

    constructor(feature: string, where: string) {
        super(
            `${where} uses ${feature}, which the embedded engine does not support. Nothing was guessed. Run it with the Pulumi CLI (--engine pulumi).`,
        );
    }
}
