// Read marks: how far the reader came in each room. The first is said at once, further ones at most
// once in two seconds.

const EVERY_MS = 2000;

export class Reads {
    // say(room, seq)
    constructor(say) {
        this.say = say;
        this.marks = new Map();
        this.said = new Map();
        this.last = 0;
        addEventListener("pagehide", () => this.#flush());
    }

    mark(room, seq) {
        if (seq <= (this.said.get(room) ?? 0)) {
            return;
        }
        this.marks.set(room, seq);
        const wait = EVERY_MS - (Date.now() - this.last);
        if (wait <= 0) {
            this.#flush();
        } else {
            this.timer ??= setTimeout(() => this.#flush(), wait);
        }
    }

    #flush() {
        clearTimeout(this.timer);
        this.timer = null;
        this.last = Date.now();
        for (const [room, seq] of this.marks) {
            this.said.set(room, seq);
            this.say(room, seq);
        }
        this.marks.clear();
    }
}
