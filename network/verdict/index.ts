/** What the reports of all vantage points mean together: one cause, its evidence, and who can remove it. */
export { Verdict } from "./verdict.ts";
export { verdictOf } from "./verdictOf.ts";
