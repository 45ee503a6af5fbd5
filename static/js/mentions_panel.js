// What mentioned the reader, in all rooms, the newest first; it grows while it is open.

import { button, openDialog } from "./dialog.js";
import { foundItem } from "./found.js";
import { element } from "./parts.js";
import { loadStyle } from "./style.js";
import { toast } from "./toast.js";

const NONE = "Nobody mentioned you yet. Who writes @ and your name does.";

function item(message) {
    const made = foundItem(message, message.message);
    made.querySelector(".found-text").classList.add("mentions-text");
    made.classList.toggle("is-unread", message.unread === true);
    return made;
}

class List {
    constructor(api) {
        this.api = api;
        this.note = element("p", "search-summary");
        this.note.setAttribute("role", "status");
        this.rows = element("ol", "search-results");
        this.more = button("Older", "btn btn-sm btn-quiet");
        this.more.addEventListener("click", () => this.#older());
    }

    // The newest page; one that was asked for later wins.
    async load() {
        const asked = (this.asked = {});
        const answer = await this.api.get("me/mentions/");
        if (asked === this.asked) {
            this.page = 1;
            this.rows.replaceChildren();
            this.#add(answer);
        }
    }

    async #older() {
        try {
            this.#add(await this.api.get("me/mentions/", { page: this.page + 1 }));
            this.page++;
        } catch (error) {
            toast(error.message);
        }
    }

    #add({ mentions, has_more: more }) {
        this.rows.append(...mentions.map(item));
        this.note.textContent = this.rows.childElementCount ? "" : NONE;
        this.more.hidden = !more;
    }

    // Arrow keys walk through the list.
    walk(event) {
        const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
        const stops = [...this.rows.querySelectorAll(".found-link")];
        if (step && stops.length > 0) {
            event.preventDefault();
            stops[Math.min(Math.max(stops.indexOf(document.activeElement) + step, 0), stops.length - 1)].focus();
        }
    }
}

// {load() anew, closed}
export async function openMentions({ api, visit }) {
    const list = new List(api);
    await Promise.all([list.load(), loadStyle("search")]);
    const close = button("Close");
    const heading = element("h2", "mentions-title", "Mentions");
    const buttons = element("div", "sheet-buttons", list.more, close);
    const dialog = openDialog("mentions", "Mentions", [heading, list.note, list.rows, buttons]);
    close.addEventListener("click", () => dialog.close());
    dialog.box.addEventListener("keydown", (event) => list.walk(event));
    list.rows.addEventListener("click", (event) => {
        const chosen = event.target.closest(".found-link");
        if (chosen) {
            dialog.close(chosen.dataset.id);
        }
    });
    (list.rows.querySelector(".found-link") ?? close).focus();
    dialog.closed.then((chosen) => chosen && visit(Number(chosen)));
    return { load: () => list.load().catch(() => {}), closed: dialog.closed };
}
