import { globSync } from "node:fs";
import { repositoryRoot } from "../../../cli/root.ts";

/** Every Markdown page of the repository, by its path from the root. */
export function markdownPages(): string[] {
    const found = globSync(["*.md", "docs/**/*.md", ".github/**/*.md", "test/**/*.md", "lab/**/*.md"], {
        cwd: repositoryRoot,
    });
    return found.sort();
}
