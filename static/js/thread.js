// One thread: its root and all that answers it, as it comes, with a message box that answers into it. A
// column beside the room where there is space, the whole screen on a phone.

import { Acts } from "./acts.js";
import { Attach } from "./attach.js";
import { isPlainClick } from "./click.js";
import { Composer } from "./composer.js";
import { button } from "./dialog.js";
import { addEmojiButton } from "./emoji.js";
import { randomId } from "./ids.js";
import { element, part } from "./parts.js";
import { quoteOf, Reply } from "./reply.js";
import { Scroll } from "./scroll.js";
import { Timeline } from "./timeline.js";
import { toast } from "./toast.js";
import { Voice } from "./voice.js";

const PAGE = 50;
const CLOSED = "The message that this thread began with was removed: it cannot be answered.";

const byId = (id) => document.getElementById(id);
const isNarrow = matchMedia("(width < 768px)");

export class Thread {
    // hooks: done(message) after an act, send(entry), typing(room, on), jump(id) to a message that is not in
    // the thread, pending(event) for a click in a row on its way, closed(), owns(room), person(id, anchor)
    constructor({ api, config, user, store, owner, outbox, pins, hooks }) {
        Object.assign(this, { api, user, outbox, hooks });
        this.page = `${config.page}t/`;
        this.box = byId("thread") ?? part("thread");
        this.log = this.box.querySelector(".log");
        this.inner = this.box.querySelector(".log-inner");
        const scroll = new Scroll(this.log, this.box.querySelector(".chat-foot"), { bottom: () => {} });
        const voice = new Voice(this.log, this.box.querySelector(".digest"), () => "in this thread");
        this.timeline = new Timeline({ rows: this.box.querySelector(".rows"), scroll, user, voice, prefix: "t" });
        this.timeline.trimmed = () => this.#showEdge(true);
        this.#makeComposer(store, owner, config);
        this.acts = new Acts({
            api, config, user, scroll, pins,
            log: this.log,
            reply: this.reply,
            hooks: { done: hooks.done, leave: () => this.composer?.text.focus(), owns: () => hooks.owns(this.room), person: hooks.person },
        });
        this.log.addEventListener("click", (event) => this.#click(event));
        this.box.querySelector(".thread-close").addEventListener("click", (event) => {
            event.preventDefault();
            this.close();
        });
        this.box.addEventListener("keydown", (event) => this.#key(event), true);
        isNarrow.addEventListener("change", () => this.#cover());
    }

    get isOpen() {
        return byId("app").classList.contains("has-thread");
    }

    async open(id, opener) {
        this.opener = opener;
        this.root = null;
        this.timeline.voice.reset();
        this.timeline.show([]);
        this.#show(true);
        this.#showEdge(false);
        this.box.querySelector(".thread-count").textContent = "";
        if (!(await this.#load(id))) {
            this.close();
        } else if (this.composer && !this.form.hidden) {
            this.composer.focus();
        }
        if (this.isOpen && !this.box.contains(document.activeElement)) {
            this.box.querySelector(".thread-close").focus();
        }
    }

    close() {
        if (!this.isOpen) {
            return;
        }
        const within = this.box.contains(document.activeElement) || document.activeElement === document.body;
        const { root } = this;
        this.root = null;
        this.loading = null;
        this.composer?.text.blur(); // which says that typing is over
        this.#show(false);
        this.hooks.closed();
        if (within) {
            const row = byId("rows").querySelector(`.msg[data-id="${root}"] .msg-more`);
            (this.opener?.isConnected && this.opener !== document.body ? this.opener : row)?.focus();
        }
    }

    // An event of any room, in order.
    take(event) {
        if (this.loading) {
            this.loading.push(event);
            return;
        }
        if (!this.root || event.room !== this.room || event.seq <= this.seq) {
            return;
        }
        this.seq = event.seq;
        this.late?.push(event);
        this.timeline.apply(event);
        if (event.thread?.id === this.root) {
            this.#showCount(event.thread.replies);
            this.#append(event);
        }
        if (event.type === "message_deleted" && event.id === this.root) {
            this.#closeForm(true);
        }
    }

    async reload(room) {
        if (this.root && room === this.room && !(await this.#load(this.root))) {
            this.close();
        }
    }

    discard(entry) {
        if (entry.thread !== this.root) {
            return false;
        }
        this.timeline.removePending(entry.client_id);
        this.composer.restore(entry.text);
        return true;
    }

    #append(message) {
        if (message.type === "message" && message.username !== undefined && this.timeline.append(this.#shown(message))) {
            if (message.user_id !== this.user?.id) {
                this.timeline.scroll.missedOne();
            }
        }
    }

    // What all of them answer is in sight.
    #shown(message) {
        return message.reply_to === this.root ? { ...message, reply_to: undefined, quote: undefined } : message;
    }

    // The newest page; events that come meanwhile wait. False where it could not be loaded.
    async #load(id) {
        const arrivals = [];
        this.loading = arrivals;
        this.log.setAttribute("aria-busy", "true");
        try {
            const page = await this.api.get("messages/", { thread: id, limit: PAGE });
            if (this.loading === arrivals) {
                this.loading = null;
                this.#showPage(page);
                arrivals.forEach((event) => this.take(event));
            }
            return true;
        } catch (error) {
            toast(error.message);
            return this.loading !== arrivals;
        } finally {
            if (this.loading === arrivals || this.loading === null) {
                this.loading = null;
                this.log.removeAttribute("aria-busy");
            }
        }
    }

    #showPage({ room, seq, thread, messages, has_more }) {
        Object.assign(this, { room, seq, root: thread.id });
        this.timeline.show(messages.map((message) => this.#shown(message)));
        this.#showEdge(has_more);
        this.#showCount(thread.replies);
        this.box.querySelector(".thread-link").href = `${this.page}${this.root}/`;
        this.#closeForm(messages[0]?.id === this.root && messages[0].deleted === true);
        if (this.composer) {
            this.composer.open(`thread:${this.root}`, "this thread");
            this.composer.text.placeholder = "Reply in this thread";
            this.reply.open(`thread:${this.root}`);
            this.attach?.open(`thread:${this.root}`, this.room);
        }
        this.outbox.inThread(this.root).forEach((entry) => this.timeline.addPending(this.#shown(entry)));
    }

    #showCount(replies) {
        this.box.querySelector(".thread-count").textContent = replies < 1 ? "" : replies === 1 ? "1 reply" : `${replies} replies`;
    }

    // The way to older replies, above those that are shown.
    #showEdge(hasOlder) {
        this.inner.querySelectorAll(".log-edge").forEach((edge) => edge.remove());
        if (hasOlder) {
            const more = button("Older replies", "btn btn-sm btn-quiet");
            more.addEventListener("click", () => this.#older(more));
            this.inner.prepend(element("p", "log-edge", more));
        }
    }

    async #older(more) {
        const { root } = this;
        const late = [];
        this.late = late; // of rows that may be among those being loaded
        more.disabled = true;
        try {
            const page = await this.api.get("messages/", { thread: root, before: this.timeline.first, limit: PAGE });
            if (root === this.root && more.isConnected) {
                this.timeline.prepend(page.messages.map((message) => this.#shown(message)));
                this.#showEdge(page.has_more);
                late.filter((event) => event.seq > page.seq).forEach((event) => this.timeline.apply(event));
            }
        } catch (error) {
            more.disabled = false;
            toast(error.message);
        }
    }

    #makeComposer(store, owner, config) {
        this.foot = this.box.querySelector(".chat-foot");
        this.form = this.foot.querySelector("form");
        if (!this.form || !this.user) {
            this.form?.remove();
            return;
        }
        this.composer = new Composer(this.form, {
            store, user: owner, maxChars: config.max_chars,
            hooks: {
                send: (text) => this.#send(text),
                files: () => this.attach ?? { ready: 0, busy: false },
                typing: (on) => this.hooks.typing(this.room, on),
            },
        });
        addEmojiButton(this.composer.text, config.page);
        this.reply = new Reply(this.form, store, owner);
        if (this.form.querySelector(".composer-files")) {
            this.attach = new Attach({
                form: this.form,
                area: this.box,
                given: { api: this.api, store, prefix: `upload:${owner}:`, maxMb: config.file_max_mb },
                changed: () => this.composer.refresh(),
            });
        }
        this.composer.text.addEventListener("keydown", (event) => {
            if (event.key === "ArrowUp" && event.target.value === "" && this.acts.editLast()) {
                event.preventDefault();
            }
        });
    }

    #closeForm(closed) {
        this.foot.querySelector(".foot-note")?.remove();
        if (this.composer) {
            this.form.hidden = closed;
            this.foot.append(...(closed ? [element("p", "foot-note", CLOSED)] : []));
        }
    }

    #send(text) {
        const { root, room } = this;
        const top = this.timeline.find(root);
        const to = { extra: { reply_to: root }, reply_to: root, quote: top ? quoteOf(top) : undefined, ...this.reply.take() };
        const files = this.attach?.take() ?? {};
        const entry = {
            client_id: randomId(), room, text, at: Date.now(), state: "queued", thread: root,
            ...to, ...files, extra: { ...to.extra, ...files.extra },
        };
        this.timeline.addPending(this.#shown(entry));
        this.timeline.scroll.toBottom();
        this.hooks.send(entry);
    }

    #click(event) {
        const quote = event.target.closest("a.msg-quote");
        if (quote && isPlainClick(event)) {
            event.preventDefault();
            const id = Number(quote.dataset.id);
            if (!this.timeline.reveal(id)) {
                this.hooks.jump(id);
            }
        }
        this.hooks.pending(event);
    }

    // Escape leaves what is being done here first: an edit, or an answer to one of the replies.
    #key(event) {
        if (event.key === "Escape" && !event.target.closest(".edit") && !this.reply?.quote) {
            event.stopPropagation();
            this.close();
        }
    }

    #show(open) {
        if (open && !this.box.isConnected) {
            byId("chat").after(this.box);
        }
        byId("app").classList.toggle("has-thread", open);
        this.box.hidden = !open;
        this.#cover();
    }

    // On a narrow screen nothing else is in sight.
    #cover() {
        byId("chat").inert = this.isOpen && isNarrow.matches;
    }
}
