import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repositoryRoot } from "../../../cli/root.ts";
import { FUSE_TABLE } from "../../../network/pullThrough/fuse.ts";
import { storageDirectory } from "../../../network/pullThrough/registryConfig.ts";
import {
    CONFIG_DIRECTORY,
    FETCH_UNIT,
    fetchedBinaryPath,
    GIVE_UP_UNIT,
    PROGRAM_DIRECTORY,
    registryUnitName,
    TLS_FILES,
    UPKEEP_UNITS,
} from "../../../network/pullThrough/units.ts";
import { CA_DIRECTORY } from "../../../network/registries/args.ts";
import { PENDING } from "../../../provider/host/commitConfirm.ts";
import { bootFiles, LinkManager, type ManagerFacts } from "../../../provider/host/link/linkManager.ts";

const page = readFileSync(join(repositoryRoot, "docs/start/what-it-changes.md"), "utf8");
const source = (file: string) => readFileSync(join(repositoryRoot, file), "utf8");
const notNamed = (names: readonly string[]) => names.filter(name => !page.includes(name));

test("the page of changes on hosts names the file that each manager of a link gets", () => {
    const facts: ManagerFacts = {
        link: "LINK",
        kind: null,
        networkFile: "/run/systemd/network/NAME.network",
        profile: "/etc/NetworkManager/system-connections/NAME.nmconnection",
        ifupdown: undefined,
        sharedWith: [],
        ports: [],
        container: undefined,
        files: new Map([
            ["/etc/network/interfaces", "iface LINK inet dhcp\n"],
            ["/etc/dhcp/dhclient.conf", ""],
        ]),
    };
    const written = LinkManager.options.flatMap(manager => bootFiles(manager, facts, 1400)).map(({ path }) => path);
    expect(written.length).toBeGreaterThan(4);
    expect(notNamed(written.map(path => path.replace("/NAME.nmconnection", "")))).toEqual([]);
});

test("it names every kind of record that a resource writes", () => {
    const kinds = globSync("provider/resources/*.ts", { cwd: repositoryRoot }).flatMap(file =>
        [...source(file).matchAll(/recordDirectory\("(\w+)", ("[\w-]+")?/g)].map(
            ([, kind, name]) => `\`${kind}/${name?.replaceAll('"', "") ?? ""}`,
        ),
    );
    expect(kinds.length).toBeGreaterThan(5);
    expect(notNamed(kinds)).toEqual([]);
});

test("it names the table, its unit and the units of a revert as the shell programs have them", () => {
    const paths = ["provider/resources/nftTable.sh", "provider/host/commitConfirm.sh"].flatMap(file =>
        [...source(file).matchAll(/^(?:boot_file|boot_unit|revert_units|left_file)=(\S+)/gm)].map(([, path]) =>
            path!.replace("$nft_name", "inet-clearpath"),
        ),
    );
    expect(paths).toHaveLength(4);
    expect(notNamed([...paths, PENDING.replace("/var/lib/clearpath/", ""), FUSE_TABLE])).toEqual([]);
});

test("it names every place of a cache", () => {
    const slug = "UPSTREAM";
    const names = [
        CONFIG_DIRECTORY,
        PROGRAM_DIRECTORY,
        CA_DIRECTORY,
        FETCH_UNIT,
        GIVE_UP_UNIT,
        fetchedBinaryPath({ url: "", sha256: "" }).replace(/\/registry-$/, ""),
        storageDirectory({ slug }),
        registryUnitName({ slug }, "proxy"),
        ...Object.values(UPKEEP_UNITS).map(({ service }) => service.replace(".service", "")),
        ...[TLS_FILES.certificate, TLS_FILES.key].map(path => path.slice(CONFIG_DIRECTORY.length + 1)),
    ];
    expect(notNamed(names)).toEqual([]);
});
