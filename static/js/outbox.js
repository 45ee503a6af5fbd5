// Messages not yet known to be stored, kept until they are: one storage key each, so that tabs do not
// overwrite one another's. They belong to a person: another who signs in here never sends them. And to
// the tab that wrote them, which alone shows and sends them while it lives; what a dead one left is taken
// over by one other.

export class Outbox {
    // tab: this one's id, or null where tabs do not know of each other; then every tab has them all.
    constructor(store, user, tab = null) {
        this.store = store;
        this.tab = tab;
        this.prefix = `out:${user}:`;
        this.entries = new Map();
        this.adopt((entry) => tab === null || entry.tab === tab);
    }

    // Takes over what was kept and is not here yet, the oldest first; returns it.
    adopt(wanted) {
        const found = this.#kept().filter((entry) => wanted(entry) && !this.entries.has(entry.client_id));
        return found.map((kept) => {
            const entry = { ...kept, state: kept.state === "failed" ? "failed" : "queued" };
            this.add(entry);
            return entry;
        });
    }

    // The tabs whose messages are kept.
    tabs() {
        return new Set(this.#kept().map((entry) => entry.tab ?? ""));
    }

    // After this tab was away, perhaps with another id now: forgets what others sent or took over, and returns it.
    forgetLost(tab) {
        this.tab = tab;
        const kept = new Map(this.#kept().map((entry) => [entry.client_id, entry]));
        const lost = [...this.entries.values()].filter(({ client_id }) => kept.get(client_id)?.tab !== this.tab);
        lost.forEach((entry) => this.entries.delete(entry.client_id));
        return lost;
    }

    add(entry) {
        this.entries.set(entry.client_id, entry);
        this.#keep(entry);
    }

    update(clientId, change) {
        const entry = this.entries.get(clientId);
        Object.assign(entry, change);
        this.#keep(entry);
        return entry;
    }

    remove(clientId) {
        this.store.remove(this.prefix + clientId);
        return this.entries.delete(clientId);
    }

    get(clientId) {
        return this.entries.get(clientId);
    }

    inRoom(room) {
        return [...this.entries.values()].filter((entry) => entry.room === room);
    }

    inThread(root) {
        return [...this.entries.values()].filter((entry) => entry.thread === root);
    }

    next() {
        return [...this.entries.values()].find((entry) => entry.state === "queued");
    }

    #kept() {
        return this.store.all(this.prefix).sort((a, b) => a.at - b.at);
    }

    // extra: what goes with the text as it is sent; reply_to, quote and attachments: what its row shows;
    // thread: where it was written, if it was beside the room
    #keep({ client_id, room, text, at, state, note, extra, reply_to, quote, attachments, thread }) {
        const kept = { client_id, room, text, at, state, note, extra, reply_to, quote, attachments, thread, tab: this.tab };
        this.store.set(this.prefix + client_id, kept);
    }
}
