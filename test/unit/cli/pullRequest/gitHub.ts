import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

/** Speaks the part of GitHub's REST API that comments need, for `me/cluster#7`: its wire, not our code. */
export interface GitHub {
    url: string;
    comments: { id: number; login: string; body: string }[];
    /** Requests heard, and those of them that wrote. */
    requests: number;
    writes: number;
    add(login: string, body: string): Promise<void>;
    /** Answers everything by an error from now on. */
    refuse(status: number, message: string): void;
    /** Names a page on another server as the one after the last. */
    goOnAt(page: string): void;
    stop(): Promise<void>;
}

const COMMENTS = "/repos/me/cluster/issues/7/comments";
const COMMENT = /^\/repos\/me\/cluster\/issues\/comments\/(\d+)$/;
/** GitHub's ids are beyond 32 bits. */
const FIRST_ID = 3_000_000_001;

export async function startGitHub(): Promise<GitHub> {
    let refusal: { status: number; message: string } | undefined;
    let elsewhere: string | undefined;
    const server = createServer(async (request, response) => {
        gitHub.requests++;
        const { status, body, link } = await answer(request);
        response.writeHead(status, { "content-type": "application/json", ...(link && { link }) });
        response.end(JSON.stringify(body));
    });
    await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const shown = ({ id, login, body }: GitHub["comments"][number]) => ({
        id,
        body,
        user: { login },
        html_url: `${url}/me/cluster/pull/7#issuecomment-${id}`,
    });

    async function answer(request: IncomingMessage): Promise<{ status: number; body: unknown; link?: string }> {
        const { pathname, searchParams } = new URL(request.url!, url);
        if (refusal) return { status: refusal.status, body: { message: refusal.message } };
        if (request.headers.authorization !== "Bearer t0ken")
            return { status: 401, body: { message: "Bad credentials" } };
        if (pathname === COMMENTS && request.method === "GET") {
            const size = Number(searchParams.get("per_page") ?? 30);
            const page = Number(searchParams.get("page") ?? 1);
            const body = gitHub.comments.slice((page - 1) * size, page * size).map(shown);
            const isLast = page * size >= gitHub.comments.length;
            const next = isLast ? elsewhere : `${url}${COMMENTS}?per_page=${size}&page=${page + 1}`;
            return { status: 200, body, link: next && `<${next}>; rel="next", <${url}${COMMENTS}>; rel="first"` };
        }
        const { body: text } = (await json(request)) as { body: string };
        gitHub.writes++;
        if (pathname === COMMENTS && request.method === "POST") {
            await gitHub.add("github-actions[bot]", text);
            return { status: 201, body: shown(gitHub.comments.at(-1)!) };
        }
        const own = gitHub.comments.find(({ id }) => id === Number(COMMENT.exec(pathname)?.[1]));
        if (own === undefined || request.method !== "PATCH") return { status: 404, body: { message: "Not Found" } };
        own.body = text;
        return { status: 200, body: shown(own) };
    }

    const gitHub: GitHub = {
        url,
        comments: [],
        requests: 0,
        writes: 0,
        async add(login, body) {
            gitHub.comments.push({ id: FIRST_ID + gitHub.comments.length, login, body });
        },
        refuse(status, message) {
            refusal = { status, message };
        },
        goOnAt(page) {
            elsewhere = page;
        },
        stop: () => new Promise(resolve => server.close(() => resolve())),
    };
    return gitHub;
}
