import { stripVTControlCharacters } from "node:util";
import Table from "cli-table3";
import { createLogUpdate } from "log-update";
import type { VantageReport } from "../../network/probe/report.ts";
import { type JudgedRun, verdictOf } from "../../network/verdict/index.ts";

/** A report of what a vantage point found until now, made when it is asked for. */
export type ReportSoFar = () => VantageReport;

const REDRAW_MS = 250;
const PLAIN = { head: [], border: [] };

/** Endpoint by vantage point with counts, and the verdict as it stands, redrawn in place while probes run. */
export class LiveTable {
    readonly #update: ReturnType<typeof createLogUpdate>;
    readonly #columns: () => number;
    readonly #run: JudgedRun;
    readonly #soFar = new Map<string, ReportSoFar>();
    readonly #ended = new Map<string, string>();
    readonly #timer: NodeJS.Timeout;
    #footer = "Ctrl-C ends the probes on every host, with what was found so far.";

    constructor(stream: NodeJS.WriteStream, run: JudgedRun) {
        this.#update = createLogUpdate(stream);
        this.#columns = () => stream.columns ?? 80;
        this.#run = run;
        this.#timer = setInterval(() => this.#draw(), REDRAW_MS);
    }

    /** Takes note of how to learn what a vantage point has found by now. */
    heard(vantagePoint: string, soFar: ReportSoFar): void {
        this.#soFar.set(vantagePoint, soFar);
    }

    /** How a vantage point's run ended, in a sentence. */
    ended(vantagePoint: string, sentence: string): void {
        this.#ended.set(vantagePoint, sentence);
    }

    footer(sentence: string): void {
        this.#footer = sentence;
    }

    /** Leaves the table as it stands, and the terminal to others. */
    end(): void {
        clearInterval(this.#timer);
        this.#draw();
        this.#update.done();
    }

    #draw(): void {
        const reports = this.#run.vantagePoints.flatMap(name => this.#soFar.get(name)?.() ?? []);
        this.#update(liveText({ run: this.#run, ended: this.#ended, reports }, this.#columns(), this.#footer));
    }
}

interface Live {
    run: JudgedRun;
    /** How runs ended, by vantage point. */
    ended: ReadonlyMap<string, string>;
    reports: readonly VantageReport[];
}

/** The table as text: with a column for each vantage point where they fit, otherwise with a line for each. */
export function liveText({ run, ended, reports }: Live, columns: number, footer: string): string {
    const names = run.vantagePoints;
    const wide = columnsFor(reports, names);
    const fits = wide.split("\n").every(line => stripVTControlCharacters(line).length <= columns);
    const table = fits ? wide : linesFor(reports, names);
    const ends = names.flatMap(name => ended.get(name) ?? []);
    return [table, ...ends, verdictSoFar(reports, run), footer].join("\n");
}

function columnsFor(reports: readonly VantageReport[], names: readonly string[]): string {
    const table = new Table({ head: ["", ...names], style: PLAIN });
    const endpoints = [...new Set(reports.flatMap(report => report.endpoints.map(({ endpoint }) => endpoint)))];
    const of = (name: string) => reports.find(({ vantagePoint }) => vantagePoint === name);
    for (const endpoint of endpoints) table.push([endpoint, ...names.map(name => endpointCell(of(name), endpoint))]);
    table.push(["pulls", ...names.map(name => pullsCell(of(name)))]);
    return table.toString();
}

function endpointCell(report: VantageReport | undefined, endpoint: string): string {
    const found = report?.endpoints.find(one => one.endpoint === endpoint);
    if (!found || found.attempts === 0) return "·";
    const kinds = Object.entries(found.failures).map(([kind, count]) => `${count} ${kind}`);
    if (found.slow > 0) kinds.push(`${found.slow} slow`);
    return [`${found.succeeded} of ${found.attempts}`, ...kinds].join("\n");
}

function pullsCell(report: VantageReport | undefined): string {
    if (!report || report.pulls.length === 0) return "·";
    const sum = (key: "attempts" | "succeeded") => report.pulls.reduce((all, pull) => all + pull[key], 0);
    return `${sum("succeeded")} of ${sum("attempts")}`;
}

function linesFor(reports: readonly VantageReport[], names: readonly string[]): string {
    return names
        .map(name => {
            const samples = reports.find(({ vantagePoint }) => vantagePoint === name)?.samples ?? [];
            const good = samples.filter(sample => sample.failure === undefined).length;
            return `${name}: ${good} of ${samples.length} connections`;
        })
        .join("\n");
}

/** The verdict on what was found until now. That nothing failed yet proves nothing yet. */
function verdictSoFar(reports: readonly VantageReport[], run: JudgedRun): string {
    const tried = reports.flatMap(({ samples }) => samples);
    if (tried.length === 0) return "So far: nothing was tried yet.";
    const verdict = verdictOf([...reports], run);
    if (verdict.cause === "none" || verdict.cause === "unknown") {
        const bad = tried.filter(({ failure }) => failure !== undefined).length;
        return `So far: ${bad} of ${tried.length} connections failed${bad > 0 ? ", and nothing explains it yet" : ""}.`;
    }
    return `So far: ${verdict.cause}. ${verdict.summary}`;
}
