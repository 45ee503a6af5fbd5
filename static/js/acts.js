// What the reader does to messages: which acts apply to a row, and asking the server for them. The
// rows change when the event comes, as everybody's do.

import { button, confirmDialog, openDialog } from "./dialog.js";
import { Editor } from "./editor.js";
import { MessageMenu } from "./message_menu.js";
import { element } from "./parts.js";
import { isPending, rowTime } from "./rows.js";
import { wholeTime } from "./time.js";
import { toast } from "./toast.js";

const MINUTE_MS = 60000;

const path = (row, rest = "") => `messages/${row.dataset.id}/${rest}`;

export class Acts {
    // hooks: done(message) after an act was stored, leave() when the keyboard leaves the rows
    // reply: the line above the message box; undefined where there is none
    constructor({ api, config, user, log, scroll, reply, hooks }) {
        Object.assign(this, { api, config, user, log, reply, hooks });
        this.editor = new Editor({ scroll, save: (row, text, rev) => this.#edit(row, text, rev), leave: hooks.leave });
        this.menu = new MessageMenu(log, this.#actions(), hooks.leave);
    }

    #actions() {
        return [
            { label: "Reply", when: (row) => this.#there(row) && this.reply !== undefined, run: (row) => this.reply.begin(row) },
            { label: "Edit", when: (row) => this.#mayEdit(row), run: (row) => this.editor.open(row) },
            { label: "Earlier versions", when: (row) => this.#mayCompare(row), run: (row) => this.#compare(row) },
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

    #mayEdit(row) {
        return this.#there(row) && this.#mine(row) && this.#fresh(row);
    }

    #mayCompare(row) {
        const gone = row.classList.contains("msg-gone");
        const edited = row.querySelector(".msg-edited") !== null;
        return this.#moderates ? gone || edited : edited && !gone && this.#mine(row);
    }

    // The reader's newest message, from the empty message box.
    editLast() {
        const row = [...this.log.querySelectorAll(".msg-mine")].filter((mine) => this.#mayEdit(mine)).at(-1);
        if (row) {
            this.editor.open(row);
        }
        return row !== undefined;
    }

    async #edit(row, text, rev) {
        const { message } = await this.api.patch(path(row), { message: text, rev });
        this.hooks.done(message);
    }

    async #compare(row) {
        const answer = await this.api.get(path(row, "revisions/")).catch((error) => toast(error.message));
        if (!answer) {
            return;
        }
        const items = answer.revisions.map(({ message, timestamp }) => {
            const text = element("p", "revision-text", message);
            text.dir = "auto";
            return element("li", "revision", element("span", "revision-time", wholeTime(timestamp)), text);
        });
        const close = button("Close");
        const dialog = openDialog("revisions", "What it said before", [element("ol", "revisions", ...items), element("div", "sheet-buttons", close)]);
        close.addEventListener("click", () => dialog.close());
    }

    #mayDelete(row) {
        return this.#there(row) && (this.#moderates || (this.#mine(row) && this.#fresh(row)));
    }

    async #remove(row) {
        if (await confirmDialog("Delete this message for everybody?", "Delete")) {
            await this.#ask(() => this.api.delete(path(row)));
        }
    }

    // Where it was not stored the reader is told why.
    async #ask(call) {
        try {
            const { message } = await call();
            this.hooks.done(message);
        } catch (error) {
            toast(error.message);
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
