import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { COMMIT_CONFIRM } from "../../provider/host/commitConfirm.ts";
import { type StepValues, stepScript } from "../../provider/host/step.ts";

const HOST = fileURLToPath(new URL("./powerCut/host.sh", import.meta.url));
const program = (name: string) => new URL(`../../provider/resources/${name}.sh`, import.meta.url);

/** The programs of one thing's life, by name: `create.1` is the first half of its creation. */
type Steps = Record<string, string>;
type Work = "create" | "update" | "remove";
const LIFE: [string, Work, string][] = [
    ["create", "create", "one"],
    ["update", "update", "one"],
    ["remove", "remove", "one"],
    // The state knows nothing of a creation that was cut off: the next run makes the thing as another resource.
    ["again.create", "create", "another"],
    ["again.remove", "remove", "another"],
];

function plainSteps(name: string, calls: Record<Work, string>, values: (generation: number) => StepValues): Steps {
    return Object.fromEntries(
        LIFE.map(([step, work, owner_id]) => {
            const generation = work === "create" ? 1 : 2;
            const all = { ...values(generation), owner_id, expected_machine_id: "" };
            return [`${step}.1`, stepScript({ programs: [program(name)], values: all, call: calls[work] })];
        }),
    );
}

function tableSteps(): Steps {
    const programs = [COMMIT_CONFIRM, program("nftTable")];
    return Object.fromEntries(
        LIFE.flatMap(([step, work, owner_id]) => {
            const action = work === "remove" ? "remove" : "set";
            const values = {
                record: "/var/lib/clearpath/nft/inet-t",
                owner_id,
                expected_machine_id: "",
                family: "inet",
                table: "t",
                content: `chain generation_${work === "create" ? 1 : 2} { }`,
                adopt: false,
                change_id: step,
                confirm_seconds: 10,
            };
            const revert_program = stepScript({ programs, values, call: `revert_change ${action}` });
            const first = stepScript({ programs, values: { ...values, revert_program }, call: `change ${action}` });
            return [
                [`${step}.1`, first],
                [`${step}.2`, stepScript({ programs, values, call: `confirm_change ${action}` })],
            ];
        }),
    );
}

const file = (path: string, adopt: boolean) =>
    plainSteps("file", { create: "write_file", update: "write_file", remove: "remove_file" }, generation => ({
        record: "/var/lib/clearpath/file/it",
        our_sha256: "",
        path,
        content: `generation ${generation}\n`,
        mode: "0600",
        owner: "root",
        group: "root",
        adopt,
    }));
const unit = plainSteps(
    "systemdUnit",
    { create: "set_unit", update: "set_unit", remove: "remove_unit" },
    generation => ({
        record: "/var/lib/clearpath/unit/it.service",
        unit: "it.service",
        content: `[Service]\nExecStart=/bin/sleep ${generation}\n[Install]\nWantedBy=multi-user.target\n`,
        enabled: true,
        running: true,
        remove_directories: false,
    }),
);

const inNamespaces = (...command: string[]) => spawnSync("unshare", ["-rmn", ...command], { encoding: "utf8" });
const canBe = inNamespaces("sh", "-c", "mount -t tmpfs none /run && nft list ruleset").status === 0;

describe.runIf(canBe)("when the power fails before a command, the next run puts everything right", () => {
    let directory: string;
    beforeAll(() => {
        directory = mkdtempSync(join(tmpdir(), "clearpath-power-"));
    });
    afterAll(() => rmSync(directory, { recursive: true }));

    // Where a step has many commands, every few of them are cut at; the campaign of `clearpath lab faults` has the rest.
    test.each<[string, Steps, number]>([
        ["a file that was not there", file("/etc/deep/er/note", false), 3],
        ["a file that was", file("/etc/motd", true), 3],
        ["a unit", unit, 7],
        ["a table", tableSteps(), 15],
    ])(
        "of %s",
        (what, steps, every) => {
            const place = join(directory, what.replaceAll(" ", "-"));
            spawnSync("mkdir", [place]);
            for (const [name, text] of Object.entries(steps)) writeFileSync(join(place, name), text);

            const { stdout } = inNamespaces("setsid", "-w", "sh", HOST, place, String(every), "0");

            expect(stdout).toMatch(/^([5-9]|\d\d) power cuts\n$/);
        },
        120_000,
    );
});
