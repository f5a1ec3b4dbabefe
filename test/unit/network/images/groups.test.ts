import { describe, expect, test } from "vitest";
import { plannedGroups } from "../../../../cluster/lint/images/mirrorGroups.ts";
import { PLANNED_IMAGES } from "../../../../components/config/config.ts";
import { IMAGE_GROUP_NAMES, IMAGE_GROUPS, imagesOfGroups } from "../../../../network/images/groups.ts";

describe("the plan's image groups", () => {
    test("are ten, each with a name of its own", () => {
        expect(new Set(IMAGE_GROUP_NAMES).size).toBe(10);
    });

    test.each(IMAGE_GROUPS.flatMap(({ name, images }) => images.map(image => [name, image])))(
        "%s pins %s to its registry and to a tag that does not move",
        (_, image) => {
            expect(image).toMatch(/^[a-z0-9-]+(\.[a-z0-9-]+)+(\/[a-z0-9._-]+)+:v?\d[\w.-]*$/);
        },
    );

    test("are read by lint as they stand", () => {
        const counts = plannedGroups().map(({ images }) => images.length);
        expect(counts).toEqual(IMAGE_GROUPS.map(({ images }) => images.length));
    });

    test("hold what the probes pull", () => {
        expect(imagesOfGroups(IMAGE_GROUP_NAMES)).toEqual(expect.arrayContaining(PLANNED_IMAGES));
    });

    test("are given by priority, not by the order that they were asked for in", () => {
        const images = imagesOfGroups(["flux", "kube-vip"]);
        expect(images[0]).toContain("kube-vip");
        expect(images.at(-1)).toContain("fluxcd");
    });
});
