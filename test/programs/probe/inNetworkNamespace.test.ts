import { describe, expect, test } from "vitest";
import type { HostSession } from "../../../provider/host/session.ts";
import { inNetworkNamespace } from "../../../provider/probe/inNetworkNamespace.ts";
import { localSession } from "./localSession.ts";

/** A session that hands over what it would run. */
function recorded(commands: string[]): HostSession {
    return {
        ...localSession(),
        exec: async command => {
            commands.push(command);
            return { code: 0, stdout: "", stderr: "" };
        },
    };
}

describe("a network namespace of a host", () => {
    test("runs the whole command in it, quotes and all", async () => {
        const commands: string[] = [];
        await inNetworkNamespace(recorded(commands), "cni-*").exec("exec python3 -c 'print(1)'");
        expect(commands[0]).toContain("for file in /run/netns/cni-*;");
        expect(commands[0]).toContain(`ip netns exec "\${file##*/}" sh -c 'exec python3 -c '\\''print(1)'\\'''`);
    });

    test("that does not exist is reported, and nothing runs elsewhere", async () => {
        const { code, stdout, stderr } = await inNetworkNamespace(localSession(), "no-such-*").exec("echo ran");
        expect({ code, stdout }).toEqual({ code: 96, stdout: "" });
        expect(stderr).toContain("there is no network namespace no-such-*");
    });

    test.each(["", "a b", "../x", "a;b", "*", "a*b"])("is not named %j", name => {
        expect(() => inNetworkNamespace(localSession(), name)).toThrow(RangeError);
    });
});
