import { Octokit } from "@octokit/rest";
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

/**
 * Puts the comment on the pull request, in place of the author's own that begins with the marker: a pull request has
 * one, however often it is pushed to. Throws `CouldNotRun` with GitHub's answer and what to do.
 */
export async function postComment(
    body: string,
    marker: string,
    { event, token, apiUrl, author }: Posting,
): Promise<Posted> {
    const github = new Octokit({ auth: token, baseUrl: apiUrl, userAgent: "clearpath" });
    const { owner, name } = event.repository;
    const place = { owner: owner.login, repo: name };
    const { number } = event.pull_request;
    try {
        const comments = github.paginate.iterator(github.rest.issues.listComments, {
            ...place,
            issue_number: number,
            per_page: 100,
        });
        for await (const { data } of comments) {
            const own = data.find(comment => comment.user?.login === author && comment.body?.startsWith(marker));
            if (own === undefined) continue;
            if (own.body === body) return { action: "unchanged", url: own.html_url };
            const updated = await github.rest.issues.updateComment({ ...place, comment_id: own.id, body });
            return { action: "updated", url: updated.data.html_url };
        }
        const created = await github.rest.issues.createComment({ ...place, issue_number: number, body });
        return { action: "created", url: created.data.html_url };
    } catch (error) {
        throw new CouldNotRun(refusal(error, `${owner.login}/${name}#${number}`));
    }
}

function refusal(error: unknown, where: string): string {
    const { status, message } = error as { status?: number; message: string };
    const said = `${where} could not be commented on: ${message.split("\n")[0]}.`;
    if (status === 401) return `${said} Nothing was written. Give a token that is valid in GITHUB_TOKEN.`;
    if (status === 403 || status === 404)
        return `${said} Nothing was written. The job needs \`permissions: pull-requests: write\`; a pull request from a fork never gets it, and has the comment in the job's summary.`;
    return `${said} Run the job again.`;
}
