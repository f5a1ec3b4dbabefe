import { nearestWord } from "../../nearestWord.ts";
import type { Oddity } from "../decode.ts";
import type { Remark } from "../finding.ts";
import type { RegistriesFile } from "../parse.ts";

/** Words that people write for a key, and what they mean. */
const MISSPELT: Readonly<Record<string, string>> = {
    endpoints: "endpoint",
    url: "endpoint",
    urls: "endpoint",
    rewrites: "rewrite",
    mirror: "mirrors",
    config: "configs",
    registry: "mirrors",
    token: "identity_token",
    identitytoken: "identity_token",
    user: "username",
    pass: "password",
    ca: "ca_file",
    cafile: "ca_file",
    ca_cert: "ca_file",
    cert: "cert_file",
    key: "key_file",
    insecure: "insecure_skip_verify",
    skip_verify: "insecure_skip_verify",
    insecureskipverify: "insecure_skip_verify",
};

/** Where each key belongs that people write elsewhere. */
const HOMES: Readonly<Record<string, string>> = {
    mirrors: "at the top of the file, without anything around it",
    configs: "at the top of the file, without anything around it",
    endpoint: "under `mirrors.<registry>`",
    rewrite: "under `mirrors.<registry>`",
    auth: "under `configs.<host>`",
    tls: "under `configs.<host>`",
    username: "under `configs.<host>.auth`",
    password: "under `configs.<host>.auth`",
    identity_token: "under `configs.<host>.auth`",
    ca_file: "under `configs.<host>.tls`",
    cert_file: "under `configs.<host>.tls`",
    key_file: "under `configs.<host>.tls`",
    insecure_skip_verify: "under `configs.<host>.tls`",
};

/** Remarks about what the file says in another way than it looks. */
export function fileRemarks({ oddities, hasAuths }: RegistriesFile): Remark[] {
    const remarks = oddities.map(oddityRemark);
    if (hasAuths) {
        const message = "K3s reads auths and uses it for nothing. Write credentials under configs.<host>.auth.";
        remarks.push({ rule: "auths-unused", severity: "info", path: ["auths"], message });
    }
    return remarks;
}

function oddityRemark(oddity: Oddity): Remark {
    const { path } = oddity;
    const name = String(path.at(-1));
    switch (oddity.kind) {
        case "unknown-key":
            return unknownKeyRemark(name, oddity.known, path);
        case "section-twice":
            return {
                rule: "section-twice",
                severity: "warning",
                path,
                message: `This is the second ${name} in the same place. K3s makes one of both; other readers keep only one. Write all of it under one.`,
            };
        case "key-twice":
            return {
                rule: "key-twice",
                severity: "error",
                path,
                message: "The same key stands here twice, and K3s uses only the last. Remove one.",
            };
        case "merged-over":
            return {
                rule: "merge-order",
                severity: "warning",
                path,
                message:
                    "For K3s, the << below this key replaces it; other readers keep it. Write << as the first key of its map.",
            };
    }
}

function unknownKeyRemark(name: string, known: readonly string[], path: Remark["path"]): Remark {
    const plain = name.toLowerCase().replaceAll("-", "_");
    const meant = [name.toLowerCase(), plain, MISSPELT[plain] ?? "", MISSPELT[plain.replaceAll("_", "")] ?? ""].find(
        one => known.includes(one),
    );
    const near = meant ?? (path.length === 1 || HOMES[plain] === undefined ? nearestWord(plain, known) : undefined);
    const home = HOMES[plain] ?? HOMES[MISSPELT[plain] ?? ""];
    const say = (severity: Remark["severity"], advice: string): Remark => ({
        rule: "unknown-key",
        severity,
        path,
        message: `K3s does not know this key and ignores it with all that is in it. ${advice}`,
    });
    if (near) return say("error", `Write \`${near}\`.`);
    if (home) return say("error", `Write \`${HOMES[plain] ? plain : MISSPELT[plain]}\` ${home}.`);
    if (path.length === 1 && name === "registries")
        return say("error", "Write `mirrors` and `configs` at the top of the file, without `registries` around them.");
    if (path.length === 1 && /[.:*]/.test(name))
        return say("error", "Write a registry under `mirrors` or under `configs`.");
    return say("warning", `Here it knows ${known.map(one => `\`${one}\``).join(", ")}. Correct or remove it.`);
}
