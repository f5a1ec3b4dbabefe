import type { Document, Node } from "yaml";

/** One document of a YAML file. Its identity is that of the object: overlays and patches carry it along. */
export interface YamlDocument {
    file: YamlFile;
    /** Position in the file, from 0. */
    index: number;
    syntax: Document.Parsed;
    /** Undefined for an empty document. */
    root: Located | undefined;
}

export interface YamlFile {
    /** Absolute. */
    path: string;
    text: string;
    documents: YamlDocument[];
    /** What could not be read, in the order of the file. A document with such an error is not among `documents`. */
    problems: YamlProblem[];
}

export interface YamlProblem {
    line: number;
    message: string;
}

/** Where a value was written. */
export interface Place {
    document: YamlDocument;
    /** In the document's file, from 1. */
    line: number;
    /** The syntax node; absent for a value out of text that is itself a scalar, such as an inline patch. */
    node?: Node;
}

export interface LocatedScalar {
    type: "scalar";
    value: string | number | boolean | bigint | null;
    /** Written without quotes, so that a substituted variable may change what it is. */
    plain: boolean;
    at: Place;
}

export interface LocatedList {
    type: "list";
    items: readonly Located[];
    at: Place;
}

export interface LocatedMap {
    type: "map";
    entries: ReadonlyMap<string, LocatedEntry>;
    at: Place;
}

export interface LocatedEntry {
    /** Where the key stands. */
    key: Place;
    value: Located;
}

/**
 * A YAML value that knows where it was written, and keeps knowing it when overlays and patches put values together.
 * Immutable; aliases share the value they name, so that a small file cannot grow large in memory.
 */
export type Located = LocatedScalar | LocatedList | LocatedMap;
