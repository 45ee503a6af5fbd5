// Sends what is in the outbox, one after the other: by the socket while it is live, else by POST. An
// answer that does not come leaves the entry as it was, and the same client_id goes out again, so the
// server stores it once whatever was lost on the way.

import { ago } from "./time.js";

const ANSWER_MS = 8000;
const STALE_MS = 300000; // an older message is sent only if its author says so again
const PAUSE_MS = 2000;
const MOST_PAUSE_MS = 15000;

export class Sender {
    // hooks: changed(entry), stored(entry), posted(message)
    constructor({ outbox, link, api, hooks }) {
        Object.assign(this, { outbox, link, api, hooks });
        this.waiting = new Map(); // client_id → settle
        this.failures = 0;
        this.preferPost = false;
    }

    add(entry) {
        this.outbox.add({ ...entry, state: "queued" });
        this.flush();
    }

    retry(clientId) {
        this.hooks.changed(this.outbox.update(clientId, { state: "queued", note: null, at: Date.now() }));
        this.flush();
    }

    // An ack, an error or the event itself names the client_id. An outcome of null: no socket took it.
    settle(clientId, outcome) {
        this.waiting.get(clientId)?.(outcome);
    }

    // Sends all that is queued; does nothing where that is under way.
    async flush() {
        if (this.busy) {
            return;
        }
        this.busy = true;
        clearTimeout(this.timer);
        let pause = 0;
        for (let entry = this.outbox.next(); entry && !pause; entry = this.outbox.next()) {
            pause = await this.#send(entry);
        }
        this.busy = false;
        if (pause) {
            this.timer = setTimeout(() => this.flush(), pause);
        }
    }

    // 0, or how long to wait before the next try.
    async #send(entry) {
        if (Date.now() - entry.at > STALE_MS) {
            this.#fail(entry, `Written ${ago(entry.at)} and not sent.`);
            return 0;
        }
        const answer = this.preferPost ? null : await this.#bySocket(entry);
        this.preferPost = false;
        const outcome = answer ?? (await this.#byPost(entry));
        if (!this.outbox.get(entry.client_id)) {
            this.failures = 0;
            return 0; // its event came first
        }
        if (outcome.stored) {
            this.failures = 0;
            this.outbox.remove(entry.client_id);
            this.hooks.stored(entry);
            return 0;
        }
        return this.#notStored(entry, outcome, answer !== null);
    }

    #notStored(entry, { error }, bySocket) {
        if (error && !error.retryable) {
            this.#fail(entry, error.message);
            return 0;
        }
        this.failures++;
        this.preferPost = bySocket && !error;
        const wait = error?.retry_after_ms ?? error?.retryAfterMs ?? 0;
        const note = wait > 0 ? "Waiting to send…" : this.failures > 1 ? "Waiting for a connection…" : null;
        this.hooks.changed(this.outbox.update(entry.client_id, { state: "queued", note }));
        return Math.max(wait, Math.min(PAUSE_MS * 2 ** (this.failures - 1), MOST_PAUSE_MS));
    }

    #fail(entry, note) {
        this.hooks.changed(this.outbox.update(entry.client_id, { state: "failed", note }));
    }

    // Null: no socket took it.
    #bySocket({ client_id, room, text, extra }) {
        if (!this.link.send({ type: "message", room, client_id, message: text, ...extra })) {
            return null;
        }
        return new Promise((resolve) => {
            const timer = setTimeout(() => this.settle(client_id, {}), ANSWER_MS);
            this.waiting.set(client_id, (outcome) => {
                clearTimeout(timer);
                this.waiting.delete(client_id);
                resolve(outcome);
            });
        });
    }

    // The socket went away: what it had not answered is open again.
    linkLost() {
        for (const clientId of [...this.waiting.keys()]) {
            this.settle(clientId, {});
        }
    }

    async #byPost({ client_id, room, text, extra }) {
        try {
            const answer = await this.api.post("messages/create/", { room, client_id, message: text, ...extra });
            this.hooks.posted(answer.message);
            return { stored: true };
        } catch (error) {
            return { error };
        }
    }
}
