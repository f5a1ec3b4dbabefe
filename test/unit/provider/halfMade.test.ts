import struct from "google-protobuf/google/protobuf/struct_pb.js";
import { expect, test } from "vitest";
import { InitFailure, initFailureOf } from "../../../engine/protocol/initFailure.ts";
import { HalfMade, statusOf } from "../../../provider/service/halfMade.ts";

test("an engine keeps a creation whose result is not known, with its id and its inputs", () => {
    const properties = struct.Struct.fromJavaScript({ link: "eth0" });
    const status = statusOf(new HalfMade("cp1: the connection broke.", "root@cp1:22/link/eth0", properties));

    const failure = initFailureOf(Object.assign(new Error(status.details), status), made => made) as InitFailure;

    expect(failure).toBeInstanceOf(InitFailure);
    expect(failure).toMatchObject({
        id: "root@cp1:22/link/eth0",
        outputs: { link: "eth0" },
        reasons: ["cp1: the connection broke."],
    });
});

test("any other error is reported unchanged", () => {
    expect(statusOf(new Error("cp1: nothing was changed."))).toEqual({
        code: 2,
        details: "cp1: nothing was changed.",
    });
});
