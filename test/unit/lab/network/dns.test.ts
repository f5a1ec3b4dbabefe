import { decode, encode, type Packet, type RecordType } from "dns-packet";
import { describe, expect, it } from "vitest";
import { answerTo } from "../../../../lab/network/internet/dns.ts";
import { INTERNET_HOSTS } from "../../../../lab/network/topology.ts";

/** Asks and reads the answer as they go over the wire. */
function ask(name: string, type: RecordType): Packet {
    const query = encode({ type: "query", id: 4711, flags: 256, questions: [{ type, name }] });
    return decode(encode(answerTo(decode(query))));
}

const rcode = (packet: Packet) => (packet.flags ?? 0) & 15;

describe("the lab's DNS", () => {
    it("gives every host its addresses", () => {
        for (const [name, { ipv4, ipv6 }] of Object.entries(INTERNET_HOSTS)) {
            expect(ask(name, "A").answers).toMatchObject([{ type: "A", name, data: ipv4 }]);
            expect(ask(name, "AAAA").answers).toMatchObject([{ type: "AAAA", name, data: ipv6 }]);
        }
    });

    it("repeats the id, the question and its spelling", () => {
        const answer = ask("GHCR.io", "A");

        expect(answer).toMatchObject({ id: 4711, type: "response", questions: [{ name: "GHCR.io" }] });
        expect(answer.answers).toMatchObject([{ name: "GHCR.io", data: INTERNET_HOSTS["ghcr.io"].ipv4 }]);
    });

    it("says that a host has no record of another type, not that it does not exist", () => {
        const answer = ask("ghcr.io", "TXT");

        expect(rcode(answer)).toBe(0);
        expect(answer.answers).toEqual([]);
        expect(answer.authorities).toMatchObject([{ type: "SOA" }]);
    });

    it.each(["example.com", "x.ghcr.io", "constructor"])("says that %s does not exist", name => {
        expect(rcode(ask(name, "A"))).toBe(3);
    });
});
