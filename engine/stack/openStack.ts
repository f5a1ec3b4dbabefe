import { readFile } from "node:fs/promises";
import { type Deployment, deserializeDeployment } from "../state/deploymentFile.ts";
import { type Crypter, newCrypter, openCrypter } from "../state/secrets.ts";
import { readState, type StackPlace } from "../state/stateFile.ts";
import { type Project, readProject } from "./project.ts";
import {
    type ConfigValue,
    decryptConfig,
    hasSecureValues,
    readStackSettings,
    type StackSettings,
    writeEncryptionSalt,
} from "./stackConfig.ts";

/** A stack with all that a run needs to know of it. */
export interface OpenStack {
    project: Project;
    place: StackPlace;
    config: Map<string, ConfigValue>;
    /** Seals what is written; undefined for a preview of a stack that has neither secrets nor a state. */
    crypter: Crypter | undefined;
    /** The state as it was found. */
    stored: Deployment;
}

/** The passphrase as Pulumi finds it: PULUMI_CONFIG_PASSPHRASE, then the file PULUMI_CONFIG_PASSPHRASE_FILE names. */
export async function passphraseFrom(env: NodeJS.ProcessEnv): Promise<string | undefined> {
    if (env.PULUMI_CONFIG_PASSPHRASE !== undefined) return env.PULUMI_CONFIG_PASSPHRASE;
    const file = env.PULUMI_CONFIG_PASSPHRASE_FILE;
    if (file === undefined || file === "") return undefined;
    return (await readFile(file, "utf8")).trim();
}

function neededPassphrase(passphrase: string | undefined, stack: string): string {
    if (passphrase !== undefined) return passphrase;
    throw new Error(
        `Stack ${stack} needs a passphrase for its secrets, but none is set. Nothing was done. Set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE.`,
    );
}

async function crypterFor(
    settings: StackSettings,
    stateCrypter: Crypter | undefined,
    passphrase: () => string,
    writes: boolean,
): Promise<Crypter | undefined> {
    const salt = settings.encryptionSalt;
    if (salt !== undefined) return salt === stateCrypter?.salt ? stateCrypter : openCrypter(salt, passphrase());
    if (hasSecureValues(settings)) {
        throw new Error(
            `${settings.file} has secure values but no encryptionsalt. Nothing was done. Put the salt back.`,
        );
    }
    if (stateCrypter !== undefined || !writes) return stateCrypter;
    const crypter = await newCrypter(passphrase());
    await writeEncryptionSalt(settings.file, crypter.salt);
    return crypter;
}

/**
 * Reads a stack's project, settings and state. A stack that is going to be written and has no salt yet gets one in its
 * settings file, as with `pulumi stack init`.
 */
export async function openStack(
    directory: string,
    stack: string,
    stateDirectory: string,
    passphrase: string | undefined,
    writes: boolean,
): Promise<OpenStack> {
    const project = await readProject(directory);
    const place: StackPlace = { stateDirectory, project: project.name, stack };
    const [settings, state] = await Promise.all([
        readStackSettings(project.directory, project.name, stack),
        readState(place),
    ]);
    const needed = () => neededPassphrase(passphrase, stack);
    const stateSalt = state?.secrets_providers?.state.salt;
    const stateCrypter = stateSalt === undefined ? undefined : await openCrypter(stateSalt, needed());
    const crypter = await crypterFor(settings, stateCrypter, needed, writes);
    const stored =
        state === undefined ? { resources: [], pendingOperations: [] } : deserializeDeployment(state, stateCrypter);
    return { project, place, config: decryptConfig(settings, crypter), crypter, stored };
}
