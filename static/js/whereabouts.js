// What the server is told of the reader: where they are, how far they have read, that they write. By
// the socket where there is one, else by requests; who else is there is asked for then as well.

import { Activity } from "./activity.js";
import { Reads } from "./reads.js";

const PRESENCE_POLL_MS = 7000;

export class Whereabouts {
    // room(): the one in view
    constructor({ api, link, online, room }) {
        Object.assign(this, { api, link, online, room });
        this.activity = new Activity({ changed: () => this.say() });
        this.reads = new Reads((slug, seq) => this.#sayRead(slug, seq));
        setInterval(() => this.#poll(), PRESENCE_POLL_MS);
    }

    get place() {
        const visible = document.visibilityState === "visible";
        return { room: this.room(), state: this.activity.state, visible, at: this.activity.last };
    }

    say() {
        this.link.place(this.place);
        this.#poll();
    }

    async #poll() {
        if (this.link.pushes || this.link.stopped || document.visibilityState === "hidden") {
            return;
        }
        const answer = await this.api.get("presence/", { room: this.room() }).catch(() => null);
        if (answer && !this.link.pushes) {
            this.online.replace(answer);
        }
    }

    read(room, seq) {
        this.reads.mark(room, seq);
    }

    #sayRead(room, seq) {
        if (!this.link.send({ type: "read", room, up_to: seq }) && !this.link.stopped) {
            this.putRead(room, seq);
        }
    }

    putRead(room, seq) {
        this.api.put(`rooms/${encodeURIComponent(room)}/read/`, { up_to: seq }).catch(() => {});
    }

    // Without a socket it is over when it is said to be; with one the message itself says so.
    typing(room, on) {
        this.typingPosted = !this.link.send({ type: "typing", room, on }) && !this.link.stopped;
        if (this.typingPosted) {
            this.api.post(`rooms/${encodeURIComponent(room)}/typing/`, { on: on ? 1 : 0 }).catch(() => {});
            this.typingPosted = on;
        }
    }

    typedToEnd(room) {
        if (this.typingPosted) {
            this.typing(room, false);
        }
    }
}
