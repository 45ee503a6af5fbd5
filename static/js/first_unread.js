// Where the unread begin: the mark among the rows, and above the list the way to it for as long as it was not
// in sight. The mark stays where it is while one reads; it is set anew when the reader comes to the room, or
// comes back to the page.

import { toast } from "./toast.js";

const byId = (id) => document.getElementById(id);

function words(count) {
    if (count > 99) {
        return "More than 99 new messages";
    }
    return count === 1 ? "1 new message" : `${count} new messages`;
}

export class FirstUnread {
    // hooks: whole() → no older rows are to be had, find(after) → the id of the first unread message behind
    // that seq, jump(id), read() when the reader says that all of it is read
    constructor(log, timeline, hooks) {
        Object.assign(this, { timeline, hooks });
        this.bar = byId("unread-bar");
        this.seq = null; // read up to there when the reader came; null: nothing was unread
        this.observer = new IntersectionObserver((seen) => this.#seen(seen.at(-1).isIntersecting), { root: log });
        byId("unread-jump").addEventListener("click", (event) => {
            event.preventDefault();
            this.go();
        });
        byId("unread-read").addEventListener("submit", (event) => {
            event.preventDefault();
            this.#done();
            hooks.read();
        });
    }

    // What the server's page says; an empty shell says nothing.
    adopt(seq) {
        const count = Number(this.bar.dataset.count);
        if (count > 0) {
            this.arrive(seq, count);
            this.shown();
        }
    }

    // The reader comes, having read up to `seq`, and finds `count` unread. shown() follows, with the rows.
    arrive(seq, count) {
        this.seq = count > 0 && seq > 0 ? seq : null;
        this.away = this.seq !== null; // and was not there yet
        if (this.away) {
            byId("unread-count").textContent = words(count);
        }
        this.bar.hidden = true;
    }

    // Back at the newest rows of a room that was never left.
    stay(seq, count) {
        if (this.seq === null) {
            this.arrive(seq, count);
        }
    }

    // Other rows are there by now.
    shown() {
        this.observer.disconnect();
        const mark = this.timeline.markUnread(this.seq ?? 0, this.hooks.whole());
        if (!this.away) {
            this.bar.hidden = true;
        } else if (mark) {
            this.observer.observe(mark);
        } else {
            this.bar.hidden = false;
        }
    }

    // To the first of them, wherever it is. False where there is nothing to go to.
    go() {
        if (this.seq === null) {
            return false;
        }
        this.#go(this.timeline.firstUnread?.dataset.id);
        return true;
    }

    async #go(id) {
        const seq = this.seq;
        try {
            const found = id ?? (await this.hooks.find(seq));
            if (seq === this.seq) {
                this.hooks.jump(Number(found));
            }
        } catch (error) {
            toast(error.message);
        }
    }

    #seen(inSight) {
        if (inSight) {
            this.#done();
        } else {
            this.bar.hidden = !this.away;
        }
    }

    #done() {
        this.away = false;
        this.observer.disconnect();
        this.bar.hidden = true;
    }
}
