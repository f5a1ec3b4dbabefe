// Writes more than the disk at the given directory holds, and prints what came of it: for file.test.ts.
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "../../../../cli/evidence/file.ts";

const directory = process.argv[2]!;
const path = join(directory, "run.json.gz");
writeFileSync(path, "the run before");
const error = await writeWhole(path, randomBytes(256 * 1024)).catch((thrown: Error) => thrown.message);
const found = { error, files: readdirSync(directory), content: readFileSync(path, "utf8") };
process.stdout.write(JSON.stringify(found));
