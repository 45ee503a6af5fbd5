// The list's position. The list is a reversed column: 0 is its bottom, and scrolling up is negative,
// so older rows can come in above without moving what is being read.

import { element, icon } from "./parts.js";

const NEAR = 24; // pixels from the bottom that still count as being there
const FAR = 600; // from here on there is a button to return

const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class Scroll {
    // hooks: bottom() when the reader comes to the bottom
    constructor(log, foot, hooks) {
        this.log = log;
        this.hooks = hooks;
        this.missed = 0;
        this.pill = element("button", "pill");
        this.pill.type = "button";
        this.pill.hidden = true;
        this.pill.addEventListener("click", () => this.toBottom(!calm.matches));
        foot.prepend(element("div", "pill-holder", this.pill));
        log.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    }

    get atBottom() {
        return this.log.scrollTop > -NEAR;
    }

    toBottom(smoothly = false) {
        this.log.scrollTo({ top: 0, behavior: smoothly ? "smooth" : "instant" });
        this.#scrolled();
    }

    // Runs a change at the lower end; a reader further up keeps seeing the same rows.
    hold(change) {
        const top = this.log.scrollTop;
        const height = this.atBottom ? null : this.#height();
        const result = change();
        this.log.scrollTop = height === null ? 0 : top - (this.#height() - height);
        return result;
    }

    // With its fraction, which scrollHeight rounds away.
    #height() {
        return this.log.firstElementChild.getBoundingClientRect().height;
    }

    // A message came in below what is being read.
    missedOne() {
        if (!this.atBottom) {
            this.missed++;
            this.#showPill();
        }
    }

    #scrolled() {
        if (this.atBottom) {
            this.missed = 0;
            this.hooks.bottom();
        }
        this.#showPill();
    }

    #showPill() {
        const far = this.log.scrollTop < -FAR;
        this.pill.hidden = this.missed === 0 && !far;
        this.pill.classList.toggle("pill-plain", this.missed === 0);
        const count = this.missed === 1 ? "1 new message" : `${this.missed} new messages`;
        this.pill.replaceChildren(this.missed > 0 ? count : "Latest", icon("down"));
    }
}
