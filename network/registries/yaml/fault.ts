/** A place in a text: characters, lines and columns before it. */
export interface Mark {
    readonly index: number;
    readonly line: number;
    readonly column: number;
}

/** Which step of reading stopped. It decides which line K3s names in its message. */
export type FaultyStep = "characters" | "scanner" | "parser" | "decoder";

/** A text that is no YAML for gopkg.in/yaml.v2, so that K3s does not start with it. */
export class YamlFault extends Error {
    override name = "YamlFault";
    readonly step: FaultyStep;
    readonly problem: string;
    readonly mark: Mark;
    readonly context: Mark | null;
    /** Where the text begins that a colon is missing behind; null where that is not the fault, or not known. */
    readonly withoutColon: Mark | null;

    /** `problem` is in yaml.v2's words; `mark` is where it stops, `context` where what it was reading begins. */
    constructor(
        step: FaultyStep,
        problem: string,
        mark: Mark,
        context: Mark | null = null,
        withoutColon: Mark | null = null,
    ) {
        super(problem);
        this.step = step;
        this.problem = problem;
        this.mark = mark;
        this.context = context;
        this.withoutColon = withoutColon;
    }

    /** The message that K3s ends with. Its line is one too small where yaml.v2's parser stops (decode.go, fail). */
    get k3sMessage(): string {
        if (this.step === "characters" || this.step === "decoder") return `yaml: ${this.problem}`;
        const line =
            this.mark.line === 0 ? (this.context?.line ?? 0) : this.mark.line + (this.step === "scanner" ? 1 : 0);
        return line === 0 ? `yaml: ${this.problem}` : `yaml: line ${line}: ${this.problem}`;
    }
}
