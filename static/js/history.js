// Older messages on scrolling up. Without scripts the same link at the list's upper end pages back.

import { element } from "./parts.js";

const AHEAD_PX = 400; // load before the end is seen

export class History {
    // load(before) → {messages, has_more}; shown() when they are among the rows
    constructor({ log, inner, timeline, load, shown }) {
        Object.assign(this, { inner, timeline, load, shown });
        this.edge = document.getElementById("log-older");
        this.observer = new IntersectionObserver((seen) => seen.at(-1).isIntersecting && this.#more(), {
            root: log,
            rootMargin: `${AHEAD_PX}px 0px 0px 0px`,
        });
        inner.addEventListener("click", (event) => {
            if (event.target.closest("#log-older")) {
                event.preventDefault();
                this.#more();
            }
        });
        this.set(this.edge !== null);
    }

    set(hasOlder) {
        this.hasOlder = hasOlder;
        this.observer.disconnect();
        if (!hasOlder) {
            this.edge?.remove();
            return;
        }
        this.edge ??= element("p", "log-edge", this.#link());
        this.edge.id = "log-older";
        this.inner.prepend(this.edge);
        this.observer.observe(this.edge);
    }

    #link() {
        const link = element("a", "btn btn-sm btn-quiet", "Older messages");
        link.href = "?";
        link.rel = "prev";
        return link;
    }

    async #more() {
        const before = this.timeline.first;
        if (this.loading || !this.hasOlder || before === 0) {
            return;
        }
        this.loading = true;
        try {
            const page = await this.load(before);
            if (page && before === this.timeline.first) {
                this.timeline.prepend(page.messages);
                this.set(page.has_more);
                this.shown();
            }
        } catch {
            // The link stays: the reader can ask again.
        } finally {
            this.loading = false;
        }
    }
}
