// The JSON API. Every failure is an ApiError: `code` and `message` are the server's, or "network".

const TIMEOUT_MS = 15000;

export class ApiError extends Error {
    constructor(status, body, retryAfterMs = 0) {
        const error = body?.error ?? {};
        super(error.message ?? "The server cannot be reached.");
        this.status = status;
        this.code = error.code ?? (status === 0 ? "network" : "internal");
        this.retryable = error.retryable ?? (status === 0 || status >= 500);
        this.retryAfterMs = error.retry_after_ms ?? retryAfterMs;
        this.loginUrl = error.login_url ?? body?.login_url;
        this.body = body;
    }

    // What it says of the way that was tried. Blocked: the same is to be expected for a while.
    get fault() {
        const passing = this.status === 0 || this.status === 429 || this.status >= 500;
        return {
            status: this.status,
            reason: this.message,
            blocked: !passing || this.code === "too_many_connections",
            final: this.status === 403 && this.body?.error !== undefined,
            retryAfterMs: this.retryAfterMs,
            loginUrl: this.loginUrl,
        };
    }
}

const withQuery = (path, query) => {
    const search = new URLSearchParams(query).toString();
    return search ? `${path}?${search}` : path;
};

// A proxy says it in seconds, or as a date, which is not worth reading.
const retryAfterMs = (answer) => (Number(answer.headers.get("Retry-After")) || 0) * 1000;

export class Api {
    constructor(base, auth) {
        this.base = base;
        this.auth = auth;
    }

    // `signal` stands for the timeout of a question that may take longer.
    get(path, query = {}, signal = undefined) {
        return this.#call("GET", withQuery(path, query), undefined, signal);
    }

    // An answer of which the body is still to come, for as long as `signal` lets it.
    open(path, query, signal) {
        return this.#renewing(() => this.#send("GET", withQuery(path, query), undefined, signal, "text/event-stream"));
    }

    // The bytes of a file.
    async getBlob(path, signal) {
        try {
            return await (await this.#renewing(() => this.#send("GET", path, undefined, signal, "*/*"))).blob();
        } catch (error) {
            throw error instanceof ApiError ? error : new ApiError(0, null);
        }
    }

    post(path, body = {}, signal = undefined) {
        return this.#call("POST", path, body, signal);
    }

    // `body`: fields, or a Blob as it is
    put(path, body = {}, signal = undefined) {
        return this.#call("PUT", path, body, signal);
    }

    patch(path, body = {}) {
        return this.#call("PATCH", path, body);
    }

    delete(path, body = {}) {
        return this.#call("DELETE", path, body);
    }

    // A last word while the page goes away: no answer is waited for. A beacon cannot carry a token.
    beacon(path, fields) {
        if (this.auth.token()) {
            const headers = { "Content-Type": "application/json", ...this.auth.headers() };
            fetch(this.base + path, { method: "POST", keepalive: true, headers, body: JSON.stringify(fields) }).catch(() => {});
            return;
        }
        navigator.sendBeacon(this.base + path, new URLSearchParams({ ...fields, csrf: this.auth.csrf }));
    }

    async #call(method, path, body, signal) {
        try {
            return await this.#renewing(() => this.#once(method, path, body, signal));
        } catch (error) {
            if (error.code === "csrf" && method !== "GET") {
                this.auth.csrf = (await this.#once("GET", "me/")).csrf;
                return this.#once(method, path, body);
            }
            throw error;
        }
    }

    // Once more where the token had run out and there is another.
    async #renewing(once) {
        try {
            return await once();
        } catch (error) {
            if (error.status === 401 && (await this.auth.renew())) {
                return once();
            }
            throw error;
        }
    }

    async #once(method, path, body, signal) {
        const answer = await this.#send(method, path, body, signal);
        try {
            return answer.status === 204 ? null : await answer.json();
        } catch {
            throw new ApiError(0, null);
        }
    }

    // The answer's head, where it is a good one.
    async #send(method, path, body, signal = AbortSignal.timeout(TIMEOUT_MS), accept = "application/json") {
        const headers = { Accept: accept, ...this.auth.headers() };
        const request = { method, headers, credentials: "same-origin", signal };
        if (body instanceof Blob) {
            headers["Content-Type"] = "application/octet-stream";
            request.body = body;
        } else if (body !== undefined) {
            headers["Content-Type"] = "application/json";
            request.body = JSON.stringify(body);
        }
        let answer;
        try {
            answer = await fetch(this.base + path, request);
        } catch {
            throw new ApiError(0, null);
        }
        if (!answer.ok) {
            throw new ApiError(answer.status, await answer.json().catch(() => null), retryAfterMs(answer));
        }
        return answer;
    }
}
