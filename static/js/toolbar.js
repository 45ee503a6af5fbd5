// The acts that are wanted most, in reach: one bar for all rows, at the one that the mouse is over or the
// keyboard is in. Fingers have the row's own button, which opens the whole list.

import { button } from "./dialog.js";
import { element, icon } from "./parts.js";
import { isPending } from "./rows.js";

export class Toolbar {
    // tools: [{label, icon, when(row) → bool, run(row, button)}]
    constructor(log, tools) {
        this.tools = tools;
        this.buttons = tools.map((tool) => this.#button(tool));
        this.box = element("div", "msg-tools", ...this.buttons);
        this.box.setAttribute("role", "group");
        this.box.setAttribute("aria-label", "What to do with this message");
        this.box.setAttribute("aria-live", "off"); // it comes and goes within a log, and is no news
        log.addEventListener("pointerover", (event) => this.#point(event));
        log.addEventListener("pointerleave", (event) => this.#keyboardIsHere || this.#left(log, event.relatedTarget));
        log.addEventListener("focusin", (event) => this.#show(event.target.closest(".msg")));
        log.addEventListener("focusout", (event) => this.#left(log, event.relatedTarget));
    }

    // A window over the page gives the focus back.
    #left(log, to) {
        if (to && !log.contains(to) && !to.closest("dialog")) {
            this.#show(null);
        }
    }

    #button(tool) {
        const made = button("", "tool");
        made.append(icon(tool.icon));
        made.title = tool.label;
        made.setAttribute("aria-label", tool.label);
        made.addEventListener("click", () => tool.run(this.box.closest(".msg"), made));
        return made;
    }

    // A mouse does not pull the bar away from the keyboard.
    get #keyboardIsHere() {
        return this.box.querySelector(":focus-visible") !== null;
    }

    #point({ pointerType, target }) {
        if (pointerType === "mouse" && !this.#keyboardIsHere) {
            this.#show(target.closest(".msg"));
        }
    }

    #show(row) {
        if (!row || isPending(row)) {
            this.box.remove();
        } else if (this.box.parentElement !== row) {
            this.buttons.forEach((made, i) => {
                made.hidden = !this.tools[i].when(row);
            });
            row.querySelector(".msg-more").before(this.box);
        }
    }
}
