import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOMS_PAGE, roomsPage } from "../../../docs/generate/roomsPage.ts";

test("docs/contributing/rooms.md shows the arrows that npm run check compares imports with (write it with: node docs/generate/pages.ts)", () => {
    expect(readFileSync(join(import.meta.dirname, "../../../docs", ROOMS_PAGE), "utf8")).toBe(roomsPage());
});

test("an arrow to a part of a room names that part", () => {
    expect(roomsPage()).toContain("policy -->|cluster/lint| cluster");
});
