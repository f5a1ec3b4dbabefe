import { constants } from "node:fs";
import { access, readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { replaceFile } from "../../engine/state/replaceFile.ts";
import { EVIDENCE_FORMAT, EVIDENCE_VERSION, EvidenceFile } from "../../network/evidence/evidenceFile.ts";
import { CouldNotRun } from "../exit.ts";

/** A run of 10 hosts and 1000 rounds takes some 40 MiB; beyond this it is no evidence file, or made to fill the memory. */
const MOST_BYTES = 512 * 1024 * 1024;

/** Writes a whole file or none. Throws `CouldNotRun` with what is there now and what to do, e.g. on a full disk. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
    try {
        await replaceFile(path, content, { mode: 0o644 });
    } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        const reason = code === "ENOSPC" ? "no space is left on its disk" : message;
        throw new CouldNotRun(
            `${path} cannot be written: ${reason}. Nothing half-written is left, and a file that was there is as it was. Make room, or name another file.`,
        );
    }
}

/** Throws `CouldNotRun` where a file could not be written, before a run that would be lost with it. */
export async function requireWritable(path: string): Promise<void> {
    const directory = dirname(path);
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory()) throw new CouldNotRun(`${path} is a directory. Nothing was done. Name a file.`);
    await access(directory, constants.W_OK).catch((error: Error) => {
        throw new CouldNotRun(
            `${path} could not be written: ${error.message}. Nothing was done. Name a file in a directory that exists and can be written to.`,
        );
    });
}

/** Writes an evidence file: gzip-compressed JSON. Throws `CouldNotRun`. */
export async function writeEvidence(path: string, evidence: EvidenceFile): Promise<void> {
    await writeWhole(path, await promisify(gzip)(`${JSON.stringify(evidence)}\n`));
}

/**
 * Reads an evidence file. Throws `CouldNotRun` that says where the file is wrong and what to do when it is truncated,
 * damaged, of a later version or something else; never gives a part of it.
 */
export async function readEvidence(path: string): Promise<EvidenceFile> {
    const refuse = (fault: string, advice: string) => new CouldNotRun(`${path} ${fault}. ${advice}`);
    const bytes = await readFile(path).catch((error: Error) => {
        throw refuse(`cannot be read: ${error.message}`, "Name a file that clearpath probe --out wrote.");
    });
    if (bytes.length === 0) throw refuse("is empty", "Take another copy, or probe again.");
    if (bytes[0] !== 0x1f || (bytes.length > 1 && bytes[1] !== 0x8b))
        throw refuse(
            "is not gzip-compressed, so it is no evidence file",
            "Name a file that clearpath probe --out wrote.",
        );

    const text = await promisify(gunzip)(bytes, { maxOutputLength: MOST_BYTES }).catch(
        (error: NodeJS.ErrnoException) => {
            if (error.code === "Z_BUF_ERROR")
                throw refuse(
                    `is truncated: it ends at byte ${bytes.length} in mid-content`,
                    "Copy it again, or probe again.",
                );
            if (error.code === "ERR_BUFFER_TOO_LARGE")
                throw refuse(
                    `holds more than ${MOST_BYTES / 2 ** 20} MiB, so it is no evidence file`,
                    "Name another file.",
                );
            throw refuse(`is damaged: ${error.message}`, "Copy it again, or probe again.");
        },
    );
    return evidenceIn(text.toString("utf8"), refuse);
}

function evidenceIn(text: string, refuse: (fault: string, advice: string) => CouldNotRun): EvidenceFile {
    let json: unknown;
    try {
        json = JSON.parse(text);
    } catch (error) {
        throw refuse(`holds no JSON: ${(error as Error).message}`, "Name a file that clearpath probe --out wrote.");
    }
    const { format, version, tool } = (json ?? {}) as {
        format?: unknown;
        version?: unknown;
        tool?: { version?: unknown };
    };
    if (format !== EVIDENCE_FORMAT)
        throw refuse(
            `is no evidence file: its format is not ${EVIDENCE_FORMAT}`,
            "Name a file that clearpath probe --out wrote.",
        );
    if (typeof version === "number" && version > EVIDENCE_VERSION)
        throw refuse(
            `has version ${version}, and this clearpath reads version ${EVIDENCE_VERSION}`,
            `It was written by clearpath ${String(tool?.version)}: use that version or a later one.`,
        );
    const read = EvidenceFile.safeParse(json);
    if (read.success) return read.data;
    const { path, message } = read.error.issues[0]!;
    const others = read.error.issues.length > 1 ? ` (and ${read.error.issues.length - 1} more)` : "";
    throw refuse(
        `is not valid at ${path.join(".") || "its top"}: ${message}${others}`,
        "It was changed by something else than clearpath: take another copy, or probe again.",
    );
}
