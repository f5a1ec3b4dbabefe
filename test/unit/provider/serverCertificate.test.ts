import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:tls";
import { describe, expect, test } from "vitest";
import type { OperationContext } from "../../../provider/host/operationContext.ts";
import { serverCertificate } from "../../../provider/resources/serverCertificate.ts";
import { checkInputs, secretsOf } from "../../../provider/service/check.ts";
import { differences } from "../../../provider/service/diff.ts";
import { pathKey } from "../../../provider/service/values.ts";

const context = {} as OperationContext;
const inputs = { authority: "Test", names: ["127.0.0.1", "cache.example"], validDays: 3650 };

describe("a server's certificate", () => {
    test("is trusted under each of its names by clients that trust its authority", async () => {
        const { outputs } = await serverCertificate.create(context, inputs);
        const server = createServer({ key: outputs.privateKey, cert: outputs.certificate }, socket => socket.end());
        server.listen(0, "127.0.0.1");
        await once(server, "listening");
        const { port } = server.address() as AddressInfo;
        for (const servername of [undefined, "cache.example"]) {
            const socket = connect({ host: "127.0.0.1", port, ca: outputs.caCertificate, servername });
            await once(socket, "secureConnect");
            expect(socket.authorized).toBe(true);
            socket.destroy();
        }
        const stranger = connect({ host: "127.0.0.1", port });
        const [error] = await once(stranger, "error");
        expect(error.code).toMatch(/UNABLE_TO_VERIFY|SELF_SIGNED/);
        server.close();
    });

    test("keeps its authority when its names change", async () => {
        const { id, outputs } = await serverCertificate.create(context, inputs);
        const news = { ...inputs, names: ["10.0.0.1"] };
        const updated = await serverCertificate.update(context, id, { inputs, outputs }, news);
        expect(updated.caCertificate).toBe(outputs.caCertificate);
        const certificate = new X509Certificate(updated.certificate);
        expect(certificate.checkIP("10.0.0.1")).toBe("10.0.0.1");
        expect(certificate.verify(new X509Certificate(outputs.caCertificate).publicKey)).toBe(true);
    });

    test("is renewed only shortly before it expires", async () => {
        const day = 24 * 3600 * 1000;
        const { outputs } = await serverCertificate.create(context, inputs);
        expect(differences(serverCertificate, { inputs, outputs }, inputs)).toEqual([]);
        const ending = { ...outputs, notAfter: new Date(Date.now() + 30 * day).toISOString() };
        expect(differences(serverCertificate, { inputs, outputs: ending }, inputs)).toMatchObject([
            { property: "notAfter", replace: false },
        ]);
    });

    test("keeps its keys as secrets", async () => {
        const { outputs } = await serverCertificate.create(context, inputs);
        expect([...secretsOf(serverCertificate.outputs, outputs)].sort()).toEqual(
            [pathKey(["caPrivateKey"]), pathKey(["privateKey"])].sort(),
        );
    });

    test("needs a name", () => {
        expect(checkInputs(serverCertificate, { authority: "Test", names: [] }).failures).toHaveLength(1);
    });
});
