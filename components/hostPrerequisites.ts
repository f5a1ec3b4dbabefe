import { remote, type types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { installScript, removeScript } from "./aptPackages.ts";
import type { HostArgs } from "./hosts.ts";
import { programError } from "./programError.ts";

export interface HostPrerequisitesArgs {
    hosts: HostArgs[];
    /** Debian packages that every host must have. Default: nftables for the clamp, python3 for the probes. */
    packages?: string[];
}

/** Installs on bare Debian and Ubuntu hosts what the other components need there, and removes it with them. */
export class HostPrerequisites extends pulumi.ComponentResource {
    /** One command for each host. What it prints is the packages that it added. */
    public readonly commands: remote.Command[];

    constructor(name: string, args: HostPrerequisitesArgs, opts: pulumi.ComponentResourceOptions = {}) {
        // The arguments hold connections, which would enter the state as the component's inputs.
        super("clearpath:index:HostPrerequisites", name, {}, opts);
        const packages = args.packages ?? ["nftables", "python3"];

        this.commands = args.hosts.map(
            ({ name: host, connection }) =>
                new remote.Command(
                    `${name}-${host}`,
                    {
                        connection: remoteConnection(connection),
                        create: installScript(packages),
                        delete: removeScript(),
                        // sshd passes on no environment but that it was told to, so none is sent.
                        addPreviousOutputInEnv: false,
                    },
                    // A replacement that deleted last would remove what the new one needs.
                    { parent: this, dependsOn: opts.dependsOn, deleteBeforeReplace: true },
                ),
        );

        this.registerOutputs({ packages });
    }
}

/** The part of a connection that `@pulumi/command` knows. It ignores a host's key where `hostKey` is not given. */
function remoteConnection(connection: HostArgs["connection"]): pulumi.Output<types.input.remote.ConnectionArgs> {
    return pulumi.output(connection).apply(({ proxy, ...host }) => ({
        ...dialled(host),
        ...(proxy && { proxy: dialled(proxy) }),
    }));
}

type Dialled = Omit<pulumi.Unwrap<HostArgs["connection"]>, "proxy">;

function dialled(host: Dialled) {
    const usable = [host.privateKey, host.agentSocketPath, host.password].some(given => given !== undefined);
    if (host.privateKeyPath !== undefined && !usable)
        throw programError(
            `${host.host}: @pulumi/command reads no key files. Nothing was installed. Give connection.privateKey or connection.agentSocketPath in place of privateKeyPath.`,
        );
    const { privateKeyPath, knownHostsPath, hostKeyCommand, insecureIgnoreHostKey, ...known } = host;
    return known;
}
