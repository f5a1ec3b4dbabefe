import { quote } from "../host/quote.ts";
import type { HostSession } from "../host/session.ts";

/** Name of a network namespace in `ip netns`, or the beginning of one with `*`: `cni-*` matches those of pods in K3s. */
export const NETWORK_NAMESPACE = /^[\w.-]+\*?$/;

/**
 * A session whose commands run in one of the host's network namespaces, such as a pod's, with the host's files. Without
 * a namespace of this name they end with exit code 96. Throws a RangeError when the name is not valid.
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
