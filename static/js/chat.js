// The conversation: what each frame means for the page, and what each of the reader's doings means
// for the server. The modules it holds know nothing of one another.

import { Activity } from "./activity.js";
import { Composer } from "./composer.js";
import { History } from "./history.js";
import { randomId } from "./ids.js";
import { Link } from "./link.js";
import { Online } from "./online.js";
import { Outbox } from "./outbox.js";
import { Reads } from "./reads.js";
import { Rooms } from "./rooms.js";
import { Scroll } from "./scroll.js";
import { Sender } from "./sender.js";
import { Status } from "./status.js";
import { Timeline } from "./timeline.js";
import { Typing } from "./typing.js";

const PAGE = 50;
const PRESENCE_POLL_MS = 10000;

const byId = (id) => document.getElementById(id);

export class Chat {
    constructor({ config, api, auth, store, logs, user, view }) {
        Object.assign(this, { config, api, store, logs, user, view });
        this.room = config.room;
        this.detached = config.paging === true; // an older page is shown: new rows would leave a hole
        this.conn = randomId();
        this.owner = user?.id ?? "nobody";
        this.titleEnd = document.title.slice(document.title.lastIndexOf("·"));
        this.#makeView();
        this.#makeWays(auth);
    }

    #makeView() {
        const log = byId("log");
        this.log = log;
        this.scroll = new Scroll(log, byId("chat-foot"), { bottom: () => this.#atBottom() });
        this.timeline = new Timeline(byId("rows"), this.scroll, () => this.user);
        this.timeline.trimmed = () => this.history.set(true);
        this.history = new History({ log, inner: byId("log-inner"), timeline: this.timeline, load: (before) => this.#older(before) });
        this.rooms = new Rooms(byId("room-list"), this.config, { open: (slug) => this.open(slug) });
        this.online = new Online(this.room);
        this.typing = new Typing();
        this.status = new Status(byId("link-state"));
        byId("rows").addEventListener("click", (event) => this.#pendingAction(event));
        addEventListener("popstate", () => this.#followAddress());
    }

    #makeWays(auth) {
        const { config, api, logs, conn } = this;
        this.activity = new Activity({ changed: () => this.#sayPresence() });
        this.reads = new Reads((room, seq) => this.#sayRead(room, seq));
        this.link = new Link({
            config, api, auth, logs, conn,
            hooks: {
                frame: (frame) => this.#take(frame),
                welcome: (frame) => this.#welcomed(frame),
                answer: (body) => this.#polled(body),
                resync: (list) => list.forEach((frame) => this.#resync(frame)),
                state: (state, reason) => this.#linkState(state, reason),
            },
            context: { room: () => this.room, activity: () => this.activity.state, signedIn: () => this.user !== null },
        });
        this.outbox = new Outbox(this.store, this.owner);
        this.sender = new Sender({
            outbox: this.outbox, link: this.link, api,
            hooks: {
                changed: (entry) => this.timeline.updatePending(entry),
                stored: (entry) => this.timeline.updatePending({ ...entry, note: null, state: "sent" }),
                posted: (message) => this.#posted(message),
            },
        });
    }

    start() {
        this.timeline.adopt();
        this.rooms.setCurrent(this.room);
        this.timeline.markUnread(this.rooms.get(this.room)?.lastRead ?? 0);
        const form = byId("composer");
        if (form && this.user) {
            this.composer = new Composer(form, {
                store: this.store, user: this.owner, maxChars: this.config.max_chars,
                hooks: { send: (text) => this.#send(text), typing: (on) => this.link.send({ type: "typing", room: this.room, on }) },
            });
            this.composer.open(this.room, this.#title());
        }
        this.#showPending();
        this.link.start();
        this.sender.flush();
        this.#atBottom();
        setInterval(() => this.#pollPresence(), PRESENCE_POLL_MS);
        document.addEventListener("visibilitychange", () => this.#atBottom());
        addEventListener("pagehide", () => this.#leave());
    }

    // Frames.

    #take(frame) {
        if (frame.type === "batch") {
            frame.events.forEach((event) => this.#take(event));
        } else if (frame.seq !== undefined && frame.type !== "ack" && frame.type !== "resync") {
            this.#takeEvent(frame);
        } else {
            this.#takeWord(frame);
        }
    }

    // A durable event, exactly once and in order.
    #takeEvent(event) {
        const verdict = this.logs.take(event.room, event.seq);
        if (verdict === "gap") {
            this.#askFor(event.room);
        }
        if (verdict !== "apply") {
            return;
        }
        this.arrivals?.push(event);
        if (event.type === "message" && event.client_id && event.user_id === this.user?.id) {
            this.sender.settle(event.client_id, { stored: true });
            this.outbox.remove(event.client_id);
        }
        if (event.room === this.room && !this.arrivals && !this.detached) {
            this.#show(event);
        } else {
            this.#count(event);
        }
    }

    #show(event) {
        if (event.type === "message" && !event.deleted) {
            this.#showMessage(event);
        } else if (event.type === "message_edited") {
            this.timeline.change(event.id, { ...event, edited_at: event.edited_at ?? event.timestamp });
        } else if (event.type === "message_deleted") {
            this.timeline.change(event.id, { deleted: true });
        }
        this.#atBottom();
    }

    #showMessage(message) {
        const added = this.timeline.append(message);
        byId("empty")?.remove();
        this.typing.stopped(message.user_id);
        if (added && message.user_id !== this.user?.id) {
            this.scroll.missedOne();
            this.#count(message);
        }
    }

    #count(event) {
        if (event.type === "message" && event.user_id !== this.user?.id) {
            this.rooms.countOne(event.room, event.seq);
            this.#showTitle();
        }
    }

    // State that no log keeps.
    #takeWord(frame) {
        switch (frame.type) {
            case "ack":
                this.sender.settle(frame.client_id, { stored: true });
                break;
            case "error":
                if (frame.client_id) {
                    this.sender.settle(frame.client_id, { error: frame });
                }
                break;
            case "presence":
                this.online.take(frame);
                break;
            case "typing":
                if (frame.room === this.room && frame.user_id !== this.user?.id) {
                    this.typing.take(frame);
                }
                break;
            case "read":
                this.rooms.read(frame.room, frame.up_to);
                this.#showTitle();
                break;
            case "resync":
                this.#resync(frame);
                break;
        }
    }

    #welcomed(frame) {
        this.#setStates(frame.rooms);
        this.#sayPresence();
        this.sender.flush();
    }

    #polled(body) {
        this.#setStates(body.rooms);
        this.sender.flush();
    }

    #setStates(states = {}) {
        for (const [slug, state] of Object.entries(states)) {
            this.rooms.setState(slug, state);
        }
        this.#showTitle();
    }

    // Something is missing: a socket is asked from the cursor on, the poll asks by itself.
    #askFor(room) {
        if (!this.asked?.has(room)) {
            (this.asked ??= new Set()).add(room);
            setTimeout(() => this.asked.delete(room), 1000);
            this.link.subscribe(room, this.logs.last(room));
        }
    }

    async #resync({ room, epoch, seq }) {
        this.logs.epoch = epoch;
        if (room === this.room && !this.detached) {
            await this.#load(room, true).catch(() => {});
        } else {
            this.logs.set(room, seq);
            this.#refreshRooms();
        }
        this.link.subscribe(room, this.logs.last(room));
    }

    #refreshRooms() {
        this.refreshing ??= this.api
            .get("rooms/")
            .then((answer) => this.rooms.update(answer.rooms))
            .catch(() => {})
            .finally(() => {
                this.refreshing = null;
            });
    }

    // Rooms.

    async open(slug, { push = true } = {}) {
        this.view.closeDrawers();
        if (slug === this.room && !this.detached) {
            this.scroll.toBottom();
            return;
        }
        const room = this.rooms.get(slug);
        this.room = slug;
        this.detached = false;
        this.rooms.setCurrent(slug);
        byId("room-title").textContent = room.title;
        byId("room-topic").textContent = room.topic;
        if (push) {
            history.pushState({ room: slug }, "", room.url);
        }
        this.timeline.show([]);
        this.history.set(false);
        this.typing.clear();
        this.online.open(slug);
        this.composer?.open(slug, room.title);
        this.#showTitle();
        this.#sayPresence();
        try {
            await this.#load(slug, false);
            this.composer?.focus();
        } catch {
            if (this.room === slug) {
                location.assign(room.url);
            }
        }
    }

    // The newest rows of a room. Events that come meanwhile wait, so that none is shown twice or lost.
    async #load(slug, afresh) {
        const arrivals = [];
        this.arrivals = arrivals;
        this.log.setAttribute("aria-busy", "true");
        let latest;
        let page;
        try {
            page = await this.api.get("messages/", { room: slug, limit: PAGE });
        } finally {
            latest = this.arrivals === arrivals; // else another room was opened meanwhile
            if (latest) {
                this.arrivals = null;
                this.log.removeAttribute("aria-busy");
            }
        }
        if (latest) {
            this.#showPage(slug, page, afresh, arrivals);
        }
    }

    #showPage(slug, page, afresh, arrivals) {
        const late = arrivals.filter((event) => event.room === slug && event.seq > page.seq);
        this.logs.epoch = page.epoch;
        this.logs.set(slug, afresh ? page.seq : Math.max(this.logs.last(slug) ?? 0, page.seq));
        const lastRead = this.rooms.get(slug)?.lastRead ?? 0;
        byId("empty")?.remove();
        byId("log-newer")?.remove();
        this.timeline.show(page.messages);
        this.history.set(page.has_more);
        this.timeline.markUnread(lastRead);
        late.forEach((event) => this.#show(event));
        this.#showPending();
        this.#showEmpty();
        this.#atBottom();
    }

    async #older(before) {
        const room = this.room;
        const page = await this.api.get("messages/", { room, before, limit: PAGE });
        return room === this.room ? page : null;
    }

    #showEmpty() {
        if (this.timeline.isEmpty) {
            byId("rows").after(this.view.emptyRoom());
        }
    }

    #followAddress() {
        const slug = this.rooms.slugs.find((name) => new URL(this.rooms.get(name).url, location.href).pathname === location.pathname);
        this.open(slug ?? this.config.room, { push: false });
    }

    #title() {
        return byId("room-title").textContent;
    }

    #showTitle() {
        const unread = document.visibilityState === "hidden" ? (this.rooms.get(this.room)?.unread ?? 0) : 0;
        document.title = `${unread > 0 ? `(${unread}) ` : ""}${this.#title()} ${this.titleEnd}`;
    }

    // Sending.

    #send(text) {
        if (this.detached) {
            this.open(this.room);
        }
        const entry = { client_id: randomId(), room: this.room, text, at: Date.now(), state: "queued" };
        byId("empty")?.remove();
        this.timeline.addPending(entry);
        this.scroll.toBottom();
        this.sender.add(entry);
    }

    // What a reload or another room left on its way, unless the page has it already.
    #showPending() {
        for (const entry of this.outbox.inRoom(this.room)) {
            if (this.timeline.has(entry.client_id)) {
                this.outbox.remove(entry.client_id);
            } else if (this.user) {
                this.timeline.addPending(entry);
            }
        }
    }

    // The answer to a POST is the event itself; it counts if it is the next one.
    #posted(message) {
        if (this.logs.last(message.room) + 1 === message.seq) {
            this.#takeEvent(message);
        } else {
            this.link.poller.soon();
        }
    }

    #pendingAction(event) {
        const action = event.target.dataset?.action;
        const clientId = event.target.closest(".msg")?.dataset.client;
        const entry = action && this.outbox.get(clientId);
        if (!entry) {
            return;
        }
        if (action === "retry") {
            this.sender.retry(clientId);
        } else {
            this.outbox.remove(clientId);
            this.timeline.removePending(clientId);
            this.composer?.restore(entry.text);
            this.#showEmpty();
        }
    }

    // Presence and read marks.

    #linkState(state, reason) {
        this.status.set(state, reason, this.link?.loginUrl);
        if (state !== "live") {
            this.sender?.linkLost();
        }
        if (state === "polling" || state === "live") {
            this.sender?.flush();
        }
    }

    #sayPresence() {
        if (this.user && !this.link.send({ type: "presence", state: this.activity.state, room: this.room })) {
            this.link.poller.soon();
        }
        if (!this.link.live) {
            this.#pollPresence();
        }
    }

    async #pollPresence() {
        if (this.link.live || this.link.stopped || document.visibilityState === "hidden") {
            return;
        }
        const answer = await this.api.get("presence/", { room: this.room }).catch(() => null);
        if (answer && !this.link.live) {
            this.online.replace(answer);
        }
    }

    // A socket's end says it too; a poll has nothing else to say it with.
    #leave() {
        if (this.user && !this.link.live) {
            this.api.beacon("presence/", { conn: this.conn, state: "gone" });
        }
    }

    #atBottom() {
        const seq = this.logs.last(this.room);
        if (!this.scroll?.atBottom || this.arrivals || this.detached || document.visibilityState !== "visible" || !seq) {
            return;
        }
        this.rooms?.read(this.room, seq);
        this.#showTitle();
        if (this.user) {
            this.reads?.mark(this.room, seq);
        }
    }

    #sayRead(room, seq) {
        if (!this.link.send({ type: "read", room, up_to: seq }) && !this.link.stopped) {
            this.api.put(`rooms/${encodeURIComponent(room)}/read/`, { up_to: seq }).catch(() => {});
        }
    }
}
