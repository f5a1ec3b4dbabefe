import { PRODUCT, ROOMS } from "../../.dependency-cruiser.ts";
import { markdownTable } from "./settingsTable.ts";

/** The page under docs/ that shows the rooms and their arrows. */
export const ROOMS_PAGE = "contributing/rooms.md";

/** Rooms that import most of the others: with them, the picture would show nothing else. */
const NOT_DRAWN = ["docs", "test"];

/** The page's text, from the list that `npm run check` compares the imports with. */
export function roomsPage(): string {
    const rooms = Object.entries(ROOMS);
    const rows = rooms.map(([name, { purpose, imports }]) => [
        `\`${name}\``,
        purpose,
        imports.length === 0 ? "nothing" : imports.map(one => `\`${one}\``).join(", "),
        isPublished(name) ? "yes" : "no",
    ]);
    return `# Rooms and their arrows

Each folder at the top level is a room. An arrow means that files of one room import files of the other. The list of
arrows is in \`.dependency-cruiser.ts\`. \`npm run check\` refuses an import that is not in the list, and it refuses a cycle of
imports; type-only imports count too. \`node docs/generate/pages.ts\` writes this page from the list.

\`\`\`mermaid
graph TD
${picture().join("\n")}
\`\`\`

The picture leaves out ${NOT_DRAWN.map(name => `\`${name}\``).join(" and ")}, which import most of the other rooms.

${markdownTable(["room", "what it is for", "what it may import", "is in the npm package"], rows)}
`;
}

function picture(): string[] {
    const drawn = Object.entries(ROOMS).filter(([name]) => !NOT_DRAWN.includes(name));
    const boxes = drawn.map(([name, { purpose }]) => `    ${idOf(name)}["${name}<br>${purpose}"]`);
    const arrows = drawn.flatMap(([from, { imports }]) =>
        imports.filter(to => roomOf(to) in ROOMS).map(to => `    ${idOf(from)} ${labelled(to)} ${idOf(roomOf(to))}`),
    );
    return [...boxes, ...arrows];
}

/** An arrow to a part of a room names the part. */
function labelled(to: string): string {
    return to in ROOMS ? "-->" : `-->|${to}|`;
}

function roomOf(path: string): string {
    return path.split("/")[0]!;
}

function idOf(room: string): string {
    return room.replace(".", "_");
}

function isPublished(room: string): boolean {
    return PRODUCT.includes(room);
}
