import type { AnyResourceKind } from "./resource.ts";
import { linkMtu } from "./resources/linkMtu.ts";
import { nftTable } from "./resources/nftTable.ts";

/** Every resource type that the plugin serves. */
export const kinds: readonly AnyResourceKind[] = [linkMtu, nftTable];
