// The JSON API. Every failure is an ApiError: `code` and `message` are the server's, or "network".

const TIMEOUT_MS = 15000;

export class ApiError extends Error {
    constructor(status, body) {
        const error = body?.error ?? {};
        super(error.message ?? "The server cannot be reached.");
        this.status = status;
        this.code = error.code ?? (status === 0 ? "network" : "internal");
        this.retryable = error.retryable ?? (status === 0 || status >= 500);
        this.retryAfterMs = error.retry_after_ms ?? 0;
        this.loginUrl = error.login_url ?? body?.login_url;
        this.body = body;
    }
}

export class Api {
    constructor(base, auth) {
        this.base = base;
        this.auth = auth;
    }

    get(path, query = {}) {
        const search = new URLSearchParams(query).toString();
        return this.#call("GET", search ? `${path}?${search}` : path);
    }

    post(path, body = {}) {
        return this.#call("POST", path, body);
    }

    put(path, body = {}) {
        return this.#call("PUT", path, body);
    }

    // A last word while the page goes away: no answer is waited for.
    beacon(path, fields) {
        const form = new URLSearchParams({ ...fields, csrf: this.auth.csrf });
        return navigator.sendBeacon(this.base + path, form);
    }

    async #call(method, path, body) {
        try {
            return await this.#once(method, path, body);
        } catch (error) {
            if (error.status === 401 && (await this.auth.renew())) {
                return this.#once(method, path, body);
            }
            if (error.code === "csrf" && method !== "GET") {
                this.auth.csrf = (await this.#once("GET", "me/")).csrf;
                return this.#once(method, path, body);
            }
            throw error;
        }
    }

    async #once(method, path, body) {
        const headers = { Accept: "application/json", ...this.auth.headers() };
        const request = { method, headers, credentials: "same-origin", signal: AbortSignal.timeout(TIMEOUT_MS) };
        if (body !== undefined) {
            headers["Content-Type"] = "application/json";
            request.body = JSON.stringify(body);
        }
        let answer;
        let value;
        try {
            answer = await fetch(this.base + path, request);
            value = answer.status === 204 ? null : await answer.json();
        } catch {
            throw new ApiError(answer && answer.status >= 400 ? answer.status : 0, null);
        }
        if (!answer.ok) {
            throw new ApiError(answer.status, value);
        }
        return value;
    }
}
