import type { AnyResourceKind } from "./resource.ts";
import { egress } from "./resources/egress.ts";
import { linkMtu } from "./resources/linkMtu.ts";
import { nftTable } from "./resources/nftTable.ts";
import { pathMtu } from "./resources/pathMtu.ts";

/** Every resource type that the plugin serves. */
export const kinds: readonly AnyResourceKind[] = [egress, linkMtu, nftTable, pathMtu];
