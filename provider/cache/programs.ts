import { readFileSync } from "node:fs";

const read = (name: string) => readFileSync(new URL(name, import.meta.url), "utf8");

/** Shell program that keeps a cache within its size limit. */
export const evictProgram = () => read("./evict.sh");

/** Python program that fetches a registry's binary and verifies its digest. */
export const fetchProgram = () => read("./fetch.py");

/** Python program that pulls images through a cache. */
export const warmProgram = () => read("./warm.py");
