import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { canBe, inNamespaces } from "./powerCut/namespaces.ts";
import { tableSteps } from "./powerCut/steps.ts";

const PLACE = fileURLToPath(new URL("./powerCut", import.meta.url));

/** `run NAME` runs a step and prints its failure, if any; `look` prints what is on the host, as in `power cuts`. */
const HELPERS = `
run() {
    sh "$steps/$1" >/run/cut/said 2>&1 && echo "$1 succeeded" || echo "$1 failed"
    sed -n 's/^{"name":"failure","base64":"\\(.*\\)"}$/\\1/p' /run/cut/said | base64 -d
    if grep -q '"name":"reverted"' /run/cut/said; then echo "$1 finds nothing to confirm"; fi
}
look() {
    nft list ruleset | grep chain
    find /etc/clearpath /etc/systemd/system/clearpath* /var/lib/clearpath ! -name original.absent 2>/dev/null | sort
    ls /run/cut/enabled | grep -v k3s
}
refuse() { printf '%s\\n' "$1" >/run/cut/refused; }
`;
const BOOT = ["/etc/clearpath", "/etc/clearpath/nftables", "/etc/clearpath/nftables/inet-t.nft"];
const UNIT = "clearpath-nft-inet-t.service";
const RECORD = ["/var/lib/clearpath", "/var/lib/clearpath/nft", "/var/lib/clearpath/nft/inet-t"];
const CREATED = [
    "\tchain generation_1 {",
    ...BOOT,
    `/etc/systemd/system/${UNIT}`,
    ...RECORD,
    "/var/lib/clearpath/nft/inet-t/owner",
    UNIT,
];

describe.runIf(canBe)("a change that waits to be confirmed", () => {
    let directory: string;
    beforeAll(() => {
        directory = mkdtempSync(join(tmpdir(), "clearpath-confirm-"));
        for (const [name, text] of Object.entries(tableSteps())) writeFileSync(join(directory, name), text);
    });
    afterAll(() => rmSync(directory, { recursive: true }));

    /** Runs a script on a host of its own; gives what it prints, a line each. */
    const on = (script: string) => {
        const all = `place=${PLACE}; steps=${directory}; . $place/place.sh; ${HELPERS}${script}`;
        const { stdout, stderr } = inNamespaces("sh", "-c", all);
        expect(stderr).toBe("");
        return stdout.trimEnd().split("\n");
    };

    test("is confirmed by the run that armed it and by no other", () => {
        expect(on("run create.1; run again.create.2; run create.2; look")).toEqual([
            "create.1 succeeded",
            "again.create.2 succeeded",
            "again.create.2 finds nothing to confirm",
            "create.2 succeeded",
            ...CREATED,
        ]);
    });

    test.each([
        ["cannot be started", "restart clearpath-revert.timer"],
        ["would not survive a boot", "enable clearpath-revert.timer"],
        ["is masked, although every command reports success", "is-enabled clearpath-revert.timer"],
    ])("is not made when the timer that would take it back %s", (_, refused) => {
        const [failed, why, ...left] = on(`refuse '${refused}'; run create.1; look`);
        expect(failed).toBe("create.1 failed");
        expect(why).toContain(refused.split(" ")[0]);
        expect(why).toContain("Nothing was changed. Check systemd on the host.");
        expect(left).toEqual([]);
    });

    test("and cannot be made permanent is taken back, live and on disk", () => {
        const [made, failed, why, ...left] = on(`run create.1; refuse 'enable ${UNIT}'; run create.2; look`);
        expect([made, failed]).toEqual(["create.1 succeeded", "create.2 failed"]);
        expect(why).toContain("The table was taken back. Check systemd on the host.");
        expect(left).toEqual([]);
    });

    test("and whose removal cannot be finished is put back, live and on disk", () => {
        const busy = "mkdir /var/lib/clearpath/nft/inet-t/busy; mount -t tmpfs none /var/lib/clearpath/nft/inet-t/busy";
        const said = on(`run create.1; run create.2; ${busy}; run remove.1; run remove.2; look`);
        expect(said).toEqual([
            "create.1 succeeded",
            "create.2 succeeded",
            "remove.1 succeeded",
            "remove.2 failed",
            ...CREATED.flatMap(line =>
                line.endsWith("/owner") ? ["/var/lib/clearpath/nft/inet-t/busy", line] : [line],
            ),
        ]);
    });
});
