import { open, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * Writes a file so that a reader, or a crash, finds either what was there or all of the new content: beside its place,
 * flushed, then renamed, through a link to the file that it names. A file that is there keeps its mode.
 */
export async function replaceFile(
    path: string,
    content: string | Uint8Array,
    how: {
        /** Of a file that is new. */
        mode: number;
        /** Name beside it, where only one writer at a time writes, and may overwrite the file of an interrupted one. */
        stagedAs?: string;
    },
): Promise<void> {
    const target = await realpath(path).catch(() => path);
    const mode = await stat(target).then(
        found => found.mode & 0o777,
        () => how.mode,
    );
    const staging = join(dirname(target), how.stagedAs ?? `.${basename(target)}.${process.pid}.tmp`);
    try {
        const file = await open(staging, "w", mode);
        try {
            await file.writeFile(content);
            await file.sync();
        } finally {
            await file.close();
        }
        await rename(staging, target);
        await syncDirectory(dirname(target));
    } catch (error) {
        await rm(staging, { force: true }).catch(() => {});
        throw error;
    }
}

/** Without this, a power cut could undo the rename. Some network file systems have no sync of directories. */
async function syncDirectory(path: string): Promise<void> {
    const directory = await open(path, "r");
    await directory.sync().catch(() => {});
    await directory.close();
}
