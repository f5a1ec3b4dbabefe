import { type Cidr, containsCidr, familyOfCidr } from "./cidr.ts";
import type { ClampHook } from "./clampTable.ts";
import { IP_FAMILIES, type IpFamily } from "./family.ts";

/** One rule that lowers the MSS option of what it matches. */
export interface ClampRule {
    hook: ClampHook;
    family: IpFamily;
    /** In bytes. */
    mss: number;
    /** Subnets the packet must come from, and go to; undefined where any will do. */
    from: Cidr[] | undefined;
    to: Cidr[] | undefined;
    /** Whether a SYN-ACK matches too, not only the SYN. */
    answers: boolean;
}

/** What a table does about packets that are too large for the path. */
export interface Clamp {
    rules: ClampRule[];
    /** Hooks at which the ICMP message that carries path MTU discovery is accepted by name. */
    icmpAccepted: { hook: ClampHook; family: IpFamily }[];
}

/**
 * Reads a clamp back from the body of an nftables table, whether it is text of `clampTable`, of someone's own hand, or
 * as `nft list table` prints it. Rules it does not understand are passed over, so it never claims more than there is.
 */
export function readClamp(content: string): Clamp {
    const blocks = readBlocks(tokensOf(content));
    const sets = new Map(
        blocks.filter(({ head }) => head[0] === "set").map(block => [`@${block.head[1]}`, elementsOf(block)]),
    );
    const chains = blocks.filter(({ head }) => head[0] === "chain").flatMap(block => hookOf(block) ?? []);
    return {
        rules: chains.flatMap(({ hook, rules }) => rules.flatMap(rule => clampRulesOf(hook, rule, sets))),
        icmpAccepted: chains.flatMap(({ hook, rules }) =>
            IP_FAMILIES.filter(family => rules.some(rule => acceptsTooBig(rule, family))).map(family => ({
                hook,
                family,
            })),
        ),
    };
}

/** The MSS that certainly holds for this IP version: the largest of its rules, in bytes; null when there is no rule. */
export function clampedMss(clamp: Clamp, family: IpFamily): number | null {
    const sizes = clamp.rules.filter(rule => rule.family === family).map(rule => rule.mss);
    return sizes.length === 0 ? null : Math.max(...sizes);
}

/** Those of `subnets` whose forwarded connections keep their MSS in one direction at least, SYN or answer. */
export function unclampedSubnets(clamp: Clamp, subnets: readonly Cidr[]): Cidr[] {
    const forward = clamp.rules.filter(rule => rule.hook === "forward" && rule.answers);
    const covered = (end: "from" | "to", subnet: Cidr) =>
        forward
            .filter(rule => rule.family === familyOfCidr(subnet))
            // A rule that names only the other end is the one for the other direction, unless it names none at all.
            .some(rule => rule[end]?.some(outer => containsCidr(outer, subnet)) ?? !(rule.from ?? rule.to));
    return subnets.filter(subnet => !covered("from", subnet) || !covered("to", subnet));
}

interface Block {
    head: string[];
    statements: string[][];
}

/** Words, strings in quotes, and the signs that separate; comments and continued lines are gone. */
function tokensOf(content: string): string[] {
    const text = content.replace(/\\\r?\n/g, " ").replace(/("[^"\n]*")|#[^\n]*/g, (_, string) => string ?? "");
    return text.match(/"[^"\n]*"|[{};,\n/()|&]|[<>=!]=?|[^\s{};,"()|&<>=!]+/g)?.flatMap(splitSlash) ?? [];
}

/** `syn / syn,rst` has a slash of its own; that of `10.0.0.0/8` belongs to the word. */
function splitSlash(token: string): string[] {
    return /^[a-z]+\/[a-z]+$/.test(token) ? token.split(/(\/)/) : [token];
}

/** Blocks at the top: `set NAME { … }` and `chain NAME { … }`, each cut into statements. */
function readBlocks(tokens: string[]): Block[] {
    const blocks: Block[] = [];
    let head: string[] = [];
    let block: Block | undefined;
    let statement: string[] = [];
    let depth = 0;
    const end = () => {
        if (statement.length > 0) block?.statements.push(statement);
        statement = [];
    };
    for (const token of tokens) {
        if (token === "{") depth += 1;
        if (token === "}") depth -= 1;
        if (block === undefined) {
            if (token === "{") block = { head, statements: [] };
            else head = /^[\n;]$/.test(token) ? [] : [...head, token];
        } else if (depth === 0) {
            end();
            blocks.push(block);
            block = undefined;
            head = [];
        } else if (depth === 1 && /^[\n;]$/.test(token)) end();
        else if (token !== "\n") statement.push(token);
    }
    return blocks;
}

function elementsOf(set: Block): Cidr[] {
    const elements = set.statements.find(([first]) => first === "elements") ?? [];
    return elements
        .slice(3, -1)
        .filter(token => token !== ",")
        .map(asCidr);
}

function asCidr(token: string): Cidr {
    return token.includes("/") ? token : `${token}/${token.includes(":") ? 128 : 32}`;
}

function hookOf({ statements }: Block): { hook: ClampHook; rules: string[][] }[] | undefined {
    const head = statements.find(([first]) => first === "type");
    const hook = head?.[head.indexOf("hook") + 1];
    if (hook !== "forward" && hook !== "input" && hook !== "output") return undefined;
    return [{ hook, rules: statements.filter(statement => statement !== head && statement[0] !== "policy") }];
}

function clampRulesOf(hook: ClampHook, rule: string[], sets: Map<string, Cidr[]>): ClampRule[] {
    const mss = Number(after(rule, "maxseg", "size", "set"));
    if (!Number.isInteger(mss)) return [];
    return familiesOf(rule).map(family => ({
        hook,
        family,
        mss,
        from: subnetsAfter(rule, "saddr", sets),
        to: subnetsAfter(rule, "daddr", sets),
        answers: matchesAnswers(rule),
    }));
}

/** The token behind a run of tokens, or undefined when the rule does not have it. */
function after(rule: string[], ...run: string[]): string | undefined {
    const at = rule.findIndex((_, index) => run.every((token, offset) => rule[index + offset] === token));
    return at < 0 ? undefined : rule[at + run.length];
}

function familiesOf(rule: string[]): IpFamily[] {
    const protocol = after(rule, "meta", "protocol") ?? after(rule, "ether", "type");
    const named = after(rule, "nfproto") ?? protocol ?? rule.find(token => /^ip6?$/.test(token));
    if (named === undefined) return [...IP_FAMILIES];
    return [named === "ipv4" || named === "ip" ? "ipv4" : "ipv6"];
}

function subnetsAfter(rule: string[], end: "saddr" | "daddr", sets: Map<string, Cidr[]>): Cidr[] | undefined {
    const at = rule.indexOf(end);
    const [value] = rule.slice(at + 1);
    if (at < 0 || value === undefined || value === "!=") return undefined;
    if (value.startsWith("@")) return sets.get(value) ?? [];
    if (value !== "{") return [asCidr(value)];
    const list = rule.slice(at + 2, rule.indexOf("}", at));
    return list.filter(token => token !== ",").map(asCidr);
}

/** `syn / syn,rst`, `& (syn | rst) == syn` and no match at all take a SYN-ACK; a mask with ack, or `== syn`, does not. */
function matchesAnswers(rule: string[]): boolean {
    const at = rule.findIndex((token, index) => token === "flags" && rule[index - 1] === "tcp");
    if (at < 0) return true;
    const [first, ...rest] = rule.slice(at + 1);
    if (first === "==") return false;
    const signs = new Set(["/", ",", "&", "(", ")", "|", "==", "syn", "ack", "rst", "fin", "psh", "urg", "ecn", "cwr"]);
    const end = rest.findIndex(token => !signs.has(token));
    return !rest.slice(0, end < 0 ? rest.length : end).includes("ack");
}

function acceptsTooBig(rule: string[], family: IpFamily): boolean {
    if (rule.at(-1) !== "accept") return false;
    const protocol = family === "ipv4" ? "icmp" : "icmpv6";
    const [type, code] = [listAfter(rule, protocol, "type"), listAfter(rule, protocol, "code")];
    if (family === "ipv6") return type.some(name => name === "packet-too-big" || name === "2");
    const unreachable = type.some(name => name === "destination-unreachable" || name === "3");
    return unreachable && (code.length === 0 || code.some(name => name === "frag-needed" || name === "4"));
}

function listAfter(rule: string[], ...run: string[]): string[] {
    const first = after(rule, ...run);
    if (first !== "{") return first === undefined ? [] : [first];
    const at = rule.findIndex((_, index) => run.every((token, offset) => rule[index + offset] === token));
    return rule.slice(at + run.length + 1, rule.indexOf("}", at)).filter(token => token !== ",");
}
