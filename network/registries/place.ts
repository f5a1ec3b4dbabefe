/** Keys and indices that lead to a value of the file. */
export type FilePath = readonly (string | number)[];

/** A place in the file, both counted from 1. */
export interface Position {
    line: number;
    column: number;
}
