// What is pinned in the room in view: a list in its head that opens. Each leads to its message.

import { isPlainClick } from "./click.js";
import { element } from "./parts.js";
import { rename } from "./renamed.js";

export class Pins {
    // jump(id): brings a message into view
    constructor(api, jump) {
        this.api = api;
        this.box = document.getElementById("pins");
        this.count = this.box.querySelector(".pins-count");
        this.list = this.box.querySelector("ul");
        this.list.addEventListener("click", (event) => {
            const link = event.target.closest("a");
            if (link && isPlainClick(event)) {
                event.preventDefault();
                this.box.open = false;
                jump(Number(link.dataset.id));
            }
        });
        this.box.addEventListener("keydown", (event) => {
            if (event.key === "Escape") {
                this.box.open = false;
                this.box.querySelector("summary").focus();
            }
        });
    }

    has(id) {
        return this.#find(id) !== null;
    }

    // Another room, or this one anew. Events that come meanwhile wait.
    async load(room) {
        const arrivals = [];
        this.arrivals = arrivals;
        this.#show([]);
        try {
            const answer = await this.api.get(`rooms/${encodeURIComponent(room)}/pins/`);
            if (this.arrivals === arrivals) {
                this.#show(answer.pins);
                this.arrivals = null;
                arrivals.filter((event) => event.seq > answer.seq).forEach((event) => this.take(event));
            }
        } catch {
            // The list stays empty until the room is opened again.
        } finally {
            if (this.arrivals === arrivals) {
                this.arrivals = null;
            }
        }
    }

    // An event of the room in view: a pin, or something that a pinned message became.
    take(event) {
        if (this.arrivals) {
            this.arrivals.push(event);
        } else if (event.type === "pin") {
            this.#find(event.id)?.closest("li").remove();
            this.list.prepend(...(event.on && event.pin ? [this.#item(event.pin)] : []));
            this.#settle();
        } else if (event.type === "message_deleted") {
            this.#find(event.id)?.closest("li").remove();
            this.#settle();
        } else if (event.type === "message_edited" && event.excerpt !== undefined) {
            const text = this.#find(event.id)?.querySelector(".pin-text");
            if (text) {
                text.textContent = event.excerpt;
            }
        } else if (event.type === "renamed") {
            rename(this.list, event);
        }
    }

    #find(id) {
        return this.list.querySelector(`a[data-id="${CSS.escape(id)}"]`);
    }

    #show(pins) {
        this.list.replaceChildren(...pins.map((pin) => this.#item(pin)));
        this.#settle();
    }

    #settle() {
        this.count.textContent = this.list.children.length;
        this.box.hidden = this.list.children.length === 0;
        this.box.open &&= !this.box.hidden;
    }

    #item({ id, seq, user_id: author, username, excerpt }) {
        const text = element("span", "pin-text", excerpt);
        text.dir = "auto";
        const link = element("a", "pin", element("bdi", "quote-author", username), " ", text);
        Object.assign(link.dataset, { id, author });
        link.href = `${this.box.dataset.page}/m/${id}/#m${seq}`;
        return element("li", "", link);
    }
}
