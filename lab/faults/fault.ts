import { draws } from "../network/internet/draw.ts";

/** What a fault ends: the runner with all that runs on it, one process, every SSH connection, or a host's power. */
export const KINDS = ["runner", "engine", "plugin", "connection", "host"] as const;
export type Kind = (typeof KINDS)[number];

/** What is under way: an `up` from nothing, an `up` that changes every resource, a `destroy`, or an `up` to be given up. */
export const WORKS = ["create", "update", "destroy", "abandon"] as const;
export type Work = (typeof WORKS)[number];

/** What the next run, alone, has to put everything right by: the same work, or a `destroy` of what was given up. */
export const NEXT = {
    create: "create",
    update: "update",
    destroy: "destroy",
    abandon: "destroy",
} as const satisfies Record<Work, Work>;

/** Where a run is struck: at a step event of the engine, or before a command on the stack's first or second host. */
export interface Place {
    of: "engine" | "first" | "second";
    number: number;
}

export interface Fault {
    work: Work;
    place: Place;
    kind: Kind;
}

/** Parts that places are counted in. */
const PARTS = ["first", "second", "engine"] as const satisfies Place["of"][];

/** How many places there are for one piece of work, as counted in a run without a fault. */
export type Places = Record<Place["of"], number>;

/** The places that every pair of hosts has: one way to set up a link takes more commands than another. */
export function commonPlaces(all: readonly Record<Work, Places>[]): Record<Work, Places> {
    const fewest = (work: Work, of: Place["of"]) => Math.min(...all.map(places => places[work][of]));
    const ofWork = (work: Work) => Object.fromEntries(PARTS.map(of => [of, fewest(work, of)])) as Places;
    return Object.fromEntries(WORKS.map(work => [work, ofWork(work)])) as Record<Work, Places>;
}

/** Names a fault as a step and a kind; no two of a campaign are the same. */
export function keyOf({ work, place, kind }: Fault): string {
    return `${work}/${place.of}/${place.number}/${kind}`;
}

/**
 * `count` different faults, or as many as there are: each kind for each work and part alike, spread evenly over the
 * places from a start that the seed draws, and in an order that it draws.
 */
export function plannedFaults(places: Record<Work, Places>, count: number, seed: string): Fault[] {
    const draw = draws(seed);
    // In an order that has every kind in it before one comes again, and all parts and works among the first five, for
    // counts that do not go round.
    const groups = WORKS.flatMap((_, turn) =>
        PARTS.flatMap((_, shift) =>
            KINDS.map((kind, index) => ({
                kind,
                of: PARTS[(index + shift) % PARTS.length]!,
                work: WORKS[(index + shift + turn) % WORKS.length]!,
            })),
        ),
    );
    const faults = groups.flatMap(({ kind, work, of }, index) => {
        const all = places[work][of];
        const share = Math.floor(count / groups.length) + (index < count % groups.length ? 1 : 0);
        const wanted = Math.min(share, all);
        const start = draw() * (all / wanted);
        return Array.from({ length: wanted }, (_, step): Fault => {
            const number = 1 + Math.floor(start + step * (all / wanted));
            return { work, place: { of, number }, kind };
        });
    });
    return faults
        .map(fault => ({ fault, order: draw() }))
        .sort((one, other) => one.order - other.order)
        .map(({ fault }) => fault);
}
