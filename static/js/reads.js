// Read marks: how far the reader came in each room, said at most once in two seconds.

const EVERY_MS = 2000;

export class Reads {
    // say(room, seq)
    constructor(say) {
        this.say = say;
        this.marks = new Map();
        this.said = new Map();
    }

    mark(room, seq) {
        if (seq <= (this.said.get(room) ?? 0)) {
            return;
        }
        this.marks.set(room, seq);
        this.timer ??= setTimeout(() => this.#flush(), EVERY_MS);
    }

    #flush() {
        this.timer = null;
        for (const [room, seq] of this.marks) {
            this.said.set(room, seq);
            this.say(room, seq);
        }
        this.marks.clear();
    }
}
