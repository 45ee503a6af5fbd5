// Messages not yet known to be stored, kept until they are: one storage key each, so that tabs do not
// overwrite one another's. They belong to a person: another who signs in here never sends them.

export class Outbox {
    constructor(store, user) {
        this.store = store;
        this.prefix = `out:${user}:`;
        this.entries = new Map();
        for (const kept of store.all(this.prefix).sort((a, b) => a.at - b.at)) {
            this.entries.set(kept.client_id, { ...kept, state: kept.state === "failed" ? "failed" : "queued" });
        }
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

    next() {
        return [...this.entries.values()].find((entry) => entry.state === "queued");
    }

    #keep({ client_id, room, text, at, state, note }) {
        this.store.set(this.prefix + client_id, { client_id, room, text, at, state, note });
    }
}
