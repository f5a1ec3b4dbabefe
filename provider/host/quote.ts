/**
 * The one way a value enters a shell program: as a single-quoted word, in which POSIX gives no character a meaning
 * (XCU 2.2.2). Throws on a NUL byte, which no shell word can hold.
 */
export function quote(value: string): string {
    if (value.includes("\0")) throw new Error("A value with a NUL byte cannot be given to a shell.");
    return `'${value.replaceAll("'", "'\\''")}'`;
}

/** Shell assignments, one on each line: `name='value'`. The names are constants in our code. */
export function assignments(values: Readonly<Record<string, string | number | boolean>>): string {
    return Object.entries(values)
        .map(([name, value]) => `${name}=${quote(String(value))}\n`)
        .join("");
}
