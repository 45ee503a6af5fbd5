// The sidecar's long-poll: a poll that is answered when there is something. For those whose proxies
// collect a stream before they hand it on. It comes to an end with its first failure.

import { Poller } from "./poller.js";

export class LongPoll {
    pushes = false; // it brings events and nothing else

    // hooks: query() → parameters, welcome(), answer(body), resync(list), down(fault)
    constructor(api, hooks) {
        this.hooks = hooks;
        this.poller = new Poller(api, {
            path: "poll/",
            mayWait: true,
            query: () => this.hooks.query(),
            answer: (body) => this.#answered(body),
            failed: (error) => this.#failed(error),
        });
        this.live = false;
        this.poller.start(0);
    }

    send() {
        return false;
    }

    again() {
        this.poller.again();
    }

    // Its own timeouts tell it all.
    check() {}

    drop() {
        this.hooks = null;
        this.live = false;
        this.poller.stop();
    }

    #answered(body) {
        if (!this.live) {
            this.live = true;
            this.hooks.welcome();
        }
        this.hooks.answer(body);
    }

    #failed(error) {
        if (error.code === "resync") {
            this.hooks.resync(error.body?.resync ?? []);
            return false;
        }
        const { hooks, live } = this;
        this.drop();
        hooks.down({ ...error.fault, live });
        return true;
    }
}
