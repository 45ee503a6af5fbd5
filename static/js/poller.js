// The timed poll: keeps events coming while no socket is up, and keeps this page's presence alive.

const FIRST_MS = 2000;
const ACTIVE_MS = 2000;
const QUIET_MS = 5000;
const HIDDEN_MS = 15000;
const QUIET_AFTER_MS = 60000;
const MOST_MS = 30000;

export class Poller {
    // hooks: query() → parameters, answer(body), failed(error) → true where polling is to end
    constructor(api, hooks) {
        this.api = api;
        this.hooks = hooks;
        this.running = false;
        this.healthy = false;
        this.failures = 0;
        this.lastEvent = Date.now();
    }

    start() {
        if (!this.running) {
            this.running = true;
            this.failures = 0;
            this.#in(Math.random() * FIRST_MS);
        }
    }

    stop() {
        this.running = false;
        this.healthy = false;
        clearTimeout(this.timer);
    }

    soon() {
        if (this.running && !this.asking) {
            this.#in(0);
        }
    }

    #in(ms) {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.#ask(), ms);
    }

    async #ask() {
        this.asking = true;
        let wait;
        try {
            const body = await this.api.get("events/", this.hooks.query());
            wait = this.#answered(body);
        } catch (error) {
            wait = this.#failed(error);
        }
        this.asking = false;
        if (this.running) {
            this.#in(wait);
        }
    }

    #answered(body) {
        this.failures = 0;
        this.healthy = this.running;
        if (body.events.length > 0) {
            this.lastEvent = Date.now();
        }
        this.hooks.answer(body);
        return body.more ? 0 : Math.max(body.poll_after_ms ?? 0, this.#pace()) * (0.9 + Math.random() / 5);
    }

    #failed(error) {
        if (error.code === "resync") {
            this.healthy = this.running;
        } else {
            this.failures++;
            this.healthy = false;
        }
        if (this.hooks.failed(error)) {
            this.stop();
        }
        const pause = Math.min(ACTIVE_MS * 2 ** this.failures, MOST_MS) * (0.5 + Math.random() / 2);
        return Math.max(pause, error.retryAfterMs ?? 0);
    }

    #pace() {
        if (document.visibilityState === "hidden") {
            return HIDDEN_MS;
        }
        return Date.now() - this.lastEvent > QUIET_AFTER_MS ? QUIET_MS : ACTIVE_MS;
    }
}
