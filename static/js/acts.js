// What the reader does to messages: which acts apply to a row, and asking the server for them. The
// rows change when the event comes, as everybody's do.

import { isPlainClick } from "./click.js";
import { button, confirmDialog, openDialog } from "./dialog.js";
import { Editor } from "./editor.js";
import { pickEmoji } from "./emoji.js";
import { MessageMenu } from "./message_menu.js";
import { element } from "./parts.js";
import { isOwn, noteOwn, QUICK, reactionOf } from "./reactions.js";
import { isPending, rowTime } from "./rows.js";
import { wholeTime } from "./time.js";
import { toast } from "./toast.js";
import { Toolbar } from "./toolbar.js";

const MINUTE_MS = 60000;

const path = (row, rest = "") => `messages/${row.dataset.id}/${rest}`;

export class Acts {
    // hooks: done(message) after an act was stored, told() after another word to the server, leave() when the
    // keyboard leaves the rows, thread(id) to open the thread that a message is of, where that is not what is shown;
    // owns(): whether the room is the reader's; person(id, anchor): who somebody is
    // reply: the line above the message box; undefined where there is none. pins: what is pinned
    constructor({ api, config, user, log, scroll, reply, pins, hooks }) {
        Object.assign(this, { api, config, user, log, reply, pins, hooks });
        this.editor = new Editor({ scroll, save: (row, text, rev) => this.#edit(row, text, rev), leave: hooks.leave });
        const actions = this.#actions();
        this.menu = new MessageMenu(log, actions, hooks.leave, (row) => this.#quick(row));
        this.toolbar = new Toolbar(log, [this.#reacting(), ...actions.filter((action) => action.icon)]);
        log.addEventListener("click", (event) => {
            const chip = event.target.closest("button.chip");
            const replies = event.target.closest("a.msg-replies");
            if (chip) {
                this.react(chip.closest(".msg"), chip.dataset.emoji);
            } else if (replies && isPlainClick(event) && hooks.thread) {
                event.preventDefault();
                hooks.thread(Number(replies.closest(".msg").dataset.id));
            }
        });
    }

    #actions() {
        return [
            { label: "Reply", icon: "reply", when: (row) => this.#there(row) && this.reply !== undefined, run: (row) => this.reply.begin(row) },
            { label: "Thread", icon: "thread", when: (row) => this.#mayOpen(row), run: (row) => this.hooks.thread(Number(row.dataset.id)) },
            { label: "Edit", when: (row) => this.#mayEdit(row), run: (row) => this.editor.open(row) },
            { label: "Earlier versions", when: (row) => this.#mayCompare(row), run: (row) => this.#compare(row) },
            { label: "Pin", when: (row) => this.#mayPin(row) && !this.#pinned(row), run: (row) => this.#pin(row, true) },
            { label: "Unpin", when: (row) => this.#mayPin(row) && this.#pinned(row), run: (row) => this.#pin(row, false) },
            { label: "Copy link", when: () => true, run: (row) => this.#copyLink(row) },
            { label: "About this person", when: (row) => this.user !== null && !this.#mine(row) && Number(row.dataset.user) > 0, run: (row) => this.hooks.person(Number(row.dataset.user), row.querySelector(".msg-more")) },
            { label: "Ignore this person", when: (row) => this.#mayIgnore(row), run: (row) => this.#ignore(row) },
            { label: "Delete", danger: true, when: (row) => this.#mayDelete(row), run: (row) => this.#remove(row) },
        ];
    }

    // On the toolbar; in the menu the emoji themselves are above everything else.
    #reacting() {
        return { label: "React", icon: "react", when: (row) => this.#quick(row).length > 0, run: (row, anchor) => this.menu.openQuick(row, anchor) };
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

    #mayOpen(row) {
        return this.hooks.thread !== undefined && (this.#there(row) || row.querySelector(".msg-replies") !== null);
    }

    // The emoji offered at once, and the way to all others.
    #quick(row) {
        if (!this.user || !this.#there(row)) {
            return [];
        }
        const quick = QUICK.map((emoji) => ({ emoji, run: () => this.react(row, emoji) }));
        return [...quick, { emoji: "+", label: "React with another emoji", run: () => this.#reactWithAny(row) }];
    }

    async #reactWithAny(row) {
        const emoji = await pickEmoji(this.config.page, row.querySelector(".msg-more"));
        if (emoji) {
            await this.react(row, emoji);
        }
    }

    // On or off. With very many the list does not say whether one's own is among them; then the server
    // does: nothing changed, so it was there.
    async react(row, emoji) {
        const spelled = reactionOf(row, emoji)?.emoji ?? emoji;
        const on = !isOwn(row, spelled, this.user.id);
        const where = path(row, `reactions/${encodeURIComponent(spelled)}/`);
        const answer = await this.#ask(() => (on ? this.api.put(where) : this.api.delete(where)));
        if (answer) {
            noteOwn(row, spelled, on);
        }
    }

    #mayPin(row) {
        return this.#there(row) && (this.#moderates || this.hooks.owns());
    }

    #pinned(row) {
        return this.pins.has(row.dataset.id);
    }

    #pin(row, on) {
        const where = path(row, "pin/");
        return this.#ask(() => (on ? this.api.put(where) : this.api.delete(where)));
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

    #mayIgnore(row) {
        return this.user !== null && !isPending(row) && !this.#mine(row);
    }

    async #ignore(row) {
        const { ignore } = await import("./ignore.js");
        if (await ignore(this.api, row.dataset.user, row.querySelector(".msg-author").textContent)) {
            this.hooks.told();
        }
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
            const answer = await call();
            this.hooks.done(answer.message);
            return answer;
        } catch (error) {
            toast(error.message);
            return null;
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
