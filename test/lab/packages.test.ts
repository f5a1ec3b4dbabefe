import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type HostFingerprint, type Lab, labDown, labUp } from "../../lab/network/lab.ts";
import { parseScenario } from "../../lab/network/scenario.ts";
import { ProviderInRunner, type ResourceInRunner } from "./providerInRunner.ts";

const instance = "packagestest";
const PACKAGES = "clearpath:host:Packages";
const POLICY = "/usr/sbin/policy-rc.d";

let lab: Lab;
let provider: ProviderInRunner;
let found: HostFingerprint;

const sh = async (script: string) => {
    const { code, stdout, stderr } = await lab.exec("cp1", ["sh", "-c", script]);
    if (code !== 0) throw new Error(`${script}: ${stderr}`);
    return stdout.trim();
};
const on = (through = provider) => through.resource(PACKAGES, lab.connection("cp1"));
/** The packages of the test of which anything is on the host, each with dpkg's two letters for its state. */
const there = () =>
    sh("dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' 'try-*' 2>/dev/null | awk '$1 !~ /^.n/ { print $1, $2 }'");
const records = () => sh("ls -A /var/lib/clearpath 2>/dev/null || :");

const goesWithoutATrace = async (packages: ResourceInRunner) => {
    await packages.delete();
    expect(await there()).toBe("");
    expect(await lab.fingerprint("cp1")).toEqual(found);
    expect(await records()).toBe("");
};
const startsNothing = async () => {
    expect(await sh("systemctl is-active try-slow try-needed; systemctl is-enabled try-slow try-needed || :")).toBe(
        "inactive\ninactive\ndisabled\ndisabled",
    );
};

/** Puts a mirror of Debian on the host that has packages of the test and nothing else. */
async function offer(packages: Record<string, { postinst: string; depends?: string }>): Promise<void> {
    await sh("mkdir -p /srv/debian");
    for (const [name, { postinst, depends }] of Object.entries(packages))
        await sh(`set -e; name=${name}; work=$(mktemp -d); cd $work
            mkdir -p tree/DEBIAN tree/lib/systemd/system
            printf '[Service]\nExecStart=/bin/sleep 1000\n[Install]\nWantedBy=multi-user.target\n' >tree/lib/systemd/system/$name.service
            printf 'Package: %s\nVersion: 1\nArchitecture: all\nMaintainer: Clearpath\nDescription: for a test\n' $name >tree/DEBIAN/control
            if [ -n "${depends ?? ""}" ]; then echo 'Depends: ${depends ?? ""}' >>tree/DEBIAN/control; fi
            printf '#!/bin/sh\nset -e\nsystemctl enable --quiet %s\nif [ ! -e ${POLICY} ]; then systemctl start %s; fi\n%s\n' $name $name '${postinst}' >tree/DEBIAN/postinst
            printf '#!/bin/sh\nsystemctl disable --quiet --now %s || :\n' $name >tree/DEBIAN/prerm
            chmod 755 tree/DEBIAN/postinst tree/DEBIAN/prerm
            dpkg-deb --root-owner-group -b tree /srv/debian/$name.deb >/dev/null
            { dpkg-deb -f /srv/debian/$name.deb; printf 'Filename: ./%s.deb\nSize: %s\nSHA256: %s\n\n' $name $(stat -c %s /srv/debian/$name.deb) $(sha256sum </srv/debian/$name.deb | cut -d' ' -f1); } >>/srv/debian/Packages
            rm -r $work`);
    await sh("rm -f /etc/apt/sources.list.d/*; echo 'deb [trusted=yes] file:/srv/debian ./' >/etc/apt/sources.list");
}

/** A package whose installation takes long, begun by a plugin of its own. */
async function beginSlowOne() {
    await sh("rm -f /run/slow");
    const another = new ProviderInRunner(lab);
    onTestFinished(() => another.close());
    const creating = on(another)
        .create({ packages: ["try-slow"] })
        .catch(String);
    await expect.poll(() => sh("ls /run"), { timeout: 60_000 }).toContain("slow");
    return { another, creating };
}

describe("packages on a host", () => {
    beforeAll(async () => {
        lab = await labUp({ instance, scenario: parseScenario({}), workers: 0, onProgress: () => {} });
        provider = new ProviderInRunner(lab);
        await offer({
            "try-plain": { postinst: ":" },
            "try-slow": { postinst: "touch /run/slow; sleep 5", depends: "try-needed" },
            "try-needed": { postinst: ":" },
            "try-broken": { postinst: "exit 1" },
        });
        found = await lab.fingerprint("cp1");
    });
    afterAll(async () => {
        await provider?.stop();
        await labDown(instance);
    });

    test("come with what they need, start nothing, and go again", async () => {
        const packages = on();
        const { properties } = await packages.create({ packages: ["try-slow"] });

        expect(properties.added).toEqual(["try-needed", "try-slow"]);
        await startsNothing();
        await goesWithoutATrace(packages);
    });

    test("that are listed again keep what is installed, also when one of them cannot be installed", async () => {
        const packages = on();
        await packages.create({ packages: ["try-plain"] });

        await expect(packages.update({ packages: ["try-plain", "try-broken"] })).rejects.toThrow(
            "apt-get could not install try-broken",
        );
        expect(await there()).toBe("ii try-plain");
        const { properties } = await packages.update({ packages: ["try-plain", "try-needed"] });

        expect(properties.added).toEqual(["try-needed", "try-plain"]);
        await goesWithoutATrace(packages);
    });

    test("that a power cut interrupted are completed by the next run, and can be removed", async () => {
        const { another, creating } = await beginSlowOne();
        await another.call("kill");
        await creating;

        await lab.reboot("cp1");

        expect(await there()).toContain("try-slow");
        expect(await there()).not.toContain("ii try-slow");
        const packages = on();
        const { properties } = await packages.create({ packages: ["try-slow"] });
        expect(properties.added).toEqual(["try-needed", "try-slow"]);
        expect(await there()).toBe("ii try-needed\nii try-slow");
        expect(await sh(`ls ${POLICY} 2>/dev/null || :`)).toBe("");
        await startsNothing();
        await goesWithoutATrace(packages);
    });

    test("whose state was lost with the run that installed them belong to the next one", async () => {
        const { another, creating } = await beginSlowOne();
        await another.call("kill");
        await creating;

        const packages = on();
        const { properties } = await packages.create({ packages: ["try-slow"] });

        expect(properties.added).toEqual(["try-needed", "try-slow"]);
        await goesWithoutATrace(packages);
    });

    test("whose state was lost with the run that installed them go with a destroy, and others do not", async () => {
        const others = provider.resource(PACKAGES, lab.connection("cp1"), "others");
        await others.create({ packages: ["try-plain"] });
        const { another, creating } = await beginSlowOne();
        await another.call("kill");
        await creating;
        const elsewhere = provider.resource(PACKAGES, lab.connection("cp1"), "elsewhere");

        await elsewhere.deleteUnfinished({ packages: ["try-slow"] });
        expect(await there()).toContain("try-slow");
        await on().deleteUnfinished({ packages: ["try-slow"] });

        expect(await there()).toBe("ii try-plain");
        await goesWithoutATrace(others);
    });
});
