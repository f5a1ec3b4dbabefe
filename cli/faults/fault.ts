import { draws } from "../../lab/internet/draw.ts";

/** What a fault ends: the runner with all that runs on it, one process, every SSH connection, or a host's power. */
export const KINDS = ["runner", "engine", "plugin", "connection", "host"] as const;
export type Kind = (typeof KINDS)[number];

/** What is under way: an `up` from nothing, an `up` that changes every resource, or a `destroy`. */
export const WORKS = ["create", "update", "destroy"] as const;
export type Work = (typeof WORKS)[number];

/** Where a run is struck: at a step event of the engine, or before a command on the stack's first or second host. */
export type Place = { of: "engine"; number: number } | { of: "first" | "second"; number: number };

export interface Fault {
    work: Work;
    place: Place;
    kind: Kind;
}

/** How many places there are for one piece of work, as counted in a run without a fault. */
export type Places = Record<Place["of"], number>;

/** Names a fault as a step and a kind; no two of a campaign are the same. */
export function keyOf({ work, place, kind }: Fault): string {
    return `${work}/${place.of}/${place.number}/${kind}`;
}

/**
 * About `count` different faults, as many of each kind for each work, spread evenly over all places from a start that
 * the seed draws, and in an order that it draws.
 */
export function plannedFaults(places: Record<Work, Places>, count: number, seed: string): Fault[] {
    const draw = draws(seed);
    const perGroup = Math.ceil(count / (KINDS.length * WORKS.length));
    const groups = KINDS.flatMap(kind => WORKS.map(work => ({ kind, work })));
    const faults = groups.flatMap(({ kind, work }) => {
        const all = (["engine", "first", "second"] as const).flatMap(of =>
            Array.from({ length: places[work][of] }, (_, index): Place => ({ of, number: index + 1 })),
        );
        const wanted = Math.min(perGroup, all.length);
        const start = draw() * (all.length / wanted);
        return Array.from({ length: wanted }, (_, index): Fault => {
            const place = all[Math.floor(start + index * (all.length / wanted))]!;
            return { work, place, kind };
        });
    });
    return faults
        .map(fault => ({ fault, order: draw() }))
        .sort((one, other) => one.order - other.order)
        .map(({ fault }) => fault);
}
