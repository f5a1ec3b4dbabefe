import manifest from "../package.json" with { type: "json" };

/** Version of the plugin and of the classes that ask for it. */
export const version: string = manifest.version;
