import { join } from "node:path";
import messages from "@pulumi/pulumi/proto/analyzer_pb.js";
import structProto from "google-protobuf/google/protobuf/struct_pb.js";
import { afterEach, describe, expect, it } from "vitest";
import { PolicyPack } from "../../engine/policy/policyPack.ts";
import { clampTable } from "../../network/clampTable.ts";
import { egress, gatewayPath, linkMtu, nftTable, pathMtu, type ResourceSpec } from "../unit/policy/stackOf.ts";

const directory = join(import.meta.dirname, "../../policy");
let pack: PolicyPack | undefined;

afterEach(() => pack?.stop());

async function start(preview: boolean): Promise<PolicyPack> {
    pack = await PolicyPack.start({
        directory,
        configFile: undefined,
        engineAddress: "127.0.0.1:1",
        project: "clearpath",
        stack: "test",
        preview,
        env: process.env,
        config: new Map(),
    });
    return pack;
}

const urnOf = ({ type, name }: { type: string; name: string }) => `urn:pulumi:test::clearpath::${type}::${name}`;

function stackOf(specs: ResourceSpec[]) {
    const request = new messages.AnalyzeStackRequest();
    request.setResourcesList(
        specs.map(spec => {
            const resource = new messages.AnalyzerResource();
            resource.setType(spec.type);
            resource.setName(spec.name);
            resource.setUrn(urnOf(spec));
            const parent = specs.find(({ name }) => name === spec.parent);
            if (parent) resource.setParent(urnOf(parent));
            resource.setProperties(structProto.Struct.fromJavaScript(spec.props as Record<string, never>));
            resource.setOptions(new messages.AnalyzerResourceOptions());
            return resource;
        }),
    );
    return request;
}

const mandatory = (findings: { policy: string; level: string }[]) =>
    findings.filter(({ level }) => level === "mandatory").map(({ policy }) => policy);

describe("the policy pack, as engines start it", () => {
    const clamp = clampTable({ mode: "routed", mss: { ipv4: 1350, ipv6: null }, subnets: ["10.27.27.0/24"] });

    it("refuses at preview a clamp and an MTU that the measured path does not carry", async () => {
        const running = await start(true);
        const findings = await running.analyzeStack(
            stackOf([gatewayPath({ mss: { ipv4: 1350, ipv6: null } }), nftTable(clamp), pathMtu("pve"), linkMtu(1500)]),
        );
        expect(mandatory(findings).sort()).toEqual(["mss-fits-path", "node-mtu-safe"]);
        expect(findings.find(({ policy }) => policy === "mss-fits-path")?.message).toContain("Set mss to 1340 or less");
    });

    it("judges probes after an update, and none at preview", async () => {
        const failed = egress("cp1", "server", report => {
            report.endpoints[0]!.failures = { "tls-timeout": 3 };
        });
        const preview = await start(true);
        expect(mandatory(await preview.analyzeStack(stackOf([failed])))).toEqual([]);
        await preview.stop();
        const update = await start(false);
        expect(mandatory(await update.analyzeStack(stackOf([failed])))).toEqual(["no-tls-timeouts"]);
    });

    it("refuses a single link's MTU and an unverified host before the step that would change them", async () => {
        const running = await start(false);
        const request = new messages.AnalyzeRequest();
        request.setType("clearpath:host:LinkMtu");
        request.setName("mtu-cp1");
        request.setUrn(urnOf({ type: "clearpath:host:LinkMtu", name: "mtu-cp1" }));
        const connection = { host: "10.27.27.11", insecureIgnoreHostKey: true };
        request.setProperties(structProto.Struct.fromJavaScript({ link: "eth0", mtu: 1200, connection }));
        request.setOptions(new messages.AnalyzerResourceOptions());
        expect(mandatory(await running.analyze(request)).sort()).toEqual(["host-key-pinned", "node-mtu-safe"]);
    });
});
