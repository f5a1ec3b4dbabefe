import type { AnyResourceKind } from "./resource.ts";
import { nftTable } from "./resources/nftTable.ts";

/** Every resource type that the plugin serves. */
export const kinds: readonly AnyResourceKind[] = [nftTable];
