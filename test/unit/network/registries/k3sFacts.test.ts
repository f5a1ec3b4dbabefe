import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { decodeRegistries } from "../../../../network/registries/decode.ts";
import { parseRegistries } from "../../../../network/registries/parse.ts";
import { DEFAULT_DATA_DIR, EMBEDDED_REGISTRY, renderCertsD } from "../../../../network/registries/rendering/certsD.ts";
import type { Registries } from "../../../../network/registries/schema.ts";
import { parseK3sVersion } from "../../../../network/registries/version.ts";
import { YamlFault } from "../../../../network/registries/yaml/fault.ts";
import { parseYaml } from "../../../../network/registries/yaml/parser.ts";

const OPTIONS = {
    none: { embeddedRegistry: null, disableDefaultRegistryEndpoint: false },
    embedded: { embeddedRegistry: EMBEDDED_REGISTRY, disableDefaultRegistryEndpoint: false },
    "no-default": { embeddedRegistry: null, disableDefaultRegistryEndpoint: true },
    both: { embeddedRegistry: EMBEDDED_REGISTRY, disableDefaultRegistryEndpoint: true },
};

interface RenderingCase {
    name: string;
    registries: Registries;
    files: Record<keyof typeof OPTIONS, { releases: string[]; certsD: Record<string, number> }[]>;
}

/**
 * What K3s's own code answered: its reader (gopkg.in/yaml.v2 v2.4.0 into rancher/wharfie's structures), and its functions
 * getHostConfigs, InjectMirror and ParseHostsTemplateFromConfig at five releases, run beside this repository.
 */
const READING =
    json<{ name: string; text?: string; base64?: string; error?: string; registries?: Registries }[]>(
        "k3sReading.json",
    );
const RENDERING = json<{ texts: string[]; cases: RenderingCase[] }>("k3sRendering.json");

function json<T>(name: string): T {
    return JSON.parse(readFileSync(new URL(name, import.meta.url), "utf8")) as T;
}

/** Registries without what K3s keeps as "" or false, which is what it has for a setting that is not given. */
function withoutEmpty({ mirrors, configs }: Registries): Registries {
    const given = (settings: object | undefined) =>
        settings && Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== "" && value !== false));
    const hosts = Object.entries(configs ?? {}).map(([host, { auth, tls }]) => [
        host,
        { ...(auth && { auth: given(auth) }), ...(tls && { tls: given(tls) }) },
    ]);
    return { ...(mirrors && { mirrors }), ...(configs && { configs: Object.fromEntries(hosts) }) };
}

/** K3s's message, without the values that it shows and Clearpath does not. */
function withoutValues(message: string): string {
    return message.replace(/(cannot unmarshal \S+) `[^`]*`/g, "$1");
}

/** The message that K3s ends with for this file, as Clearpath tells it; undefined where K3s starts. */
function messageFor(bytes: Uint8Array): string | undefined {
    try {
        const { faults } = decodeRegistries(parseYaml(bytes).root);
        if (faults.length === 0) return undefined;
        return ["yaml: unmarshal errors:", ...faults.map(({ k3sWords }) => `  ${k3sWords}`)].join("\n");
    } catch (error) {
        if (error instanceof YamlFault) return error.k3sMessage;
        throw error;
    }
}

describe("a file is read, or refused with the same words, as K3s does it:", () => {
    test.each(READING.map(one => [one.name, one] as const))("%s", (_, { text, base64, error, registries }) => {
        const bytes = base64 === undefined ? Buffer.from(text!) : Buffer.from(base64, "base64");

        expect(messageFor(bytes)).toBe(error === undefined ? undefined : withoutValues(error));
        const { file, problems } = parseRegistries(bytes);
        expect(file && withoutEmpty(file.registries)).toEqual(registries ?? null);
        expect(problems.length > 0).toBe(error !== undefined);
    });
});

describe("certs.d is rendered as K3s does it at five releases and with four sets of options:", () => {
    test.each(RENDERING.cases.map(one => [one.name, one] as const))("%s", (_, { registries, files }) => {
        for (const [option, results] of Object.entries(files)) {
            for (const { releases, certsD } of results) {
                const expected = Object.fromEntries(
                    Object.entries(certsD).map(([path, index]) => [path, RENDERING.texts[index]]),
                );
                for (const release of releases) {
                    const rendered = renderCertsD(registries, {
                        version: parseK3sVersion(release)!,
                        dataDir: DEFAULT_DATA_DIR,
                        ...OPTIONS[option as keyof typeof OPTIONS],
                    });
                    expect(Object.fromEntries(rendered), `${release}, ${option}`).toEqual(expected);
                }
            }
        }
    });

    test("the table has every combination", () => {
        const releases = RENDERING.cases.flatMap(({ files }) =>
            Object.values(files).map(results => results.flatMap(result => result.releases).length),
        );

        expect(RENDERING.cases.length).toBeGreaterThanOrEqual(60);
        expect(releases).toEqual(Array(RENDERING.cases.length * 4).fill(5));
    });
});
