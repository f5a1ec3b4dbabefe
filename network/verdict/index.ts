/** What the reports of all vantage points mean together: one cause, its evidence, and who can remove it. */
export type { Threshold } from "./steady.ts";
export { Verdict } from "./verdict.ts";
export { type JudgedRun, verdictOf } from "./verdictOf.ts";
