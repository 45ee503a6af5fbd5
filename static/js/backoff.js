// When to try again: first anywhere within ten seconds, so that a restarted server is not met by
// everybody at once, then doubling up to thirty.

const FIRST_MS = 10000;
const MOST_MS = 30000;

export class Backoff {
    constructor(random = Math.random) {
        this.random = random;
        this.tries = 0;
    }

    next() {
        const tries = this.tries++;
        if (tries === 0) {
            return this.random() * FIRST_MS;
        }
        const most = Math.min(FIRST_MS * 2 ** (tries - 1), MOST_MS);
        return most * (0.5 + this.random() / 2);
    }

    reset() {
        this.tries = 0;
    }
}
