// A namespace in localStorage, or sessionStorage. Where the browser refuses storage, the page works without a memory.

export class Store {
    constructor(prefix, storage = globalThis.localStorage) {
        this.prefix = prefix;
        this.storage = storage;
    }

    get(key) {
        try {
            return JSON.parse(this.storage.getItem(this.prefix + key));
        } catch {
            return null;
        }
    }

    // From now on nothing is kept: whoever this page is of has gone.
    close() {
        this.closed = true;
    }

    // False where it could not be kept (storage full, or refused).
    set(key, value) {
        if (this.closed) {
            return false;
        }
        try {
            this.storage.setItem(this.prefix + key, JSON.stringify(value));
            return true;
        } catch {
            return false;
        }
    }

    remove(key) {
        try {
            this.storage.removeItem(this.prefix + key);
        } catch {
            // Nothing was kept, so nothing is left behind.
        }
    }

    // Whether a key of the browser's storage is this one of ours.
    names(key, own) {
        return key === this.prefix + own;
    }

    // Those keys that begin with `start` and for which wanted(key) holds.
    drop(start, wanted) {
        try {
            const keys = Array.from({ length: this.storage.length }, (_, i) => this.storage.key(i));
            keys.filter((key) => key.startsWith(this.prefix + start))
                .map((key) => key.slice(this.prefix.length))
                .filter(wanted)
                .forEach((key) => this.remove(key));
        } catch {
            // Nothing was kept.
        }
    }

    // The values of all keys that begin with `start`.
    all(start) {
        const found = [];
        try {
            for (let i = 0; i < this.storage.length; i++) {
                const key = this.storage.key(i);
                if (key.startsWith(this.prefix + start)) {
                    found.push(this.get(key.slice(this.prefix.length)));
                }
            }
        } catch {
            return [];
        }
        return found.filter((value) => value !== null);
    }
}

// localStorage itself may throw on access, and so may sessionStorage.
export function browserStorage(kind = "localStorage") {
    try {
        return globalThis[kind];
    } catch {
        return undefined;
    }
}
