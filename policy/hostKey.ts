import type { ResourceValidationPolicy } from "@pulumi/policy";

interface Connection {
    host?: string;
    hostKey?: string;
    insecureIgnoreHostKey?: boolean;
    proxy?: Connection;
}

/** Every host must prove who it is before it gets a password or a command. */
export const hostKeyPinned: ResourceValidationPolicy = {
    name: "host-key-pinned",
    description: "Every SSH connection verifies the host's key.",
    enforcementLevel: "mandatory",
    configSchema: {
        properties: {
            exemptHosts: {
                type: "array",
                items: { type: "string" },
                default: [],
                description: "Addresses of hosts that need not prove who they are.",
            },
        },
    },
    validateResource: ({ type, props, getConfig, notApplicable }, report) => {
        const connection: Connection | undefined = props.connection;
        if (connection === undefined) return notApplicable("Only resources with a connection are judged.");
        const { exemptHosts } = getConfig<{ exemptHosts: string[] }>();
        // The command package verifies a key only where one is given; ours looks in known_hosts as well.
        const needsKey = type.startsWith("command:remote:");

        for (const [path, end] of [
            ["connection", connection],
            ["connection.proxy", connection.proxy],
        ] as const) {
            if (end === undefined || exemptHosts.includes(end.host ?? "")) continue;
            const ignored = end.insecureIgnoreHostKey === true;
            if (!ignored && (!needsKey || end.hostKey)) continue;
            const fault = ignored
                ? "insecureIgnoreHostKey accepts any host key"
                : "no hostKey is given, so any is accepted";
            report(
                `${path} to ${end.host}: ${fault}. Whoever answers at that address gets the password and runs as the host. Set ${path}.hostKey to a line of the host's /etc/ssh/ssh_host_ed25519_key.pub${needsKey ? "" : ", or add the host to known_hosts"}.`,
            );
        }
    },
};
