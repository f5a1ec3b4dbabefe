import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decode, encode, hasUnknown, type Properties, pathKey, UNKNOWN } from "../../../provider/service/values.ts";

const SIGNATURE = "4dabf18193072939515e22adb298388d";

describe("values on the wire", () => {
    it("are read as they were written", () => {
        // Protobuf's JavaScript cannot hold a key of this name, at any level.
        const json = fc
            .dictionary(fc.string(), fc.jsonValue())
            .filter(value => !JSON.stringify(value).includes("__proto__"));
        const numbersOfJson = (value: unknown) => JSON.parse(JSON.stringify(value)) as Properties;
        fc.assert(
            fc.property(json, sent => {
                const values = numbersOfJson(sent);
                expect(decode(encode(values, new Set())).values).toEqual(values);
            }),
        );
    });

    it("keep secrets marked at every level", () => {
        const secrets = new Set([pathKey(["password"]), pathKey(["list", 1, "key"])]);
        const values = { password: "p", list: [{ key: "a" }, { key: "b" }], plain: 1 };
        const message = encode(values, secrets);
        expect(message.toJavaScript().password).toEqual({
            [SIGNATURE]: "1b47061264138c4ac30d75fd1eb44270",
            value: "p",
        });
        expect(decode(message)).toEqual({ values, secrets });
    });

    it("keep unknown values unknown, also inside a secret", () => {
        const message = encode({ a: UNKNOWN, b: { c: UNKNOWN } }, new Set([pathKey(["b"])]));
        const { values } = decode(message);
        expect(values).toEqual({ a: UNKNOWN, b: { c: UNKNOWN } });
        expect(hasUnknown(values.b)).toBe(true);
    });

    it("are unwrapped from output values, with their secret mark", () => {
        const output = { [SIGNATURE]: "d0e6a833031e9bbcd3f4e8bde6ca49a4", value: 1400, secret: true, dependencies: [] };
        expect(decode(encode({ mtu: output }, new Set()))).toEqual({
            values: { mtu: 1400 },
            secrets: new Set([pathKey(["mtu"])]),
        });
    });

    it("leave out undefined properties", () => {
        expect(encode({ a: undefined, b: null }, new Set()).toJavaScript()).toEqual({ b: null });
    });
});
