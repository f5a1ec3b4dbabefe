import type { AskHost } from "../../cluster/diagnose/nodeNetwork.ts";
import { Connection } from "../../provider/host/connection.ts";
import { Sessions } from "../../provider/host/sessions.ts";
import type { ProbedHost } from "../../provider/probe/probeAll.ts";
import { hostFacts } from "../../provider/probe/run.ts";

/** Asks hosts of a list for their network facts by SSH: a node is the host of its name, or of one of its addresses. */
export function hostAsker(hosts: readonly ProbedHost[]): { ask: AskHost; close(): void } {
    const sessions = new Sessions(new AbortController().signal);
    const known = hosts.map(({ vantagePoint, connection }) => ({
        name: vantagePoint,
        connection: Connection.parse(connection),
    }));
    return {
        ask(node, addresses) {
            const host =
                known.find(({ name }) => name === node) ??
                known.find(({ connection }) => addresses.includes(connection.host));
            if (host === undefined) return undefined;
            return sessions.session(host.connection).then(session => hostFacts(session));
        },
        close: () => sessions.close(),
    };
}
