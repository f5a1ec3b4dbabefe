import { dirname } from "node:path";

/** Directory of the package: where `Pulumi.yaml`, the plugin and the policy pack are. */
export const repositoryRoot = dirname(import.meta.dirname);
