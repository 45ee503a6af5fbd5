// The rows of the room in view: in the order of their numbers, then those still on their way. Keeps
// day dividers, the grouping of one author's rows, and the mark where the unread begin.

import { above, below, blockAbove, gather, trim } from "./blocks.js";
import { element, part } from "./parts.js";
import { updateQuotes } from "./quote.js";
import { showReactions } from "./reactions.js";
import { rename } from "./renamed.js";
import { adoptRow, fillRow, isPending, newRow, pendingRow, rowSeq, rowTime, setBody, showPending, showReplies } from "./rows.js";
import { dayLabel, sameDay } from "./time.js";

const GROUP_MS = 300000;
const KEPT_ROWS = 10000; // of a page left open for days; older ones load again on scrolling up

// A guest who took another name is shown with the one that the row was written under.
const author = (row) => `${row.dataset.user} ${row.querySelector(".msg-author").textContent}`;

export class Timeline {
    // user: the reader, or null. voice: what is spoken of it. prefix: what a row's number is the page's id with,
    // one for each timeline
    constructor({ rows, scroll, user, voice, prefix = "m" }) {
        Object.assign(this, { rows, scroll, user, voice, prefix });
    }

    adopt() {
        for (const divider of this.rows.querySelectorAll(".day")) {
            divider.remove();
        }
        for (const row of this.#all()) {
            adoptRow(row, this.user?.id);
            this.#arrange(row);
        }
    }

    show(messages) {
        this.voice.hush(() => {
            this.rows.replaceChildren();
            this.#fill(messages, this.rows);
        });
        this.scroll.toBottom();
    }

    // Older messages above those that are here.
    prepend(messages) {
        const first = this.rows.querySelector(".msg");
        if (messages.length === 0) {
            return;
        }
        this.voice.hush(() => {
            this.#leading(first).forEach((node) => node.classList.contains("day") && node.remove());
            this.#fill(messages, blockAbove(this.rows));
        });
        if (first) {
            this.#arrange(first);
        }
    }

    // A new message; the author's own pending row becomes it. True where a row was added for it.
    append(message) {
        if (this.rows.querySelector(`#${this.prefix}${message.seq}`)) {
            return false;
        }
        return this.scroll.hold(() => {
            const pending = this.#pending(message.client_id);
            if (message.user_id !== this.user?.id) {
                this.voice.hear();
            }
            const row = pending ?? this.#row(message);
            const after = pending ? this.#after(pending) : null;
            if (pending) {
                fillRow(pending, message, true, this.user?.id);
                this.#name(pending);
            }
            this.rows.insertBefore(row, this.#firstPending());
            this.#arrange(row);
            [this.#after(row), after].forEach((next) => next && this.#arrange(next));
            this.#tidy();
            return !pending;
        });
    }

    // What an event changes of rows that are there.
    apply(event) {
        this.count(event.thread);
        switch (event.type) {
            case "message_edited":
                this.change(event.id, event);
                break;
            case "message_deleted":
                this.change(event.id, { deleted: true });
                break;
            case "reaction":
                this.react(event.id, event.reactions);
                break;
            case "renamed":
                this.voice.hush(() => rename(this.rows, event));
                break;
        }
    }

    // A message as it is now.
    replace(message) {
        this.change(message.id, message);
        this.react(message.id, message.reactions ?? []);
        this.count(message.thread);
    }

    // An edit or a removal.
    change(id, message) {
        const row = this.find(id);
        this.scroll.hold(() => {
            if (row) {
                setBody(row, message, this.user?.id);
            }
            updateQuotes(this.rows, id, message);
        });
    }

    find(id) {
        return this.rows.querySelector(`.msg[data-id="${CSS.escape(id)}"]`);
    }

    react(id, reactions) {
        const row = this.find(id);
        if (row) {
            this.scroll.hold(() => showReactions(row, reactions, this.user?.id));
        }
    }

    // What a reply, or its removal, says of its thread.
    count(thread) {
        const root = thread && this.find(thread.id);
        if (root) {
            this.scroll.hold(() => showReplies(root, thread.replies));
        }
    }

    // Brings a message into view, marked.
    reveal(id) {
        const row = this.find(id);
        if (row) {
            this.rows.querySelector(".msg-target")?.classList.remove("msg-target");
            row.classList.add("msg-target");
            row.tabIndex = -1;
            row.focus({ preventScroll: true });
            row.scrollIntoView({ block: "center" });
        }
        return row !== null;
    }

    addPending(entry) {
        const row = pendingRow(entry, this.user);
        this.rows.append(row);
        this.#arrange(row);
    }

    updatePending(entry) {
        const row = this.#pending(entry.client_id);
        if (row) {
            this.scroll.hold(() => showPending(row, entry));
        }
    }

    removePending(clientId) {
        const row = this.#pending(clientId);
        const next = row && this.#after(row);
        this.#leading(row).forEach((node) => node.remove());
        row?.remove();
        if (next) {
            this.#arrange(next);
        }
    }

    has(clientId) {
        return this.rows.querySelector(`.msg[data-client="${CSS.escape(clientId)}"]`) !== null;
    }

    // The first message behind `seq` that counts as unread gets the mark; null: none. It may be older than these
    // rows, unless they reach back to what was read, or to the room's beginning (`whole`).
    markUnread(seq, whole) {
        const old = this.rows.querySelector(".unread-mark");
        const rows = this.#all();
        const reaches = whole || (rows.length > 0 && rowSeq(rows[0]) <= seq);
        const row = seq > 0 && reaches ? rows.find((one) => rowSeq(one) > seq && !one.matches(".msg-mine, .msg-gone")) : undefined;
        if (old && row && this.#leading(row).includes(old)) {
            return old;
        }
        const next = old && this.#after(old);
        const mark = row ? element("div", "unread-mark", "New since you read") : null;
        if (old || row) {
            this.voice.hush(() =>
                this.scroll.hold(() => {
                    old?.remove();
                    row?.before(mark);
                    [next, row].forEach((one) => one && this.#arrange(one));
                }),
            );
        }
        return mark;
    }

    // The message below the mark.
    get firstUnread() {
        const mark = this.rows.querySelector(".unread-mark");
        return mark && this.#after(mark);
    }

    get first() {
        const row = this.rows.querySelector(".msg[data-seq]:not([data-seq=''])");
        return row ? rowSeq(row) : 0;
    }

    get isEmpty() {
        return this.rows.querySelector(".msg") === null;
    }

    #fill(messages, box) {
        const made = messages.map((message) => this.#row(message));
        box.append(...made);
        made.forEach((row) => this.#arrange(row));
    }

    #row(message) {
        const row = newRow(message, message.user_id === this.user?.id, this.user?.id);
        this.#name(row);
        return row;
    }

    #name(row) {
        row.id = `${this.prefix}${row.dataset.seq}`;
    }

    #all() {
        return [...this.rows.querySelectorAll(".msg")];
    }

    // What is on its way stands below all else.
    #allPending() {
        const found = [];
        let node = this.rows.lastElementChild;
        while (node && (!node.classList.contains("msg") || isPending(node))) {
            if (isPending(node)) {
                found.unshift(node);
            }
            node = node.previousElementSibling;
        }
        return found;
    }

    #pending(clientId) {
        return this.#allPending().find((row) => row.dataset.client === clientId) ?? null;
    }

    #firstPending() {
        const [row] = this.#allPending();
        return row ? (this.#leading(row)[0] ?? row) : null;
    }

    // Dividers directly above a row, topmost first.
    #leading(row) {
        const found = [];
        let node = row && above(row);
        while (node && !node.classList.contains("msg")) {
            found.unshift(node);
            node = above(node);
        }
        return found;
    }

    #before(row) {
        return above(this.#leading(row)[0] ?? row);
    }

    #after(row) {
        let node = below(row);
        while (node && !node.classList.contains("msg")) {
            node = below(node);
        }
        return node;
    }

    // What stands above a row, and whether it goes on from the row before.
    #arrange(row) {
        const leading = this.#leading(row);
        const previous = this.#before(row);
        const newDay = !previous || !sameDay(rowTime(previous), rowTime(row));
        const divider = leading.find((node) => node.classList.contains("day"));
        const marked = leading.some((node) => node.classList.contains("unread-mark"));
        if (newDay && !divider) {
            const day = part("day");
            day.querySelector(".day-label").textContent = dayLabel(rowTime(row));
            (leading[0] ?? row).before(day);
        } else if (!newDay) {
            divider?.remove();
        }
        const goesOn = !newDay && !marked && author(previous) === author(row);
        row.classList.toggle("msg-cont", goesOn && rowTime(row) - rowTime(previous) < GROUP_MS);
    }

    // While the reader is at the lower end, what is far above may be moved.
    #tidy() {
        if (!this.scroll.atBottom) {
            return;
        }
        gather(this.rows);
        if (trim(this.rows, KEPT_ROWS)) {
            this.#arrange(this.rows.querySelector(".msg"));
            this.trimmed?.();
        }
    }
}
