// What the reader does to messages: which acts apply to a row, and asking the server for them. The
// rows change when the event comes, as everybody's do.

import { confirmDialog } from "./dialog.js";
import { MessageMenu } from "./message_menu.js";
import { isPending, rowTime } from "./rows.js";
import { toast } from "./toast.js";

const MINUTE_MS = 60000;

const path = (row, rest = "") => `messages/${row.dataset.id}/${rest}`;

export class Acts {
    // hooks: done() after an act was stored, leave() when the keyboard leaves the rows
    constructor({ api, config, user, log, hooks }) {
        Object.assign(this, { api, config, user, log, hooks });
        this.menu = new MessageMenu(log, this.#actions(), hooks.leave);
    }

    #actions() {
        return [
            { label: "Copy link", when: () => true, run: (row) => this.#copyLink(row) },
            { label: "Delete", danger: true, when: (row) => this.#mayDelete(row), run: (row) => this.#remove(row) },
        ];
    }

    get #moderates() {
        return ["moderator", "admin"].includes(this.user?.role);
    }

    #mine(row) {
        return this.user !== null && Number(row.dataset.user) === this.user.id;
    }

    #fresh(row) {
        return Date.now() - rowTime(row) < this.config.edit_minutes * MINUTE_MS;
    }

    #there(row) {
        return !isPending(row) && !row.classList.contains("msg-gone");
    }

    #mayDelete(row) {
        return this.#there(row) && (this.#moderates || (this.#mine(row) && this.#fresh(row)));
    }

    async #remove(row) {
        if (await confirmDialog("Delete this message for everybody?", "Delete")) {
            await this.#ask(() => this.api.delete(path(row)));
        }
    }

    // True where it was stored; else the reader was told why not.
    async #ask(call) {
        try {
            await call();
            this.hooks.done();
            return true;
        } catch (error) {
            toast(error.message);
            return false;
        }
    }

    async #copyLink(row) {
        const link = new URL(row.querySelector(".msg-more").getAttribute("href"), location.href).href;
        try {
            await navigator.clipboard.writeText(link);
            toast("Link copied.");
        } catch {
            toast(link);
        }
    }
}
