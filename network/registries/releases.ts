import { formatK3sVersion, type K3sVersion, parseK3sVersion } from "./version.ts";

/** Last patch of each minor of K3s, as of 27 September 2026 (github.com/k3s-io/k3s, releases). */
const LAST_PATCHES: Readonly<Record<number, number>> = {
    25: 16,
    26: 15,
    27: 16,
    28: 15,
    29: 15,
    30: 14,
    31: 14,
    32: 13,
    33: 13,
    34: 11,
    35: 8,
    36: 4,
    37: 0,
};

/** Last minor that gets no more patches. */
const LAST_ENDED = 32;

/** What a text that names a release of K3s stands for. */
export type NamedRelease = { version: K3sVersion; note: string | null } | { version: null; fault: string };

/**
 * Reads a release as people write it: `v1.32.3+k3s1`, `1.32.3`, or `v1.32` for the last patch of a minor. A release that
 * cannot exist is a fault; one that is not known here has a note.
 */
export function namedRelease(text: string): NamedRelease {
    const minorOnly = /^v?1\.(\d{1,3})$/.exec(text.trim());
    if (minorOnly) {
        const minor = Number(minorOnly[1]);
        const patch = LAST_PATCHES[minor];
        if (patch !== undefined) return { version: { minor, patch }, note: null };
        return { version: null, fault: `Clearpath knows no patch of K3s v1.${minor}. Write the whole release.` };
    }
    const version = parseK3sVersion(text);
    if (!version)
        return { version: null, fault: "Write a K3s release, such as v1.32.3+k3s1, or a minor, such as v1.32." };
    const last = LAST_PATCHES[version.minor];
    if (last === undefined) {
        const newest = Math.max(...Object.keys(LAST_PATCHES).map(Number));
        if (version.minor < newest) return { version, note: null };
        const note = `Clearpath does not know K3s ${formatK3sVersion(version)} and treats it as v1.${newest}.`;
        return { version, note };
    }
    if (version.patch <= last) return { version, note: null };
    const shown = formatK3sVersion(version);
    if (version.minor <= LAST_ENDED)
        return {
            version: null,
            fault: `There is no K3s ${shown}: the last of v1.${version.minor} is v1.${version.minor}.${last}. Write that.`,
        };
    return {
        version,
        note: `Clearpath does not know K3s ${shown}: the last of v1.${version.minor} that it knows is v1.${version.minor}.${last}.`,
    };
}
