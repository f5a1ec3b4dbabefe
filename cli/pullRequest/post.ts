import { z } from "zod";
import { CouldNotRun } from "../exit.ts";
import type { PullRequestEvent } from "./inputs.ts";

export interface Posting {
    event: PullRequestEvent;
    /** May write to pull requests. */
    token: string;
    /** E.g. `https://api.github.com`. */
    apiUrl: string;
    /** Login that the token comments as. */
    author: string;
}

/** Where the comment is now, and whether it was there before. */
export interface Posted {
    action: "created" | "updated" | "unchanged";
    url: string;
}

/** How long GitHub may take for one answer. */
const ANSWER_MS = 60_000;

/** The part of a comment that is read here. Source: GitHub's REST API, "Issue comments". */
const Comment = z.object({
    id: z.int(),
    body: z.string().optional(),
    html_url: z.string(),
    user: z.object({ login: z.string() }).nullish(),
});

/** An answer of GitHub's other than the one asked for. */
class Refused extends Error {
    readonly status: number;

    constructor(status: number, message: string) {
        super(message);
        this.status = status;
    }
}

/**
 * Puts the comment on the pull request, in place of the author's own that begins with the marker: a pull request has
 * one, however often it is pushed to. Throws `CouldNotRun` with GitHub's answer and what to do.
 */
export async function postComment(body: string, marker: string, posting: Posting): Promise<Posted> {
    const { owner, name } = posting.event.repository;
    const { number } = posting.event.pull_request;
    const issues = `${posting.apiUrl}/repos/${encodeURIComponent(owner.login)}/${encodeURIComponent(name)}/issues`;
    try {
        for await (const comment of commentsOf(`${issues}/${number}/comments?per_page=100`, posting)) {
            if (comment.user?.login !== posting.author || !comment.body?.startsWith(marker)) continue;
            if (comment.body === body) return { action: "unchanged", url: comment.html_url };
            const updated = await ask("PATCH", `${issues}/comments/${comment.id}`, posting, { body });
            return { action: "updated", url: (await read(updated, Comment)).html_url };
        }
        const created = await ask("POST", `${issues}/${number}/comments`, posting, { body });
        return { action: "created", url: (await read(created, Comment)).html_url };
    } catch (error) {
        throw new CouldNotRun(refusal(error, `${owner.login}/${name}#${number}`));
    }
}

/** Every comment, page by page: GitHub names the next page in the header `Link` (RFC 8288). */
async function* commentsOf(first: string, posting: Posting): AsyncGenerator<z.infer<typeof Comment>> {
    const asked = new Set<string>();
    for (let page: string | undefined = first; page !== undefined && !asked.has(page); ) {
        asked.add(page);
        const response = await ask("GET", page, posting);
        yield* await read(response, z.array(Comment));
        const next = /<([^>]+)>\s*;\s*rel="next"/.exec(response.headers.get("link") ?? "")?.[1];
        // The token goes to no other server than the one it is for.
        page = next !== undefined && new URL(next).origin === new URL(first).origin ? next : undefined;
    }
}

/** Sends one request. Throws `Refused` with GitHub's message where the answer is no success. */
async function ask(method: string, url: string, { token }: Posting, body?: object): Promise<Response> {
    const response = await fetch(url, {
        method,
        headers: {
            authorization: `Bearer ${token}`,
            accept: "application/vnd.github+json",
            "user-agent": "clearpath",
            ...(body && { "content-type": "application/json" }),
        },
        ...(body && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(ANSWER_MS),
    });
    if (response.ok) return response;
    const said = z.object({ message: z.string() }).safeParse(await response.json().catch(() => undefined)).data;
    throw new Refused(response.status, said?.message ?? `GitHub answered with status ${response.status}`);
}

async function read<T>(response: Response, schema: z.ZodType<T>): Promise<T> {
    const parsed = schema.safeParse(await response.json());
    if (parsed.success) return parsed.data;
    const { path, message } = parsed.error.issues[0]!;
    throw new Error(`GitHub's answer has another form than its REST API: ${path.join(".") || "its top"}: ${message}`);
}

function refusal(error: unknown, where: string): string {
    const { message, cause } = error as Error;
    // What went wrong with a connection stands in the cause; the message is always "fetch failed".
    const reason = cause instanceof Error ? `${message}: ${cause.message}` : message;
    const said = `${where} got no comment: ${reason.split("\n")[0]}.`;
    const status = error instanceof Refused ? error.status : undefined;
    if (status === 401) return `${said} Nothing was written. Give a token that is valid in GITHUB_TOKEN.`;
    if (status === 403 || status === 404)
        return `${said} Nothing was written. The job needs \`permissions: pull-requests: write\`; a pull request from a fork never gets that permission, and its comment is in the job's summary.`;
    return `${said} Run the job again.`;
}
