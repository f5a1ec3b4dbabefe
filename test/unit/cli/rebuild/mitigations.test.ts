import { beforeAll, describe, expect, test } from "vitest";
import { MITIGATIONS } from "../../../../cli/rebuild/mitigations/catalogue.ts";
import { judgeMitigations } from "../../../../cli/rebuild/mitigations/judge.ts";
import type { Answer, Proof } from "../../../../cli/rebuild/mitigations/mitigation.ts";
import type { EvidenceFile } from "../../../../network/evidence/evidenceFile.ts";
import { recorded } from "../evidence/runs.ts";

let healthy: EvidenceFile;
let faulty: EvidenceFile;

beforeAll(async () => {
    [healthy, faulty] = await Promise.all([recorded("after"), recorded("before")]);
});

const newHost = (name: string) => ({ name, linkMtu: 1500, k3s: "stopped" as const });

/** A rebuild that shows all there is to show. */
function proof(changes: Partial<Proof> = {}): Proof {
    return {
        evidence: healthy,
        newHosts: [newHost("cp1"), newHost("worker1")],
        nodeMtu: 1400,
        mirror: "absent",
        bootstrapAttempts: 1,
        gates: { diagnose: true, secrets: true },
        ...changes,
    };
}

function answerTo(name: string, shown: Proof) {
    return MITIGATIONS.find(mitigation => mitigation.name === name)!.judge(shown);
}

/** The healthy run with something else in every report. */
function withReports(change: (report: EvidenceFile["reports"][number]) => Partial<EvidenceFile["reports"][number]>) {
    return { ...healthy, reports: healthy.reports.map(report => ({ ...report, ...change(report) })) };
}

test("a rebuild in which everything came at the first try lets every workaround go", () => {
    const judged = judgeMitigations(proof());

    expect(judged.map(({ answer }) => answer)).toEqual(MITIGATIONS.map(() => "can-go"));
    expect(judged[0]!.because).toBe(
        "240 of 240 connections and 10 of 10 pulls from 2 new nodes came at the first try.",
    );
});

test("a rebuild behind the fault keeps the workarounds that cover it up", () => {
    const answers = Object.fromEntries(
        judgeMitigations(proof({ evidence: faulty })).map(({ name, answer }) => [name, answer]),
    );

    expect(answers).toMatchObject({
        "pull-retries": "keep",
        "pre-pulls": "keep",
        "long-helm-timeouts": "keep",
        mirror: "keep",
    });
});

describe("one thing less shown changes the answer", () => {
    const facts = (change: object) => withReports(({ facts }) => ({ facts: { ...facts, ...change } }));
    const cases: [string, string, () => Partial<Proof>, Answer, RegExp][] = [
        ["pull-retries", "bootstrap had to run twice", () => ({ bootstrapAttempts: 2 }), "keep", /2 attempts/],
        [
            "pull-retries",
            "a new node was not probed",
            () => ({ newHosts: [newHost("cp1"), newHost("cp2")] }),
            "not-shown",
            /cp2/,
        ],
        ["pull-retries", "no node is new", () => ({ newHosts: [] }), "not-shown", /a new node/],
        [
            "pull-retries",
            "too few connections were made",
            () => ({ evidence: withReports(() => ({ stability: "inconclusive" })) }),
            "not-shown",
            /still allows 1\.6 % to fail/,
        ],
        [
            "pre-pulls",
            "K3s ran before the probes did",
            () => ({ newHosts: [newHost("cp1"), { ...newHost("worker1"), k3s: "running" }] }),
            "not-shown",
            /running on worker1/,
        ],
        [
            "pre-pulls",
            "no image was pulled",
            () => ({ evidence: withReports(() => ({ pulls: [] })) }),
            "not-shown",
            /No image/,
        ],
        [
            "long-helm-timeouts",
            "pulls take long",
            () => ({
                evidence: withReports(({ pulls }) => ({ pulls: pulls.map(pull => ({ ...pull, seconds: 40 })) })),
            }),
            "keep",
            /took 200\.0 s/,
        ],
        [
            "endless-remediation",
            "the cluster blocks",
            () => ({ gates: { diagnose: false, secrets: true } }),
            "keep",
            /block/,
        ],
        [
            "endless-remediation",
            "nobody looked at the cluster",
            () => ({ gates: { diagnose: null, secrets: null } }),
            "not-shown",
            /kubeconfig/,
        ],
        [
            "mtu-step",
            "the VMs come with the MTU",
            () => ({ newHosts: [newHost("cp1"), { ...newHost("worker1"), linkMtu: 1400 }] }),
            "not-shown",
            /worker1 already had an MTU of 1400/,
        ],
        ["mtu-step", "the MTU is not in force", () => ({ nodeMtu: 1380 }), "keep", /cp1 has 1400/],
        ["mtu-step", "the stack sets none", () => ({ nodeMtu: null }), "not-shown", /sets no MTU/],
        [
            "kernel-tweaks",
            "the kernel probes",
            () => ({ evidence: facts({ tcpMtuProbing: 1 }) }),
            "not-shown",
            /tcp_mtu_probing is 1 on cp1/,
        ],
        [
            "kernel-tweaks",
            "a route has an MTU",
            () => ({
                evidence: facts({
                    defaultRoute: { ipv4: { link: "eth0", gateway: null, mtu: 1380, advmss: null, gatewayMac: null } },
                }),
            }),
            "not-shown",
            /default route of cp1 has an MTU of 1380/,
        ],
        ["mirror", "it was taken", () => ({ mirror: "added" }), "keep", /unreliable without the mirror/],
        ["mirror", "it was there anyway", () => ({ mirror: "before" }), "not-shown", /went through the mirror/],
        [
            "waits-for-secrets",
            "a Secret did not come",
            () => ({ gates: { diagnose: true, secrets: false } }),
            "keep",
            /Secrets are missing/,
        ],
        [
            "waits-for-secrets",
            "none was waited for",
            () => ({ gates: { diagnose: true, secrets: null } }),
            "not-shown",
            /gates\.secrets/,
        ],
    ];

    test.each(cases)("%s when %s", (name, _, change, answer, because) => {
        const judgement = answerTo(name, proof(change()));

        expect(judgement.answer).toBe(answer);
        expect(judgement.because).toMatch(because);
    });
});
