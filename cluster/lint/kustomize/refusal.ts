import type { Place } from "../yaml/document.ts";

/** A line of a file that has no readable document there. */
export interface FilePlace {
    document: undefined;
    file: string;
    line: number;
}

/** Why kustomize refuses a build: Flux then applies nothing of it. */
export class Refusal extends Error {
    override name = "Refusal";
    readonly at: Place | FilePlace;

    constructor(at: Place | FilePlace, message: string) {
        super(message);
        this.at = at;
    }
}
