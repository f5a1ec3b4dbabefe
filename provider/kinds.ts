import type { AnyResourceKind } from "./resource.ts";
import { egress } from "./resources/egress.ts";
import { file } from "./resources/file.ts";
import { linkMtu } from "./resources/linkMtu.ts";
import { nftTable } from "./resources/nftTable.ts";
import { packages } from "./resources/packages.ts";
import { pathMtu } from "./resources/pathMtu.ts";
import { registries } from "./resources/registries.ts";
import { secretGate } from "./resources/secretGate.ts";
import { serverCertificate } from "./resources/serverCertificate.ts";
import { systemdUnit } from "./resources/systemdUnit.ts";
import { warmImages } from "./resources/warmImages.ts";

/** Every resource type that the plugin serves. */
export const kinds: readonly AnyResourceKind[] = [
    file,
    systemdUnit,
    packages,
    nftTable,
    linkMtu,
    registries,
    serverCertificate,
    warmImages,
    egress,
    pathMtu,
    secretGate,
];
