// The list of what one can do with a message, and the ways to it: the row's own button, a long press,
// and the keyboard (arrow keys from row to row, Enter opens, Escape goes back to the message box).

import { isPlainClick } from "./click.js";
import { button, openDialog } from "./dialog.js";
import { element } from "./parts.js";
import { isPending } from "./rows.js";

function itemButton({ label, emoji, danger }) {
    const made = button(emoji ?? label, emoji ? "menu-emoji" : danger ? "menu-item menu-danger" : "menu-item");
    if (emoji) {
        made.setAttribute("aria-label", label ?? `React with ${emoji}`);
    }
    return made;
}

export class MessageMenu {
    // actions: [{label, danger?, when(row) → bool, run(row)}]; leave(): Escape in the rows;
    // quick(row) → [{emoji, label?, run()}]: the line of emoji above the actions
    constructor(log, actions, leave, quick) {
        Object.assign(this, { log, actions, leave, quick });
        log.addEventListener("click", (event) => this.#click(event));
        log.addEventListener("contextmenu", (event) => this.#press(event));
        log.addEventListener("keydown", (event) => this.#key(event));
    }

    open(row, anchor) {
        const actions = this.actions.filter((action) => action.when(row));
        return isPending(row) ? null : this.#offer(row, anchor, "About this message", actions);
    }

    // The emoji alone.
    openQuick(row, anchor) {
        return this.#offer(row, anchor, "React to this message", []);
    }

    async #offer(row, anchor, title, actions) {
        const quick = this.quick(row);
        const items = [...quick, ...actions];
        const buttons = items.map(itemButton);
        const line = element("div", "menu-quick", ...buttons.slice(0, quick.length));
        const dialog = openDialog("menu", title, [...(quick.length ? [line] : []), ...buttons.slice(quick.length)], anchor);
        buttons.forEach((item, i) => item.addEventListener("click", () => dialog.close(String(i))));
        dialog.box.addEventListener("keydown", (event) => this.#walk(event, buttons));
        const chosen = await dialog.closed;
        if (chosen !== "") {
            items[Number(chosen)].run(row);
        }
    }

    #click(event) {
        const more = event.target.closest(".msg-more");
        if (more && isPlainClick(event)) {
            event.preventDefault();
            this.open(more.closest(".msg"), more);
        }
    }

    // A long press of a finger; a mouse keeps its own menu.
    #press(event) {
        const row = event.target.closest(".msg");
        if (row && event.pointerType === "touch" && !event.target.closest("a")) {
            event.preventDefault();
            this.open(row, row);
        }
    }

    #key(event) {
        const row = event.target.closest(".msg");
        const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
        if (event.target !== this.log && event.target !== row) {
            return;
        }
        if (step) {
            event.preventDefault();
            this.#focusFrom(row, step);
        } else if (row && event.key === "Enter") {
            event.preventDefault();
            this.open(row, row.querySelector(".msg-more"));
        } else if (row && event.key === "Escape") {
            this.leave();
        }
    }

    #focusFrom(row, step) {
        const rows = [...this.log.querySelectorAll(".msg")];
        const next = row ? rows[rows.indexOf(row) + step] : rows.at(step < 0 ? -1 : 0);
        if (next) {
            next.tabIndex = -1;
            next.focus();
            next.scrollIntoView({ block: "nearest" });
        }
    }

    #walk(event, buttons) {
        const step = { ArrowUp: -1, ArrowDown: 1, ArrowLeft: -1, ArrowRight: 1 }[event.key];
        if (step) {
            event.preventDefault();
            const at = buttons.indexOf(document.activeElement);
            buttons[(at + step + buttons.length) % buttons.length].focus();
        }
    }
}
