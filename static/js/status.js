// The connection, said quietly: a dot while all is well, words only when something lasts.

import { element } from "./parts.js";

const WORDS = {
    live: "",
    waiting: "Connecting…",
    polling: "Updating every few seconds",
    offline: "No connection",
};
const TITLES = { live: "Connected: messages arrive at once" };
const PATIENCE_MS = 1500; // a break shorter than this is nobody's business
const LONG_PATIENCE_MS = 12000; // where messages keep coming, and the first try to return is under way

export class Status {
    constructor(element_) {
        this.element = element_;
        this.dot = element("span", "link-dot");
        this.words = element("span", "link-words");
        this.element.append(this.dot, this.words);
        this.set("waiting");
    }

    set(state, reason = null, loginUrl = null) {
        if (state === this.state) {
            return;
        }
        this.state = state;
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.#show(reason, loginUrl), this.#patience(state));
    }

    #patience(state) {
        if (state === "live" || state === "stopped") {
            return 0;
        }
        return state === "polling" && this.element.dataset.state === "live" ? LONG_PATIENCE_MS : PATIENCE_MS;
    }

    #show(reason, loginUrl) {
        this.element.dataset.state = this.state;
        this.element.title = TITLES[this.state] ?? "";
        this.words.textContent = reason ?? WORDS[this.state];
        if (loginUrl) {
            const link = element("a", "", "Sign in");
            link.href = loginUrl;
            this.words.append(" ", link);
        }
    }
}
