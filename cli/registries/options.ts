import type { NamedRelease } from "../../network/registries/releases.ts";

/** A release, and what is to be said of it. */
export type GivenRelease = Extract<NamedRelease, { note: string | null }>;

/** Options that both commands have. */
export interface NodeOptions {
    k3sVersion?: GivenRelease;
    embeddedRegistry?: true;
    disableDefaultRegistryEndpoint?: true;
    json?: true;
}

/** Options of `render`. */
export interface RenderOptions extends NodeOptions {
    out?: string;
    dataDir: string;
}
