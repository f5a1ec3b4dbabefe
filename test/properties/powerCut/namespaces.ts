import { spawnSync } from "node:child_process";

/** Runs a command in namespaces of its own, of users, mounts and network. */
export const inNamespaces = (...command: string[]) => spawnSync("unshare", ["-rmn", ...command], { encoding: "utf8" });

/** Whether this machine lets a host be made of them. */
export const canBe = inNamespaces("sh", "-c", "mount -t tmpfs none /run && nft list ruleset").status === 0;
