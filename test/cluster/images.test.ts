import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ungroupedImages } from "../../cluster/images/usedImages.ts";
import { parseMirrorGroups, plannedGroups } from "../../cluster/lint/images/mirrorGroups.ts";
import { type ControlPlane, startControlPlane } from "../../lab/controlPlane/controlPlane.ts";
import { namespaces, write } from "./objects.ts";

let cluster: ControlPlane;

beforeAll(async () => {
    cluster = await startControlPlane();
    await namespaces(cluster, "apps");
    await pod("known", "ghcr.io/fluxcd/source-controller:v1.6.2");
    await pod("newer", "ghcr.io/fluxcd/source-controller:v9.9.9");
    await pod("own-1", "registry.example.com/team/app:1.0");
    await pod("own-2", "registry.example.com/team/app:1.0");
    await pod("short", "nginx:1.29");
    await write(cluster, {
        apiVersion: "batch/v1",
        kind: "CronJob",
        metadata: { namespace: "apps", name: "nightly" },
        spec: {
            schedule: "0 3 * * *",
            jobTemplate: {
                spec: {
                    template: { spec: { restartPolicy: "Never", containers: [container("quay.io/backup/tool:2")] } },
                },
            },
        },
    });
});

afterAll(() => cluster?.stop());

function container(image: string): object {
    return { name: "main", image };
}

async function pod(name: string, image: string): Promise<void> {
    const metadata = { namespace: "apps", name };
    await write(cluster, { apiVersion: "v1", kind: "Pod", metadata, spec: { containers: [container(image)] } });
}

describe("images that a cluster uses", () => {
    it("are listed where no group names them, with who uses them and which versions groups have", async () => {
        const images = await ungroupedImages(cluster.api, plannedGroups());
        expect(images).toEqual([
            { image: "docker.io/library/nginx:1.29", usedBy: ["apps/short"], otherVersions: [] },
            {
                image: "ghcr.io/fluxcd/source-controller:v9.9.9",
                usedBy: ["apps/newer"],
                otherVersions: ["ghcr.io/fluxcd/source-controller:v1.6.2"],
            },
            { image: "quay.io/backup/tool:2", usedBy: ["apps/nightly"], otherVersions: [] },
            { image: "registry.example.com/team/app:1.0", usedBy: ["apps/own-1", "apps/own-2"], otherVersions: [] },
        ]);
    });

    it("are covered by a registries.yaml that mirrors their registries whole", async () => {
        const groups = parseMirrorGroups(
            "registries.yaml",
            'mirrors: { "registry.example.com": {}, docker.io: {}, ghcr.io: {} }',
        );
        expect((await ungroupedImages(cluster.api, groups)).map(({ image }) => image)).toEqual([
            "quay.io/backup/tool:2",
        ]);
    });
});
