import { Document, isScalar, type Scalar, visit } from "yaml";
import { compareBytes } from "./goText.ts";
import type { Registries } from "./schema.ts";

/** Keys of K3s's own. All others are names, and stand in quotes: `*`, `y` and `1e3` mean something else without. */
const OWN_KEYS = new Set([
    ...["mirrors", "endpoint", "rewrite"],
    ...["configs", "auth", "username", "password", "identity_token"],
    ...["tls", "ca_file", "cert_file", "key_file", "insecure_skip_verify"],
]);

const HEADER = "# Written by Clearpath. Change it there: what is changed here is taken back.\n";

/** Text of a registries.yaml that readers of YAML 1.1 and 1.2 understand alike. The order of keys does not change it. */
export function registriesYaml(registries: Registries): string {
    const document = new Document(sorted(registries));
    visit(document, {
        Pair(_, { key, value }) {
            if (isScalar(key) && !OWN_KEYS.has(String(key.value))) inQuotes(key);
            if (isScalar(value) && typeof value.value === "string") inQuotes(value);
        },
        Scalar(key, item) {
            if (typeof key === "number") inQuotes(item);
        },
    });
    return HEADER + document.toString({ lineWidth: 0, doubleQuotedAsJSON: true });
}

function inQuotes(scalar: Scalar): void {
    scalar.type = "QUOTE_DOUBLE";
}

/** Pulumi keeps maps without an order; lists have one that matters. */
function sorted(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(sorted);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
        Object.entries(value)
            .filter(([, inner]) => inner !== undefined)
            .toSorted(([a], [b]) => compareBytes(a, b))
            .map(([key, inner]) => [key, sorted(inner)]),
    );
}
