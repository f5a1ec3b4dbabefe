import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
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
