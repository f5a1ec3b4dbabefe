import type { AnyResourceKind } from "./resource.ts";
import { egress } from "./resources/egress.ts";
import { file } from "./resources/file.ts";
import { linkMtu } from "./resources/linkMtu.ts";
import { nftTable } from "./resources/nftTable.ts";
import { pathMtu } from "./resources/pathMtu.ts";
import { registries } from "./resources/registries.ts";
import { systemdUnit } from "./resources/systemdUnit.ts";

/** Every resource type that the plugin serves. */
export const kinds: readonly AnyResourceKind[] = [file, systemdUnit, nftTable, linkMtu, registries, egress, pathMtu];
