import { answerJson, type Site } from "./site.ts";

/** Doppler's API as far as reachability goes: who am I, with a service token (`dp.…`) or without. */
export const dopplerSite: Site = exchange => {
    const { url, request } = exchange;
    const authorized = request.headers.authorization?.startsWith("Bearer dp.") ?? false;
    if (url.pathname !== "/v3/me") answerJson(exchange, 404, failure("Not found"));
    else if (!authorized) answerJson(exchange, 401, failure("Unauthorized"));
    else answerJson(exchange, 200, { success: true, type: "service_token", name: "lab", workplace: { name: "Lab" } });
};

function failure(message: string) {
    return { success: false, messages: [message] };
}
