// The proof that nothing was missed. Every room is a log numbered 1, 2, 3 … without gaps, and this
// holds how far each was read, whatever transport brought the events.

export class Logs {
    constructor(epoch, cursors = {}) {
        this.epoch = epoch;
        this.cursors = new Map(Object.entries(cursors));
    }

    last(room) {
        return this.cursors.get(room);
    }

    set(room, seq) {
        this.cursors.set(room, seq);
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
