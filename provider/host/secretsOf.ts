const SECRET_FIELDS = ["password", "privateKey", "privateKeyPassword"];

/** Every secret of a connection, and of the jump host it goes through. */
export function secretsOf(connection: unknown): string[] {
    if (typeof connection !== "object" || connection === null) return [];
    return Object.entries(connection).flatMap(([key, value]) => {
        if (SECRET_FIELDS.includes(key)) return typeof value === "string" ? [value] : [];
        return secretsOf(value);
    });
}
