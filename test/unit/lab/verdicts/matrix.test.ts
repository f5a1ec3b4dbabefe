import { expect, test } from "vitest";
import { confusionMatrix, labelOf } from "../../../../lab/verdicts/matrix.ts";

const plain = (text: string) => text.replace(/[^\S\n]+/g, " ");

test("a right verdict counts on the diagonal, a wrong one beside it under the letter of what was named", () => {
    const matrix = plain(
        confusionMatrix([
            { expected: "dns", named: "dns" },
            { expected: "dns", named: "none" },
            { expected: "none", named: "none" },
        ]),
    );
    expect(matrix).toContain("A dns │ 1 │ 1 │");
    expect(matrix).toContain("B none │ · │ 1 │");
});

test("what was named and never expected is explained below", () => {
    const matrix = confusionMatrix([{ expected: "none", named: "unknown" }]);
    expect(plain(matrix)).toContain("A none │ 0 │ 1 │");
    expect(matrix).toContain("B  unknown (never expected)");
});

test("a hole is told from another by its direction", () => {
    expect(labelOf({ cause: "pmtu-black-hole", direction: "upload" })).toBe("pmtu-black-hole upload");
    expect(labelOf({ cause: "dns", direction: null })).toBe("dns");
});
