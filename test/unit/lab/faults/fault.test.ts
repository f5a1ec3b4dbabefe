import { describe, expect, test } from "vitest";
import { commonPlaces, KINDS, keyOf, plannedFaults, WORKS } from "../../../../lab/faults/fault.ts";

const places = {
    create: { engine: 14, first: 134, second: 164 },
    update: { engine: 14, first: 146, second: 174 },
    destroy: { engine: 14, first: 103, second: 122 },
    abandon: { engine: 14, first: 134, second: 164 },
};

test("places that two pairs of hosts have in common are those of the one with fewer", () => {
    const other = { ...places, update: { engine: 15, first: 140, second: 180 } };
    expect(commonPlaces([places, other])).toEqual({ ...places, update: { engine: 14, first: 140, second: 174 } });
    expect(commonPlaces([places])).toEqual(places);
});

describe("a plan of faults", () => {
    test.each([[1], [5], [16], [240], [600]])("of %i has as many, and none twice", count => {
        const planned = plannedFaults(places, count, "seed");
        expect(new Set(planned.map(keyOf)).size).toBe(count);
    });

    test("strikes only where there is something", () => {
        for (const { work, place } of plannedFaults(places, 1000, "seed")) {
            expect(place.number).toBeGreaterThanOrEqual(1);
            expect(place.number).toBeLessThanOrEqual(places[work][place.of]);
        }
    });

    test("has every kind in every work, and places from the first to the last", () => {
        const planned = plannedFaults(places, 240, "seed");
        for (const kind of KINDS)
            for (const work of WORKS) {
                const some = planned.filter(fault => fault.kind === kind && fault.work === work);
                expect(some).toHaveLength(12);
                expect(new Set(some.map(({ place }) => place.of))).toEqual(new Set(["engine", "first", "second"]));
            }
    });

    test("of five has one of each kind, in every work, on both hosts and in the engine", () => {
        const planned = plannedFaults(places, 5, "seed");
        expect(new Set(planned.map(({ kind }) => kind))).toEqual(new Set(KINDS));
        expect(new Set(planned.map(({ work }) => work))).toEqual(new Set(WORKS));
        expect(new Set(planned.map(({ place }) => place.of))).toEqual(new Set(["engine", "first", "second"]));
    });

    test("is the same for the same seed, and another for another", () => {
        const keys = (seed: string) => plannedFaults(places, 60, seed).map(keyOf);
        expect(keys("a")).toEqual(keys("a"));
        expect(keys("a")).not.toEqual(keys("b"));
    });

    test("is none where there are no places", () => {
        const none = { engine: 0, first: 0, second: 0 };
        expect(plannedFaults({ create: none, update: none, destroy: none, abandon: none }, 15, "seed")).toEqual([]);
    });
});
