import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const PROGRAM = fileURLToPath(new URL("../../../provider/resources/registries.sh", import.meta.url));

let settings: string;
beforeEach(() => {
    settings = mkdtempSync(join(tmpdir(), "clearpath-k3s-"));
    mkdirSync(join(settings, "config.yaml.d"));
});
afterEach(() => rmSync(settings, { recursive: true }));

/** What the step takes an option of K3s to be, `default` where nobody sets it. */
function optionOf(name: string, commandLine: string, files: Record<string, string>): string {
    for (const [file, text] of Object.entries(files)) writeFileSync(join(settings, file), text);
    const script = `set -eu; . "$1"; k3s_settings=$2; arguments=$3; k3s_option "$4" default`;
    return execFileSync("sh", ["-c", script, "sh", PROGRAM, settings, commandLine, name], { encoding: "utf8" });
}

describe("an option of K3s", () => {
    it.each<[string, string, string, Record<string, string>, string]>([
        ["its default where nobody sets it", "data-dir", "/usr/local/bin/k3s server", {}, "default"],
        ["what the command line says after it", "data-dir", "k3s server --data-dir /srv/k3s --debug", {}, "/srv/k3s"],
        ["what the command line says with an equals sign", "data-dir", "k3s agent --data-dir=/srv/k3s", {}, "/srv/k3s"],
        ["true for a flag without a value", "embedded-registry", "k3s server --embedded-registry --debug", {}, "true"],
        ["true for such a flag at the end", "embedded-registry", "k3s server --embedded-registry", {}, "true"],
        [
            "what the file says",
            "data-dir",
            "k3s server",
            { "config.yaml": "debug: true\ndata-dir: /srv/k3s\n" },
            "/srv/k3s",
        ],
        [
            "what the file says in quotes and with a remark",
            "private-registry",
            "k3s server",
            { "config.yaml": `"private-registry" :  '/etc/my registries.yaml'  # ours\n` },
            "/etc/my registries.yaml",
        ],
        [
            "what the last of the files says",
            "data-dir",
            "k3s server",
            {
                "config.yaml": "data-dir: /a\n",
                "config.yaml.d/10.yaml": "data-dir: /b\n",
                "config.yaml.d/20.yaml": "data-dir: /c\n",
            },
            "/c",
        ],
        [
            "what the command line says before any file",
            "data-dir",
            "k3s agent --data-dir /a",
            { "config.yaml": "data-dir: /b\n" },
            "/a",
        ],
        [
            "not another's value whose name ends alike",
            "dir",
            "k3s agent --data-dir /a",
            { "config.yaml": "data-dir: /b\n" },
            "default",
        ],
        ["not one of a nested map", "data-dir", "k3s agent", { "config.yaml": "other:\n  data-dir: /b\n" }, "default"],
    ])("is %s", (_, name, commandLine, files, value) => {
        expect(optionOf(name, commandLine, files)).toBe(value);
    });
});
