import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { serializeDeployment } from "../../../engine/state/deploymentFile.ts";
import { lockStack } from "../../../engine/state/lock.ts";
import { newCrypter } from "../../../engine/state/secrets.ts";
import { readState, stateFileOf, writeState } from "../../../engine/state/stateFile.ts";

const newPlace = () => ({
    stateDirectory: mkdtempSync(join(tmpdir(), "clearpath-state-")),
    project: "p",
    stack: "dev",
});

const stackResource = {
    urn: "urn:pulumi:dev::p::pulumi:pulumi:Stack::p-dev",
    custom: false,
    type: "pulumi:pulumi:Stack",
};
/** With braces, quotes and line ends in its values, as where a file could seem to end. */
const note = {
    urn: "urn:pulumi:dev::p::clearpath:host:File::note",
    custom: true,
    id: "root@10.27.27.11:22/file/etc/note",
    type: "clearpath:host:File",
    inputs: { path: "/etc/note", content: '{"a": [1, "}"]}\n}\n' },
    outputs: { mode: "0644", machineId: "", list: [[], {}, null, true, 1.5] },
    parent: stackResource.urn,
};

describe("a state file", () => {
    test("that is cut off at any byte is refused by its name, and never read in part", async () => {
        const place = newPlace();
        const empty = serializeDeployment({ resources: [], pendingOperations: [] }, await newCrypter("secret"));
        const deployment = { ...empty, resources: [stackResource, note] };
        await writeState(place, deployment);
        const file = stateFileOf(place);
        const whole = readFileSync(file);
        const closingBrace = whole.lastIndexOf("}");

        for (let length = 0; length <= closingBrace; length++) {
            writeFileSync(file, whole.subarray(0, length));
            await expect(readState(place), `cut off at ${length}`).rejects.toThrow(`The state in ${file} is cut off`);
        }
        writeFileSync(file, whole);
        expect(await readState(place)).toEqual(JSON.parse(JSON.stringify(deployment)));
    });

    test.each([["null"], ["[]"], ["{}"], ['{"version":3}'], ['{"version":"3","checkpoint":{}}']])(
        "that holds %s is refused",
        async text => {
            const place = newPlace();
            mkdirSync(dirname(stateFileOf(place)), { recursive: true });
            writeFileSync(stateFileOf(place), text);
            await expect(readState(place)).rejects.toThrow("is not a Pulumi state");
        },
    );

    test("replaces the file of an interrupted write", async () => {
        const place = newPlace();
        const deployment = serializeDeployment({ resources: [], pendingOperations: [] }, await newCrypter("secret"));
        mkdirSync(dirname(stateFileOf(place)), { recursive: true });
        writeFileSync(`${stateFileOf(place)}.new`, '{"version": 3, "check');

        await writeState(place, deployment);

        expect(readdirSync(dirname(stateFileOf(place)))).toEqual(["dev.json"]);
    });
});

describe("a lock file", () => {
    test.each([[""], ['{"pid": 4']])("that its writer left as %j does not lock the stack", async text => {
        const place = newPlace();
        const locks = join(place.stateDirectory, ".pulumi/locks/organization/p/dev");
        mkdirSync(locks, { recursive: true });
        writeFileSync(join(locks, "torn.json"), text);

        const release = await lockStack(place, () => {});

        await expect(lockStack(place, () => {})).rejects.toThrow(`process ${process.pid}`);
        await release();
        await (await lockStack(place, () => {}))();
    });
});
