// One stream of server-sent events: what a socket brings, to a page that can have none. Read by
// fetch(), which carries the token and shows the status; an EventSource does neither.

import { ApiError } from "./api.js";
import { EventParser } from "./sse.js";

const FIRST_MS = 5000; // nothing by then: something on the way collects what should flow
const REOPEN_MS = 300; // one for all the rooms that ask for it

export class Stream {
    pushes = true; // presence and typing come too

    // hooks: query() → parameters, welcome(frame), frame(frame), down(fault)
    constructor(api, hooks, heartbeatMs) {
        this.api = api;
        this.hooks = hooks;
        this.heartbeatMs = heartbeatMs;
        this.live = false;
        this.#open();
    }

    // It only brings.
    send() {
        return false;
    }

    // Opens it afresh with the cursors of now. What it brings meanwhile is brought by the next one.
    again() {
        this.reopening ??= setTimeout(() => this.#open(), REOPEN_MS);
    }

    // After a sleep the timers are late: says at once what they would say.
    check() {
        if (this.live && Date.now() - this.heard > this.heartbeatMs * 2) {
            this.#down({ reason: "silent" });
        }
    }

    // Ends it without a word to the hooks.
    drop() {
        clearTimeout(this.timer);
        clearTimeout(this.reopening);
        this.hooks = null;
        this.live = false;
        this.opened?.abort();
    }

    async #open() {
        this.reopening = null;
        this.opened?.abort();
        const { signal } = (this.opened = new AbortController());
        this.#expect(FIRST_MS, { blocked: true });
        let fault = { reason: "ended" };
        try {
            await this.#read(await this.#ask(signal), signal);
        } catch (error) {
            if (!(error instanceof ApiError)) {
                throw error;
            }
            fault = error.fault;
        } finally {
            if (!signal.aborted) {
                this.#down(fault);
            }
        }
    }

    async #ask(signal) {
        const answer = await this.api.open("stream/", this.hooks.query(), signal);
        if (!answer.headers.get("Content-Type")?.startsWith("text/event-stream")) {
            throw new ApiError(404, null); // somebody else's answer
        }
        return answer.body.getReader();
    }

    async #read(reader, signal) {
        const parser = new EventParser(({ data }) => signal.aborted || this.#receive(JSON.parse(data)));
        for (;;) {
            const { done, value } = await reader.read().catch(() => ({ done: true }));
            if (done || signal.aborted) {
                return;
            }
            parser.feed(value);
        }
    }

    #receive(frame) {
        this.heard = Date.now();
        if (frame.type === "welcome") {
            this.live = true;
            this.heartbeatMs = frame.heartbeat_ms ?? this.heartbeatMs;
            this.hooks.welcome(frame);
        } else if (frame.type === "close") {
            this.#down({ code: frame.code, reason: frame.reason });
        } else if (frame.type !== "ping") {
            this.hooks.frame(frame);
        }
        if (this.hooks) {
            this.#expect(this.heartbeatMs * 2 + 5000, { reason: "silent" });
        }
    }

    #expect(withinMs, fault) {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.#down(fault), withinMs);
    }

    #down(fault) {
        const { hooks, live } = this;
        this.drop();
        hooks?.down({ ...fault, live });
    }
}
