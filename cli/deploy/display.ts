import { inspect, styleText } from "node:util";
import type { EngineEvent, PropertyChange, StepEvent, StepOp } from "../../engine/protocol/events.ts";
import { nameOf } from "../../engine/protocol/urn.ts";
import type { DeployResult, Operation } from "./options.ts";
import { changeLines } from "./propertyDiff.ts";

type Color = Parameters<typeof styleText>[0];

interface Look {
    sign: string;
    color: Color;
    proposed: string;
    done: string;
}

/** How each kind of step is shown. The line of a replacement stands for the steps that it is made of. */
const LOOKS: Partial<Record<StepOp, Look>> = {
    create: { sign: "+", color: "green", proposed: "create", done: "created" },
    update: { sign: "~", color: "yellow", proposed: "update", done: "updated" },
    delete: { sign: "-", color: "red", proposed: "delete", done: "deleted" },
    replace: { sign: "±", color: "magenta", proposed: "replace", done: "replaced" },
    "create-replacement": { sign: "+", color: "green", proposed: "create the new", done: "created the new" },
    "delete-replaced": { sign: "-", color: "red", proposed: "delete the old", done: "deleted the old" },
};

const REFRESHED: Partial<Record<StepOp, Look>> = {
    update: { sign: "~", color: "yellow", proposed: "drifted", done: "drifted" },
    delete: { sign: "-", color: "red", proposed: "gone", done: "gone" },
};

const SEVERITY: Record<string, Color> = { error: "red", warning: "yellow", info: "dim", debug: "dim" };

/** `NftTable pve-clamp`: the last part of the type and the name. */
function label(urn: string, type: string): string {
    return `${type.split(":").at(-1)} ${nameOf(urn)}`;
}

const INDENT = "      ";

/** Text with every line after the first indented. */
function hanging(text: string, indent: string): string {
    return text.trimEnd().replaceAll("\n", `\n${indent}`);
}

/** Shows a run to a person, line by line as it goes. */
export class Display {
    readonly #write: (text: string) => void;
    #pass: (EngineEvent & { kind: "pass" })["pass"] = "preview";

    constructor(write: (text: string) => void) {
        this.#write = write;
    }

    #line(text: string): void {
        this.#write(`${text}\n`);
    }

    readonly event = (event: EngineEvent): void => {
        switch (event.kind) {
            case "pass":
                this.#pass = event.pass;
                this.#line(
                    styleText(
                        "bold",
                        { preview: "Preview", update: "Update", refresh: "Refresh", destroy: "Destroy" }[event.pass],
                    ),
                );
                return;
            case "step":
                this.#step(event);
                return;
            case "diagnostic": {
                if (event.severity === "debug") return;
                const about = event.urn ? `${nameOf(event.urn)}: ` : "";
                const severity = event.severity === "info" ? "" : `${event.severity}: `;
                this.#line(
                    styleText(
                        SEVERITY[event.severity] ?? "dim",
                        `  ${severity}${about}${hanging(event.message, INDENT)}`,
                    ),
                );
                return;
            }
            case "violation": {
                const color = event.level === "mandatory" ? "red" : "yellow";
                this.#line(styleText(color, `  ${event.level} policy ${event.policy}: ${nameOf(event.urn)}`));
                this.#line(`${INDENT}${hanging(event.message, INDENT)}`);
                return;
            }
            case "remediation":
                this.#line(styleText("yellow", `  policy ${event.policy} put ${nameOf(event.urn)} right`));
        }
    };

    #step(event: StepEvent): void {
        const found = event.found || this.#pass === "refresh";
        const looks = found ? REFRESHED : LOOKS;
        const look = looks[event.op];
        if (look === undefined) {
            if (event.phase === "failed")
                this.#line(styleText("red", `  ! ${event.op} failed: ${label(event.urn, event.type)}`));
            return;
        }
        if (!event.counted) return;
        const preview = this.#pass === "preview";
        const name = label(event.urn, event.type);
        if (event.phase === "started") {
            const worthTelling = !preview && !found && event.op !== "replace";
            if (worthTelling) this.#line(styleText("dim", `  ${look.sign} ${look.proposed} ${name} …`));
            return;
        }
        if (event.phase === "failed") {
            this.#line(styleText("red", `  ! ${look.proposed} ${name} failed`));
            return;
        }
        const time = event.seconds >= 0.1 ? styleText("dim", ` (${event.seconds.toFixed(1)} s)`) : "";
        this.#line(`  ${styleText(look.color, `${look.sign} ${preview ? look.proposed : look.done}`)} ${name}${time}`);
        if (preview || this.#pass === "refresh") this.#changes(event.changes);
    }

    #changes(changes: PropertyChange[]): void {
        for (const change of changes) for (const line of changeLines(change)) this.#line(`${INDENT}${line}`);
    }

    /** The stack's outputs and the one line that sums the run up. */
    summary(result: DeployResult, operation: Operation): void {
        const outputs = Object.entries(result.outputs);
        if (outputs.length > 0 && operation !== "destroy") {
            this.#line(styleText("bold", "Outputs"));
            for (const [name, value] of outputs) {
                this.#line(`  ${name}: ${hanging(outputText(value), INDENT)}`);
            }
        }
        this.#line(
            `${verdictOf(result)} ${countsOf(result, operation)}, ${result.seconds.toFixed(1)} s, ${result.engine} engine`,
        );
    }
}

/** An output as people read it: what fits on a line stays on one, and only what is long is laid out. */
function outputText(value: unknown): string {
    if (typeof value === "string") return value;
    return inspect(value, { depth: 4, breakLength: 100, compact: 3, maxArrayLength: 10, maxStringLength: 200 });
}

function verdictOf(result: DeployResult): string {
    return result.ok ? styleText("green", "Done:") : styleText("red", "Failed:");
}

function countsOf(result: DeployResult, operation: Operation): string {
    const verb = operation === "preview" ? " to make" : "";
    const changes =
        result.changes === 0 ? "no changes" : `${result.changes} ${result.changes === 1 ? "change" : "changes"}${verb}`;
    const mandatory = result.violations.filter(violation => violation.level === "mandatory").length;
    const advisory = result.violations.length - mandatory;
    return [
        changes,
        mandatory > 0 ? `${mandatory} mandatory policy ${mandatory === 1 ? "violation" : "violations"}` : "",
        advisory > 0 ? `${advisory} advisory` : "",
    ]
        .filter(part => part !== "")
        .join(", ");
}
