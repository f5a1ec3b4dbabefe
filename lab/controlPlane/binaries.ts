import { existsSync, readFileSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { withLock } from "../../engine/state/fileLock.ts";
import { digest } from "../network/base.ts";
import { command, must } from "../network/command.ts";
import { cacheDirectory } from "../network/topology.ts";

/** The Go module that names what is built, and in which versions. */
export const MODULE = join(import.meta.dirname, "apiserver");

const TOOLS = ["k8s.io/kubernetes/cmd/kube-apiserver", "sigs.k8s.io/controller-tools/cmd/controller-gen"] as const;

/** Programs of the cluster tests that no package of Debian brings. */
export interface ClusterBinaries {
    apiServer: string;
    controllerGen: string;
}

/** Directory of everything the cluster tests build or download once. */
export function clusterCache(): string {
    return join(dirname(cacheDirectory()), "cluster");
}

/**
 * An API server of Kubernetes and a generator of CRDs, built from their released modules on first use: some nine minutes
 * on two cores. Kept by what they are made of, complete or absent. Throws one sentence where Go is missing.
 */
export async function clusterBinaries(onProgress: (sentence: string) => void): Promise<ClusterBinaries> {
    const sources = ["go.mod", "go.sum"].map(name => readFileSync(join(MODULE, name), "utf8"));
    const directory = join(clusterCache(), `bin-${digest(sources)}`);
    await builtOnce(directory, "the build of the API server", staging => {
        onProgress("building a Kubernetes API server from its Go module, once; some nine minutes on two cores");
        const build = ["go", "build", "-trimpath", "-ldflags=-s -w", "-o", `${staging}/`, ...TOOLS];
        return must("build the API server", build, { cwd: MODULE });
    });
    return { apiServer: join(directory, "kube-apiserver"), controllerGen: join(directory, "controller-gen") };
}

/** The version of distribution that a cache in the cluster runs by default. */
const REGISTRY = "github.com/distribution/distribution/v3/cmd/registry@v3.0.0";

/** Path of a registry of distribution 3, built on first use: a minute or two. Throws one sentence where Go is missing. */
export async function registryBinary(onProgress: (sentence: string) => void): Promise<string> {
    const directory = join(clusterCache(), `registry-${digest([REGISTRY])}`);
    await builtOnce(directory, "the build of the registry", staging => {
        onProgress("building a registry of distribution 3 from its Go module, once");
        const env = { ...process.env, GOBIN: staging };
        return must("build the registry", ["go", "install", "-trimpath", "-ldflags=-s -w", REGISTRY], { env });
    });
    return join(directory, "registry");
}

/** The Go program that builds directories with Flux's own modules. */
const FLUX_BUILDER = join(import.meta.dirname, "fluxBuilder");

/** Path of that program, built on first use: some minutes. Throws one sentence where Go is missing. */
export async function fluxBuilder(onProgress: (sentence: string) => void): Promise<string> {
    const sources = ["go.mod", "go.sum", "main.go"].map(name => readFileSync(join(FLUX_BUILDER, name), "utf8"));
    const directory = join(clusterCache(), `flux-builder-${digest(sources)}`);
    await builtOnce(directory, "the build of Flux's builder", staging => {
        onProgress("building a program on Flux's Go modules, once; some minutes on two cores");
        const build = ["go", "build", "-trimpath", "-ldflags=-s -w", "-o", join(staging, "flux-builder"), "."];
        return must("build Flux's builder", build, { cwd: FLUX_BUILDER });
    });
    return join(directory, "flux-builder");
}

/** Has a directory built by Go unless it is there: complete or absent, and by one process at a time. */
async function builtOnce(directory: string, what: string, build: (staging: string) => Promise<unknown>): Promise<void> {
    if (existsSync(directory)) return;
    await requireGo();
    await mkdir(clusterCache(), { recursive: true });
    await withLock(`${directory}.lock`, what, async () => {
        if (existsSync(directory)) return;
        const staging = `${directory}.part`;
        await rm(staging, { recursive: true, force: true });
        await mkdir(staging, { recursive: true });
        await build(staging);
        await rename(staging, directory);
    });
}

/** Older ones cannot bring the Go that the module asks for by themselves (https://go.dev/doc/toolchain). */
const OLDEST_MINOR = 21;

/** Throws one sentence that says how to get Go, where there is none or only an old one. */
export async function requireGo(): Promise<void> {
    const found = await command(["go", "version"]).catch(() => undefined);
    const version = /\bgo1\.(\d+)\S*/.exec(found?.stdout ?? "");
    if (Number(version?.[1]) >= OLDEST_MINOR) return;
    throw new Error(
        `The cluster tests build a Kubernetes API server and a registry, which needs Go 1.${OLDEST_MINOR} or later on PATH, and there is ${version?.[0] ?? "none"}. Install it from https://go.dev/dl, or on Debian 12 by apt-get install -t bookworm-backports golang-go.`,
    );
}
