// What a screen reader is told of a list of messages: each by others as it comes, which the list does by itself
// (role=log); where many come at once, only how many, every few seconds, by a line of its own; and nothing of what
// is loaded.

const FEW = 4; // messages
const WHILE_MS = 5000; // within this time are still read out
const SETTLED_MS = 500; // browsers tell of a change a little later

export class Voice {
    // line: an element with role=status; place() → "in General"
    constructor(log, line, place) {
        Object.assign(this, { log, line, place });
        this.times = [];
        this.count = 0;
        this.busy = false;
        this.hushed = false;
    }

    // What this change adds or alters is not spoken.
    hush(change) {
        this.hushed = true;
        this.#apply();
        clearTimeout(this.settling);
        this.settling = setTimeout(() => {
            this.hushed = false;
            this.#apply();
        }, SETTLED_MS);
        return change();
    }

    // A message by somebody else is about to be added.
    hear() {
        const now = Date.now();
        this.times = [...this.times.filter((time) => now - time < WHILE_MS), now];
        if (this.busy) {
            this.count++;
        } else if (this.times.length > FEW) {
            this.busy = true;
            this.count = this.times.length;
            clearInterval(this.ticking);
            this.ticking = setInterval(() => this.#tell(), WHILE_MS);
            this.#apply();
        }
    }

    // Another room: what was to be told of the last one is not.
    reset() {
        clearInterval(this.ticking);
        this.times = [];
        this.count = 0;
        this.busy = false;
        this.line.textContent = "";
        this.#apply();
    }

    #tell() {
        const { count } = this;
        const messages = count === 1 ? "1 new message" : `${count} new messages`;
        this.line.textContent = count > 0 ? `${messages} ${this.place()}` : "";
        this.count = 0;
        if (count === 0) {
            clearInterval(this.ticking);
        }
        if (count <= FEW) {
            this.busy = false;
            this.#apply();
        }
    }

    #apply() {
        if (this.busy || this.hushed) {
            this.log.setAttribute("aria-live", "off");
        } else {
            this.log.removeAttribute("aria-live");
        }
    }
}
