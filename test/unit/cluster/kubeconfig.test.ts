import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { parse, stringify } from "yaml";
import { KubeconfigUnusable, kubeconfigOf } from "../../../cluster/api/kubeconfig.ts";

const text = stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "home",
    clusters: [
        { name: "home", cluster: { server: "https://10.27.27.11:6443" } },
        { name: "away", cluster: { server: "https://192.0.2.1:6443" } },
    ],
    users: [{ name: "me", user: { token: "hunter2" } }],
    contexts: [
        { name: "home", context: { cluster: "home", user: "me" } },
        { name: "away", context: { cluster: "away", user: "me" } },
        { name: "lost", context: { cluster: "nowhere", user: "me" } },
    ],
});

describe("a kubeconfig", () => {
    it("is used with its current context, or with the one that is named", () => {
        expect(kubeconfigOf({ text }).getCurrentCluster()?.server).toBe("https://10.27.27.11:6443");
        expect(kubeconfigOf({ text, context: "away" }).getCurrentCluster()?.server).toBe("https://192.0.2.1:6443");
    });

    it.each([
        ["names the contexts there are", { text, context: "nope" }, "has no context nope. It has home, away, lost."],
        ["says which cluster is missing", { text, context: "lost" }, "names a cluster that the file does not describe"],
        ["says that a file is missing", { file: "/nonexistent" }, "/nonexistent cannot be used: it does not exist"],
        ["quotes nothing of a broken text", { text: "token: hunter2: {" }, "it is not a kubeconfig"],
    ])("that cannot be used %s", (_, source, sentence) => {
        const use = () => kubeconfigOf(source);
        expect(use).toThrow(KubeconfigUnusable);
        expect(use).toThrow(sentence);
        expect(use).not.toThrow("hunter2");
    });
});

describe("several kubeconfigs", () => {
    const directory = mkdtempSync(join(tmpdir(), "clearpath-kubeconfigs-"));
    afterEach(() => vi.unstubAllEnvs());
    afterAll(() => rmSync(directory, { recursive: true }));

    function write(name: string, current: string | undefined, server: string, of = name): string {
        const file = join(directory, name);
        const part = {
            "current-context": current,
            clusters: [{ name: of, cluster: { server: `https://${server}:6443` } }],
            users: [{ name: of, user: { token: server } }],
            contexts: [{ name: of, context: { cluster: of, user: of } }],
        };
        writeFileSync(file, stringify(part));
        return file;
    }

    const used = (...files: string[]) => {
        vi.stubEnv("KUBECONFIG", files.join(delimiter));
        const config = kubeconfigOf({});
        return [config.getCurrentContext(), config.getCurrentCluster()!.server, config.getCurrentUser()!.token];
    };

    it("give the first current context, as kubectl does", () => {
        const [one, two] = [write("one", "one", "192.0.2.1"), write("two", "two", "192.0.2.2")];
        expect(used(one, two)).toEqual(["one", "https://192.0.2.1:6443", "192.0.2.1"]);
        expect(used(two, one)).toEqual(["two", "https://192.0.2.2:6443", "192.0.2.2"]);
        expect(used(write("none", undefined, "192.0.2.3"), two)[0]).toBe("two");
    });

    it("may be missing, as long as one is there", () => {
        const one = write("one", "one", "192.0.2.1");
        expect(used(join(directory, "missing"), one)[0]).toBe("one");
        expect(used(one, join(directory, "missing"))[0]).toBe("one");
        expect(() => used(join(directory, "missing"))).toThrow("There is no kubeconfig at");
    });

    it("may use the same names, of which the first counts", () => {
        const a = write("k3s-a", "default", "192.0.2.1", "default");
        const b = write("k3s-b", "default", "192.0.2.2", "default");
        expect(used(a, b)).toEqual(["default", "https://192.0.2.1:6443", "192.0.2.1"]);
    });

    it("that describe no such user are refused before anything is asked", () => {
        const lost = { ...parse(text), users: [] };
        expect(() => kubeconfigOf({ text: stringify(lost) })).toThrow(
            "names the user me, which the file does not describe",
        );
    });

    it("that cannot be read are told so, and not that they are no kubeconfig", () => {
        expect(() => kubeconfigOf({ file: directory })).toThrow(/cannot be used: EISDIR/);
    });
});
