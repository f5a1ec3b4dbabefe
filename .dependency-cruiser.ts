import type { IConfiguration, IForbiddenRuleType } from "dependency-cruiser";

/** A room at the top level: what it is for, and the rooms, or parts of rooms, that its files may import. */
interface Room {
    purpose: string;
    imports: readonly string[];
}

/**
 * Every room and its arrows. `npm run check` refuses an import that is not listed here, and docs/contributing/rooms.md
 * draws its picture from this list. A room may always import itself.
 */
export const ROOMS: Readonly<Record<string, Room>> = {
    "index.ts": { purpose: "the Pulumi program", imports: ["components"] },
    components: {
        purpose: "what a user composes",
        imports: ["provider", "network", "cluster/secrets"],
    },
    policy: { purpose: "the policy pack", imports: ["network", "cluster/lint"] },
    provider: {
        purpose: "resources: what is done to one host, and undone",
        imports: ["network", "cluster/api", "cluster/secrets", "package.json"],
    },
    cluster: { purpose: "Flux, secrets and pods, through the Kubernetes API", imports: ["network"] },
    network: { purpose: "network knowledge, without I/O", imports: [] },
    engine: { purpose: "the embedded Pulumi engine", imports: [] },
    cli: {
        purpose: "the clearpath command",
        imports: ["components", "provider", "cluster", "network", "engine"],
    },
    lab: {
        purpose: "rehearsal and measurement on real Debian hosts",
        imports: ["cli", "components", "provider", "cluster", "network", "engine"],
    },
    release: { purpose: "the npm package that is published", imports: ["cli"] },
    docs: {
        purpose: "pages, and what generates their tables",
        imports: ["components", "policy", "provider", "cluster", "network", "cli", ".dependency-cruiser.ts"],
    },
    test: {
        purpose: "the tests of every room",
        imports: [
            "components",
            "policy",
            "provider",
            "cluster",
            "network",
            "engine",
            "cli",
            "lab",
            "release",
            "docs",
            ".dependency-cruiser.ts",
        ],
    },
};

/** Rooms of the published package. */
export const PRODUCT: readonly string[] = ["components", "policy", "provider", "cluster", "network", "engine", "cli"];

/** A regular expression for the files of these rooms, parts of rooms and single files. */
function filesOf(names: readonly string[]): string {
    return `^(${names.map(name => (/\.\w+$/.test(name) ? `${name.replaceAll(".", "\\.")}$` : `${name}/`)).join("|")})`;
}

const arrows: IForbiddenRuleType[] = Object.entries(ROOMS).map(([room, { imports }]) => ({
    name: `arrows-of-${room}`,
    comment: `${room} may import only ${[room, ...imports].join(", ")}. Move what both files need into a room below them.`,
    severity: "error",
    from: { path: filesOf([room]) },
    to: { dependencyTypes: ["local"], pathNot: filesOf([room, ...imports]) },
}));

const fromProduct = { path: filesOf(["index.ts", ...PRODUCT]) };

/** The rules of dependency-cruiser. Type-only imports count as imports. */
export default {
    forbidden: [
        {
            name: "no-cycle",
            comment: "Each of these files needs the other. Move what both need into a file of its own.",
            severity: "error",
            from: {},
            to: { circular: true },
        },
        ...arrows,
        {
            name: "no-unlisted-room",
            comment:
                "This folder has no entry in ROOMS of .dependency-cruiser.ts. Add one that says what it may import.",
            severity: "error",
            from: { path: "/", pathNot: filesOf(Object.keys(ROOMS)) },
            to: {},
        },
        {
            name: "network-without-io",
            comment: "network/ holds knowledge only: it opens no file, no socket and no process.",
            severity: "error",
            from: { path: filesOf(["network"]) },
            to: { dependencyTypes: ["core"], pathNot: "^(node:)?(crypto|net|path|util)$" },
        },
        {
            name: "no-development-dependency",
            comment: "The published package does not bring this npm package. List it under dependencies.",
            severity: "error",
            from: fromProduct,
            to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"], dependencyTypesNot: ["type-only"] },
        },
        {
            name: "no-unresolved-import",
            comment: "The file or package does not exist.",
            severity: "error",
            from: {},
            to: { couldNotResolve: true },
        },
    ],
    options: {
        tsPreCompilationDeps: true,
        doNotFollow: { path: "node_modules" },
        combinedDependencies: true,
        exclude: { path: "^(dist|\\.git)/" },
        enhancedResolveOptions: {
            exportsFields: ["exports"],
            conditionNames: ["import", "node", "default", "types"],
            extensions: [".ts", ".js", ".mjs", ".json"],
        },
    },
} satisfies IConfiguration;
