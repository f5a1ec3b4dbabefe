import { quote } from "../host/quote.ts";
import type { HostSession } from "../host/session.ts";

/** Names that `ip netns` has, as they are or as the beginning of one: `cni-*` for those that K3s gives its pods. */
export const NETWORK_NAMESPACE = /^[\w.-]+\*?$/;

/**
 * The same host as seen from one of its network namespaces, such as a pod's: commands run in it, with the host's files.
 * Where there is none of the name, they end with code 96. Throws a RangeError on what is no name.
 */
export function inNetworkNamespace(session: HostSession, name: string): HostSession {
    if (!NETWORK_NAMESPACE.test(name)) throw new RangeError(`"${name}" is no name of a network namespace.`);
    const find = `for file in /run/netns/${name}; do if [ -e "$file" ]; then break; fi; done`;
    const refuse = `if ! [ -e "$file" ]; then echo "there is no network namespace ${name}" >&2; exit 96; fi`;
    return {
        host: session.host,
        get alive() {
            return session.alive;
        },
        answers: () => session.answers(),
        exec: (command, options) =>
            session.exec(`${find}; ${refuse}; exec ip netns exec "\${file##*/}" sh -c ${quote(command)}`, options),
        reconnect: options => session.reconnect(options),
        moveTo: fresh => session.moveTo(fresh),
        alone: work => session.alone(alone => work(inNetworkNamespace(alone, name))),
        close: () => session.close(),
    };
}
