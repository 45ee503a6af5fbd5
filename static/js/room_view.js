// The room in view: its rows, what is still on its way, older rows on scrolling up, and the loading of
// another room. It shows; what the reader has read or sent is the chat's affair.

import { FirstUnread } from "./first_unread.js";
import { History } from "./history.js";
import { element } from "./parts.js";
import { Scroll } from "./scroll.js";
import { Timeline } from "./timeline.js";
import { Voice } from "./voice.js";

const PAGE = 50;

const byId = (id) => document.getElementById(id);

export class RoomView {
    // hooks: bottom() when the reader comes to the lower end, newest() to leave older rows, jump(id), read()
    // when they say that they have read it all, state(room) → {lastRead, unread}
    constructor({ api, logs, outbox, user, room, detached, hooks }) {
        Object.assign(this, { api, logs, outbox, user, room, hooks });
        this.detached = detached; // an older page is shown: a new row would leave a hole
        this.log = byId("log");
        this.scroll = new Scroll(this.log, byId("chat-foot"), hooks);
        this.voice = new Voice(this.log, byId("digest"), () => `in ${byId("room-title").textContent}`);
        this.timeline = new Timeline({ rows: byId("rows"), scroll: this.scroll, user, voice: this.voice });
        this.timeline.trimmed = () => this.history.set(true);
        this.history = new History({
            log: this.log,
            inner: byId("log-inner"),
            timeline: this.timeline,
            load: (before) => this.#older(before),
            shown: () => {
                this.late.forEach((event) => this.timeline.apply(event));
                this.unread.shown();
            },
        });
        this.unread = new FirstUnread(this.log, this.timeline, {
            whole: () => !this.history.hasOlder,
            find: async (after) => (await api.get(`rooms/${encodeURIComponent(this.room)}/unread/`, { after })).id,
            jump: (id) => hooks.jump(id),
            read: () => hooks.read(),
        });
    }

    // The server's rows, as they are.
    adopt(lastRead) {
        this.timeline.adopt();
        this.unread.adopt(lastRead);
        this.showPending(this.outbox.inRoom(this.room));
        this.log.querySelector(".msg-target")?.scrollIntoView({ block: "center" });
    }

    // Whether the reader sees the newest row.
    get atEnd() {
        return this.scroll.atBottom && !this.arrivals && !this.detached;
    }

    // True where the event belongs to what is shown, or will be when it is loaded.
    takes(event) {
        return event.room === this.room;
    }

    // The answer to an act: the message as it is now. Its event says the same once more.
    change(message) {
        if (message.room === this.room) {
            this.timeline.replace(message);
        }
    }

    // An event of this room. True where it is a new message that was added to the rows.
    show(event) {
        if (this.arrivals) {
            this.arrivals.push(event);
            return false;
        }
        this.changes?.push(event);
        this.timeline.apply(event);
        const message = event.type === "message" && event.username !== undefined; // else it was erased
        return message && !this.detached && this.#showMessage(event);
    }

    #showMessage(message) {
        const added = this.timeline.append(message);
        byId("empty")?.remove();
        if (added && message.user_id !== this.user?.id) {
            this.scroll.missedOne();
        }
        return added;
    }

    // The reader was away: what came meanwhile is new.
    comeBack() {
        const { lastRead, unread } = this.hooks.state(this.room);
        this.unread.arrive(lastRead, unread);
        this.unread.shown();
    }

    // Leaves what is shown; load() brings the next.
    turnTo(room) {
        const { lastRead, unread } = this.hooks.state(room);
        this.unread[room === this.room ? "stay" : "arrive"](lastRead, unread);
        this.voice.reset();
        this.room = room;
        this.detached = false;
        byId("empty")?.remove();
        byId("log-newer")?.remove();
        this.timeline.show([]);
        this.history.set(false);
    }

    // A message and those around it, of this room or another.
    async loadAround(id) {
        await this.#load(() => this.api.get(`messages/${id}/context/`), (page, arrivals) => {
            if (page.room !== this.room) {
                this.turnTo(page.room);
            }
            this.#showPage(page, arrivals, false);
            this.timeline.reveal(id);
        });
    }

    // The newest rows. Events that come meanwhile wait, so that none is shown twice or lost. `afresh`:
    // the cursor begins anew with what was loaded. False where another load overtook this one.
    async load(afresh = false) {
        const room = this.room;
        return this.#load(
            () => this.api.get("messages/", { room, limit: PAGE }),
            (page, arrivals) => this.#showPage(page, arrivals, afresh),
        );
    }

    async #load(ask, show) {
        const arrivals = [];
        this.arrivals = arrivals;
        this.log.setAttribute("aria-busy", "true");
        let page;
        try {
            page = await ask();
        } finally {
            if (this.arrivals === arrivals) {
                this.arrivals = null;
                this.log.removeAttribute("aria-busy");
            } else {
                page = null;
            }
        }
        if (page) {
            show(page, arrivals);
        }
        return page !== null;
    }

    #showPage(page, arrivals, afresh) {
        const another = this.logs.begin(page.epoch);
        this.logs.set(page.room, afresh || another ? page.seq : Math.max(this.logs.last(page.room) ?? 0, page.seq));
        this.detached = page.has_newer === true;
        this.timeline.show(page.messages);
        this.history.set(page.has_more);
        this.#showNewerEdge();
        this.unread.shown();
        arrivals.filter((event) => event.seq > page.seq).forEach((event) => this.show(event));
        this.showPending(this.outbox.inRoom(this.room));
        this.showEmpty();
    }

    async #older(before) {
        const room = this.room;
        const changes = [];
        this.changes = changes; // of rows that may be among those being loaded
        try {
            const page = await this.api.get("messages/", { room, before, limit: PAGE });
            this.late = changes.filter((event) => event.seq > page.seq);
            return room === this.room ? page : null;
        } finally {
            this.changes = null;
        }
    }

    // Below rows that are not the newest: the way to those.
    #showNewerEdge() {
        byId("log-newer")?.remove();
        if (this.detached) {
            const link = element("button", "btn btn-sm btn-quiet", "Newest messages");
            link.type = "button";
            link.addEventListener("click", () => this.hooks.newest());
            const edge = element("p", "log-edge", link);
            edge.id = "log-newer";
            byId("log-inner").append(edge);
        }
    }

    showEmpty() {
        if (this.timeline.isEmpty && !byId("empty")) {
            const lead = element("p", "empty-lead", "No messages here yet.");
            const more = element("p", "", "Say what you see in the market: the first message opens the room.");
            const box = element("div", "empty", lead, more);
            box.id = "empty";
            byId("rows").after(box);
        }
    }

    // What a reload, another room or a closed tab left on its way, unless the rows have it already.
    showPending(entries) {
        for (const entry of entries) {
            if (this.timeline.has(entry.client_id)) {
                this.outbox.remove(entry.client_id);
            } else {
                this.timeline.addPending(entry);
            }
        }
    }

    addPending(entry) {
        byId("empty")?.remove();
        this.timeline.addPending(entry);
        this.scroll.toBottom();
    }

    updatePending(entry) {
        this.timeline.updatePending(entry);
    }

    removePending(clientId) {
        this.timeline.removePending(clientId);
        this.showEmpty();
    }
}
