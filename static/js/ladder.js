// The ways to the server, best first, and which of them is worth a try now. A way that has worked is
// tried again and again; one that seems to be blocked rests for minutes, and the next one serves. A live
// way goes on until a better one is live, so that climbing leaves no hole.

import { Backoff } from "./backoff.js";

const REST_MS = 300000;
const ENOUGH = 2; // failures in a row, until the next way is tried as well

class Step {
    constructor(name, open, restUntil) {
        this.name = name;
        this.open = open;
        this.way = null;
        this.backoff = new Backoff();
        this.proven = false;
        const rest = Math.min(restUntil, Date.now() + REST_MS);
        this.rests = rest > Date.now();
        this.failures = this.rests ? ENOUGH : 0;
        this.due = this.rests ? rest : 0;
    }

    get live() {
        return this.way?.live === true;
    }

    get waitMs() {
        return Math.min(this.due - Date.now(), REST_MS); // a clock may be set back
    }

    worked() {
        this.failures = 0;
        this.rests = false;
        this.proven = true;
        this.backoff.reset();
    }

    failed({ live, blocked, retryAfterMs = 0 }) {
        this.way = null;
        this.failures = live ? 0 : this.failures + 1;
        this.rests = blocked || (!this.proven && this.failures >= ENOUGH);
        if (this.rests) {
            this.failures = ENOUGH;
        }
        this.due = Date.now() + Math.max(this.rests ? REST_MS : this.backoff.next(), retryAfterMs);
    }

    drop() {
        this.way?.drop();
        this.way = null;
        this.due = this.rests ? this.due : 0;
    }
}

export class Ladder {
    // ways: {name: open() → way}, best first. memory: a Store of this tab; what rests, rests in the
    // next page too.
    constructor(ways, memory) {
        const rests = memory.get("rests") ?? {};
        this.memory = memory;
        this.steps = Object.entries(ways).map(([name, open]) => new Step(name, open, rests[name] ?? 0));
        this.running = false;
    }

    start() {
        this.running = true;
        this.#consider();
    }

    // Ends every way without a word.
    close() {
        this.running = false;
        clearTimeout(this.timer);
        this.steps.forEach((step) => step.drop());
    }

    // The way that is live, or undefined.
    get live() {
        return this.steps.find((step) => step.live)?.way;
    }

    // The way of this name is live: those below have served.
    worked(name) {
        const at = this.#index(name);
        this.steps[at].worked();
        this.steps.slice(at + 1).forEach((step) => step.drop());
        this.#remember();
        this.#consider();
    }

    failed(name, fault) {
        this.steps[this.#index(name)].failed(fault);
        this.#remember();
        this.#consider();
    }

    // Time has passed, or all is different now (`afresh`): whatever waits is tried in a moment.
    hurry(afresh) {
        this.steps.forEach((step) => step.way?.check());
        for (const step of this.steps) {
            if (!step.way && (afresh || !step.rests)) {
                step.due = Math.min(step.due, Date.now() + Math.random() * 1000);
            }
        }
        this.#consider();
    }

    // Opens each way that is due: the best, and below it the next as long as those above have failed.
    #consider() {
        clearTimeout(this.timer);
        if (!this.running) {
            return;
        }
        let soonest = Infinity;
        for (const step of this.steps) {
            if (step.live) {
                break;
            }
            if (!step.way && step.waitMs <= 0) {
                step.way = step.open();
            }
            if (!step.way) {
                soonest = Math.min(soonest, step.waitMs);
            }
            if (step.failures < ENOUGH) {
                break;
            }
        }
        if (soonest < Infinity) {
            this.timer = setTimeout(() => this.#consider(), soonest);
        }
    }

    #index(name) {
        return this.steps.findIndex((step) => step.name === name);
    }

    #remember() {
        const resting = this.steps.filter((step) => step.rests);
        this.memory.set("rests", Object.fromEntries(resting.map((step) => [step.name, step.due])));
    }
}
