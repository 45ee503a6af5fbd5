// The poll: asks for what is newer, again and again, and keeps this page's presence alive. Where it
// may wait, and the server can, the answer is held back until there is something; otherwise it is timed.

const FIRST_MS = 2000;
const ACTIVE_MS = 2000;
const QUIET_MS = 5000;
const HIDDEN_MS = 15000;
const QUIET_AFTER_MS = 60000;
const MOST_MS = 30000;
const PROBE_S = 1;
const WAIT_S = 20;
const LATE_MS = 15000; // for an answer, beyond the time that it may be held
const LEAST_MS = 1000; // from one empty answer to the next, whatever the server says

export class Poller {
    // hooks: query() → parameters, answer(body), failed(error) → true where polling is to end;
    // path, and mayWait: whether a request may be held open
    constructor(api, { path = "events/", mayWait = false, ...hooks }) {
        Object.assign(this, { api, path, mayWait, hooks });
        this.marks = new Map(); // room: how far this person has read, as the server last said
        this.running = false;
        this.lastEvent = Date.now();
        this.#forget();
    }

    #forget() {
        this.healthy = false;
        this.holding = false; // the last answer came as soon as there was something
    }

    start(withinMs = FIRST_MS) {
        if (!this.running) {
            this.running = true;
            this.failures = 0;
            this.#in(Math.random() * withinMs);
        }
    }

    stop() {
        this.running = false;
        this.#forget();
        this.#cancel();
    }

    // Asks now, unless it does.
    soon() {
        if (this.running && !this.asked) {
            this.#in(0);
        }
    }

    // Waits no longer with the cursors that it has, but with those of now.
    again() {
        if (this.running && this.holding) {
            this.#cancel();
        }
        this.soon();
    }

    #cancel() {
        clearTimeout(this.timer);
        this.asked?.abort();
        this.asked = null;
    }

    #in(ms) {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.#ask(), ms);
    }

    async #ask() {
        const asked = (this.asked = new AbortController());
        const question = { seconds: this.#seconds(), at: Date.now() };
        const late = setTimeout(() => asked.abort(), question.seconds * 1000 + LATE_MS);
        let pause;
        try {
            const query = this.#query(question.seconds);
            const body = await this.api.get(this.path, query, asked.signal);
            pause = this.asked === asked && this.#answered(body, question);
        } catch (error) {
            pause = this.asked === asked && this.#failed(error);
        } finally {
            clearTimeout(late);
        }
        if (this.asked === asked) {
            this.asked = null;
            this.#in(pause);
        }
    }

    // With the marks that are known, so that an answer need not wait for an event to tell of others.
    #query(seconds) {
        const query = this.hooks.query();
        if (!this.mayWait) {
            return query;
        }
        const cursor = (one) => {
            const mark = this.marks.get(one.slice(0, one.indexOf(":")));
            return mark === undefined ? one : `${one}:${mark}`;
        };
        return { ...query, rooms: query.rooms.split(",").map(cursor).join(","), wait: seconds };
    }

    // Whether it was marks that ended the wait.
    #noteMarks({ rooms = {}, reads = [] }) {
        const told = [
            ...Object.entries(rooms).map(([room, { last_read_seq: mark = 0 }]) => [room, mark]),
            ...reads.map(({ room, up_to: mark }) => [room, mark]),
        ];
        const news = told.filter(([room, mark]) => mark > (this.marks.get(room) ?? -1));
        news.forEach(([room, mark]) => this.marks.set(room, mark));
        return news.length > 0 || reads.length > 0;
    }

    // First whether anybody is there, then whether an answer can be held, then for as long as it can.
    #seconds() {
        if (!this.mayWait || !this.healthy) {
            return 0;
        }
        return this.holding ? WAIT_S : PROBE_S;
    }

    #answered(body, question) {
        this.failures = 0;
        this.healthy = true;
        this.holding = body.waited === true;
        const isNews = this.#noteMarks(body) || body.events.length > 0;
        if (body.events.length > 0) {
            this.lastEvent = Date.now();
        }
        this.hooks.answer(body);
        return this.#pause(body, question, isNews);
    }

    #pause(body, question, isNews) {
        if (body.more || (this.mayWait && question.seconds === 0)) {
            return 0;
        }
        const after = body.poll_after_ms ?? 0;
        if (body.waited) {
            return isNews ? after : Math.max(after, question.at + LEAST_MS - Date.now());
        }
        return Math.max(after, this.#pace()) * (0.9 + Math.random() / 5);
    }

    #failed(error) {
        this.holding = false;
        if (error.code === "resync") {
            this.healthy = true;
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
