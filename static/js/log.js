// The proof that nothing was missed. Every room is a log numbered 1, 2, 3 … without gaps, and this
// holds how far each was read, whatever transport brought the events.

export class Logs {
    constructor(epoch, cursors = {}) {
        this.epoch = epoch;
        this.cursors = new Map(Object.entries(cursors));
    }

    // Another history: no number of the old one means anything in it. A cursor that is ahead of every
    // log is answered by a resync. True where it is another.
    begin(epoch) {
        if (epoch === this.epoch) {
            return false;
        }
        this.epoch = epoch;
        for (const room of this.cursors.keys()) {
            this.cursors.set(room, Number.MAX_SAFE_INTEGER);
        }
        return true;
    }

    last(room) {
        return this.cursors.get(room);
    }

    set(room, seq) {
        this.cursors.set(room, seq);
    }

    // False where there was none.
    forget(room) {
        return this.cursors.delete(room);
    }

    // "apply": it is the next one, and counts as read now. "drop": known already. "gap": something
    // before it is missing, ask. "other": no log of ours.
    take(room, seq) {
        const last = this.cursors.get(room);
        if (last === undefined) {
            return "other";
        }
        if (seq <= last) {
            return "drop";
        }
        if (seq > last + 1) {
            return "gap";
        }
        this.cursors.set(room, seq);
        return "apply";
    }

    // {room: seq}, `first` in front.
    all(first) {
        const cursors = Object.fromEntries(this.cursors);
        return first in cursors ? { [first]: cursors[first], ...cursors } : cursors;
    }
}
