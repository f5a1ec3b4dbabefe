import { COMMIT_CONFIRM, PENDING } from "../../../provider/host/commitConfirm.ts";
import { type StepValues, stepScript } from "../../../provider/host/step.ts";

const program = (name: string) => new URL(`../../../provider/resources/${name}.sh`, import.meta.url);

/** The programs of one thing's life, by name: `create.1` is the first half of its creation. */
export type Steps = Record<string, string>;
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

export function tableSteps(): Steps {
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
            };
            return halves(step, programs, action, values);
        }),
    );
}

/** Registries whose change takes a restart of K3s. */
export function registriesSteps(): Steps {
    const programs = [COMMIT_CONFIRM, program("registries"), program("registriesRestart")];
    return Object.fromEntries(
        LIFE.flatMap(([step, work, owner_id]) => {
            const values = {
                record: "/var/lib/clearpath/k3s/registries",
                before: `${PENDING}/before`,
                ca_directory: "/etc/rancher/k3s/registries-ca",
                owner_id,
                expected_machine_id: "",
                content: `configs: {} # ${work}\n`,
                authorities: work === "create" ? "Y2VydGlmaWNhdGU= lab" : "",
                hosts_tomls: "",
                removed_hosts_tomls: "",
                rendered_with: "",
                restart: true,
                is_ours: work === "update",
                ready_seconds: 5,
                window_seconds: 20,
            };
            return halves(step, programs, work === "remove" ? "remove" : "write", values, FOUND);
        }),
    );
}

/** What a run has looked at before it changes the registries. */
const FOUND = 'find_places; found_sha256=$(digest_of "$path"); ';

/** Both halves of a change that has to be confirmed. */
function halves(step: string, programs: URL[], action: string, values: StepValues, first = ""): [string, string][] {
    const all = { window_seconds: 10, ...values, change_id: step, confirm_seconds: 10, revert_seconds: 120 };
    const revert_program = stepScript({ programs, values: all, call: `revert_change ${action}` });
    return [
        [`${step}.1`, stepScript({ programs, values: { ...all, revert_program }, call: `${first}change ${action}` })],
        [`${step}.2`, stepScript({ programs, values: all, call: `confirm_change ${action}` })],
    ];
}

export const file = (path: string, adopt: boolean) =>
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
export const unit = plainSteps(
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
