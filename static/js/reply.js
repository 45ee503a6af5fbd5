// Which message the next one answers: a line above the message box, kept for each room like a draft.

import { icon, element } from "./parts.js";
import { rowText } from "./rows.js";

const CHARS = 120;

// What a reply to this row will show of it.
export function quoteOf(row) {
    const text = [...rowText(row).trim().replace(/\s+/g, " ")];
    return {
        id: Number(row.dataset.id),
        seq: Number(row.dataset.seq),
        username: row.querySelector(".msg-author").textContent,
        excerpt: text.length > CHARS ? `${text.slice(0, CHARS).join("")}…` : text.join(""),
    };
}

export class Reply {
    constructor(form, store, user) {
        Object.assign(this, { form, store });
        this.prefix = `reply:${user}:`;
        this.text = element("span", "reply-text");
        this.text.dir = "auto";
        this.author = element("bdi", "reply-author");
        const close = element("button", "icon-btn reply-close", icon("close"), element("span", "visually-hidden", "Do not reply"));
        close.type = "button";
        close.addEventListener("click", () => this.clear());
        this.line = element("p", "reply-line", element("span", "reply-what", "Replying to ", this.author, " ", this.text), close);
        this.line.hidden = true;
        form.prepend(this.line);
        form.addEventListener("keydown", (event) => event.key === "Escape" && this.clear());
    }

    open(room) {
        this.room = room;
        this.#show(this.store.get(this.prefix + room));
    }

    begin(row) {
        const quote = quoteOf(row);
        this.store.set(this.prefix + this.room, quote);
        this.#show(quote);
        this.form.querySelector("textarea").focus();
    }

    clear() {
        this.store.remove(this.prefix + this.room);
        this.#show(null);
    }

    // What a message that is sent now takes along.
    take() {
        const quote = this.quote;
        this.clear();
        return quote ? { extra: { reply_to: quote.id }, reply_to: quote.id, quote } : {};
    }

    #show(quote) {
        this.quote = quote;
        this.line.hidden = !quote;
        this.author.textContent = quote?.username ?? "";
        this.text.textContent = quote?.excerpt ?? "";
    }
}
