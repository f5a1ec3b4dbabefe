import { existsSync, readdirSync, readFileSync } from "node:fs";
import { cp, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { withLock } from "../../engine/state/fileLock.ts";
import { digest } from "../network/base.ts";
import { must } from "../network/command.ts";
import { type ClusterBinaries, clusterCache, MODULE, requireGo } from "./binaries.ts";

/** Modules whose archives carry their CRDs, and where in them. */
const CARRIERS = [
    { module: "github.com/fluxcd/source-controller@v1.8.5", directory: "config/crd/bases" },
    { module: "github.com/fluxcd/kustomize-controller@v1.7.3", directory: "config/crd/bases" },
    { module: "github.com/external-secrets/external-secrets@v1.3.2", directory: "config/crds/bases" },
];

/** Where the archive of the controller is not to be had, its CRD is generated from its types, as its project does. */
const GENERATED = "github.com/fluxcd/helm-controller/api/v2";

/** The kinds the tests use: External Secrets brings many more, and each takes the API server a while. */
const GROUPS =
    /^(source|kustomize|helm)\.toolkit\.fluxcd\.io_|^external-secrets\.io_(cluster)?(externalsecrets|secretstores)\.yaml$/;

/** The real CRDs of Flux and External Secrets, as objects to send to an API server. */
export async function customResourceDefinitions({ controllerGen }: ClusterBinaries): Promise<unknown[]> {
    const generatedFrom = [GENERATED, readFileSync(join(MODULE, "go.mod"), "utf8")];
    const directory = join(clusterCache(), `crds-${digest([CARRIERS, generatedFrom])}`);
    if (!existsSync(directory))
        await withLock(join(clusterCache(), "lock"), "the download of the CRDs", () =>
            gather(directory, controllerGen),
        );
    return readdirSync(directory)
        .filter(name => GROUPS.test(name))
        .flatMap(name => parseAllDocuments(readFileSync(join(directory, name), "utf8")))
        .map(document => document.toJS() as unknown)
        .filter(object => object !== null);
}

async function gather(directory: string, controllerGen: string): Promise<void> {
    if (existsSync(directory)) return;
    await requireGo();
    const staging = `${directory}.part`;
    await rm(staging, { recursive: true, force: true });
    await mkdir(staging, { recursive: true });
    for (const { module, directory: inModule } of CARRIERS) {
        const answer = await must(`download ${module}`, ["go", "mod", "download", "-json", module], { cwd: staging });
        await cp(join((JSON.parse(answer) as { Dir: string }).Dir, inModule), staging, { recursive: true });
    }
    const generate = [controllerGen, "crd", `paths=${GENERATED}`, `output:crd:dir=${staging}`];
    await must("generate the CRD of HelmReleases", generate, { cwd: MODULE });
    await rename(staging, directory);
}
