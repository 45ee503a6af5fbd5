// The conversation: what each of the reader's doings means for the server; what the server's frames
// mean for the page is in frames.js. The modules it holds know nothing of one another.

import { Acts } from "./acts.js";
import { Attach } from "./attach.js";
import { Attention } from "./attention.js";
import { isPlainClick } from "./click.js";
import { Composer } from "./composer.js";
import { addEmojiButton } from "./emoji.js";
import { Frames } from "./frames.js";
import { randomId } from "./ids.js";
import { Membership } from "./membership.js";
import { MentionBox } from "./mention_box.js";
import { Online } from "./online.js";
import { Outbox } from "./outbox.js";
import { Panels } from "./panels.js";
import { Pins } from "./pins.js";
import { Reply } from "./reply.js";
import { RoomView } from "./room_view.js";
import { Rooms } from "./rooms.js";
import { Sender } from "./sender.js";
import { SharedLink } from "./shared_link.js";
import { Shortcuts } from "./shortcuts.js";
import { Status } from "./status.js";
import { Threads } from "./threads.js";
import { toast } from "./toast.js";
import { Typing } from "./typing.js";
import { Whereabouts } from "./whereabouts.js";

const byId = (id) => document.getElementById(id);

export class Chat {
    constructor({ config, api, auth, store, tabs, logs, user, closeDrawers }) {
        Object.assign(this, { config, api, store, tabs, logs, user, closeDrawers });
        this.owner = user?.id ?? "nobody";
        this.titleEnd = document.title.slice(document.title.lastIndexOf("·"));
        this.outbox = new Outbox(store, this.owner, tabs.id);
        this.frames = new Frames(this);
        this.#makeView();
        this.#makeWays(auth);
    }

    #makeView() {
        const { api, logs, outbox, user, config } = this;
        this.rooms = new Rooms(byId("room-lists"), config, { open: (slug) => this.open(slug), stale: () => this.membership.refresh() });
        this.view = new RoomView({
            api, logs, outbox, user,
            room: config.room,
            detached: config.paging === true,
            hooks: {
                bottom: () => this.readSoFar(),
                newest: () => this.open(this.view.room),
                jump: (id) => this.jump(id),
                read: () => this.#readAll(),
                state: (slug) => this.#readingOf(slug),
            },
        });
        this.pins = new Pins(api, (id) => this.jump(id));
        this.online = new Online(config.room, config.page);
        this.typing = new Typing();
        this.status = new Status(byId("link-state"));
    }

    #makeWays(auth) {
        const { config, api, tabs, logs, user, outbox } = this;
        this.link = new SharedLink({
            config, api, auth, tabs, logs, user,
            hooks: {
                frame: (frame) => this.frames.take(frame),
                welcome: (frame) => this.#welcomed(frame),
                answer: (body) => this.frames.answered(body),
                resync: (list) => list.forEach((frame) => this.frames.resync(frame)),
                state: (state, reason) => this.#linkState(state, reason),
                unsent: (frame) => this.#unsent(frame),
                lists: () => this.online.frames(),
                tend: (living) => this.#adoptLeftovers(living),
            },
        });
        this.whereabouts = new Whereabouts({ api, link: this.link, online: this.online, room: () => this.view.room });
        this.attention = new Attention({
            rooms: this.rooms,
            link: this.link,
            api, tabs, user,
            prefs: config.prefs,
            visit: (id) => this.#visit(id),
        });
        this.membership = new Membership({
            api, logs,
            rooms: this.rooms,
            section: byId("invitations"),
            hooks: {
                entered: (slug, seq) => {
                    this.link.subscribe(slug, seq);
                    this.attention.entered(slug).catch(() => {}); // nobody is called then
                },
                changed: (room) => room.slug === this.view.room && this.#showNames(room),
                gone: (slug, why) => this.#leftRoom(slug, why),
                open: (slug) => this.open(slug),
                failed: (error) => toast(error.message),
            },
        });
        this.panels = new Panels({
            api, config, user,
            online: this.online,
            prefs: this.attention.prefs,
            told: () => this.link.soon(),
            room: () => this.view.room,
            visit: (id) => {
                this.closeDrawers();
                this.#visit(id);
            },
            opened: (room) => {
                this.membership.enter(room);
                this.open(room.id);
            },
            put: (room) => this.membership.put(room),
        });
        this.sender = new Sender({
            outbox, api,
            link: this.link,
            hooks: {
                changed: (entry) => this.#showPending(entry),
                stored: (entry) => this.#showPending({ ...entry, note: null, state: "sent" }),
                posted: (message) => this.frames.posted(message),
            },
        });
        this.threads = new Threads({
            api, config, user,
            store: this.store,
            owner: this.owner,
            outbox: this.outbox,
            pins: this.pins,
            hooks: {
                done: (message) => this.#acted(message),
                send: (entry) => this.#sendInThread(entry),
                typing: (room, on) => this.whereabouts.typing(room, on),
                jump: (id) => this.jump(id),
                pending: (event) => this.#pendingAction(event),
                closed: () => this.#leaveThreadPage(),
                owns: (room) => this.#owns(room),
                person: (id, anchor) => this.panels.about(id, anchor),
            },
        });
    }

    #makeActs() {
        const { api, config, user } = this;
        this.acts = new Acts({
            api, config, user,
            log: byId("log"),
            scroll: this.view.scroll,
            reply: this.reply,
            pins: this.pins,
            hooks: {
                done: (message) => this.#acted(message),
                told: () => this.link.soon(),
                leave: () => this.composer?.text.focus(),
                thread: (id) => this.threads.open(id),
                owns: () => this.#owns(this.view.room),
                person: (id, anchor) => this.panels.about(id, anchor),
            },
        });
        this.composer?.text.addEventListener("keydown", (event) => {
            if (event.key === "ArrowUp" && event.target.value === "" && this.acts.editLast()) {
                event.preventDefault();
            }
        });
    }

    // Brings a message into view, with those around it where it is not among the rows.
    async jump(id) {
        if (this.view.timeline.reveal(id)) {
            return;
        }
        const room = this.view.room;
        try {
            await this.view.loadAround(id);
            const now = this.rooms.get(this.view.room);
            if (this.view.room !== room && now) {
                this.#showHead(now);
            }
        } catch (error) {
            toast(error.message);
        }
    }

    #jumpByQuote(event) {
        const quote = event.target.closest("a.msg-quote");
        if (quote && isPlainClick(event)) {
            event.preventDefault();
            this.jump(Number(quote.dataset.id));
        }
    }

    #owns(room) {
        return this.user !== null && this.rooms.get(room)?.owner === this.user.id;
    }

    #acted(message) {
        this.view.change(message);
        this.threads.change(message);
        this.link.soon();
    }

    start() {
        this.rooms.setCurrent(this.view.room);
        this.view.adopt(this.rooms.get(this.view.room)?.lastRead ?? 0);
        this.#makeComposer();
        this.#makeActs();
        byId("rows").addEventListener("click", (event) => this.#pendingAction(event));
        byId("rows").addEventListener("click", (event) => this.#jumpByQuote(event));
        document.addEventListener("visibilitychange", () => this.#lookAgain());
        addEventListener("popstate", () => this.#followAddress());
        new Shortcuts({
            api: this.api,
            search: document.querySelector(".open-search") !== null,
            room: () => ({ slug: this.view.room, title: this.#title() }),
            visit: (id) => this.#visit(id),
            unread: () => this.view.unread.go(),
        });
        addEventListener("pagehide", () => this.link.leave());
        addEventListener("pageshow", (event) => event.persisted && this.#comeBack());
        this.link.start(this.whereabouts.place);
        this.sender.flush();
        this.readSoFar();
        if (this.config.thread) {
            this.threads.open(this.config.thread);
        }
    }

    #makeComposer() {
        const form = byId("composer");
        if (!form || !this.user) {
            return;
        }
        this.composer = new Composer(form, {
            store: this.store,
            user: this.owner,
            maxChars: this.config.max_chars,
            hooks: {
                send: (text) => this.#send(text),
                files: () => this.attach ?? { ready: 0, busy: false },
                typing: (on) => this.whereabouts.typing(this.view.room, on),
            },
        });
        addEmojiButton(this.composer.text, this.config.page);
        new MentionBox({
            api: this.api,
            me: this.user.id,
            room: () => this.view.room,
            here: () => this.online.in(this.view.room),
        });
        this.reply = new Reply(form, this.store, this.owner);
        this.#makeAttach(form);
        this.composer.open(this.view.room, this.#title());
        this.reply.open(this.view.room);
        this.attach?.open(this.view.room);
    }

    #makeAttach(form) {
        if (form.querySelector(".composer-files")) {
            this.attach = new Attach({
                form,
                area: byId("chat"),
                given: { api: this.api, store: this.store, prefix: `upload:${this.owner}:`, maxMb: this.config.file_max_mb },
                changed: () => this.composer.refresh(),
            });
        }
    }

    // Rooms.

    async open(slug, { push = true } = {}) {
        this.closeDrawers();
        if (slug === this.view.room && !this.view.detached) {
            this.view.scroll.toBottom();
            return;
        }
        const room = this.rooms.get(slug);
        this.view.turnTo(slug);
        this.#showHead(room);
        if (push && !this.config.embed) {
            history.pushState({ room: slug }, "", room.url);
        }
        this.whereabouts.say();
        try {
            if (await this.view.load()) {
                this.readSoFar();
                this.composer?.focus();
            }
        } catch {
            if (this.view.room === slug) {
                location.assign(room.url);
            }
        }
    }

    // This person is out of it, or does not want to see it.
    #leftRoom(slug, why) {
        toast(why);
        if (slug === this.view.room) {
            this.open(this.rooms.slugs[0]);
        }
    }

    #showNames({ title, about, url }) {
        byId("room-title").textContent = title;
        byId("room-topic").textContent = about;
        byId("room-about").href = `${url}about/`;
        this.composer?.call(title);
        this.showTitle();
    }

    // Everything around the rows that belongs to a room.
    #showHead(room) {
        const { slug } = room;
        this.rooms.setCurrent(slug);
        this.typing.clear();
        this.online.open(slug);
        this.#showNames(room);
        this.composer?.open(slug, room.title);
        this.reply?.open(slug);
        this.attach?.open(slug);
        this.pins.load(slug);
        this.threads.close();
        this.showTitle();
    }

    // A message that was searched for: the way back leads to what was shown before.
    #visit(id) {
        history.pushState({ message: id }, "", `${this.config.page}m/${id}/`);
        this.jump(id);
    }

    #followAddress() {
        if (history.state?.message) {
            this.jump(history.state.message);
            return;
        }
        const here = (room) => new URL(room.url, location.href).pathname === location.pathname;
        const slug = this.rooms.slugs.find((name) => here(this.rooms.get(name)));
        this.open(slug ?? this.config.room, { push: false });
    }

    #title() {
        return byId("room-title").textContent;
    }

    showTitle() {
        const unread = document.visibilityState === "hidden" ? this.rooms.loudUnread(this.view.room) : 0;
        const title = `${unread > 0 ? `(${unread}) ` : ""}${this.#title()} ${this.titleEnd}`;
        if (document.title !== title) {
            document.title = title;
        }
        this.attention?.settle();
    }

    // Sending.

    async #send(text) {
        const room = this.view.room;
        this.whereabouts.typedToEnd(room);
        const [reply, files] = [this.reply.take(), this.attach?.take() ?? {}];
        const extra = { ...reply.extra, ...files.extra };
        const entry = { client_id: randomId(), room, text, at: Date.now(), state: "queued", ...reply, ...files, extra };
        if (this.view.detached) {
            this.outbox.add(entry);
            await this.open(room);
            this.sender.flush();
            return;
        }
        this.view.addPending(entry);
        this.sender.add(entry);
    }

    // Beside the room; there its row waits as well, without moving what is being read.
    #sendInThread(entry) {
        this.whereabouts.typedToEnd(entry.room);
        if (entry.room === this.view.room && !this.view.detached) {
            this.view.showPending([entry]);
        }
        this.sender.add(entry);
    }

    #showPending(entry) {
        this.view.updatePending(entry);
        this.threads.updatePending(entry);
    }

    // The page of a thread is left with it: the room is what the address says then.
    #leaveThreadPage() {
        if (this.config.thread) {
            this.config.thread = null;
            history.replaceState({ room: this.view.room }, "", this.rooms.get(this.view.room)?.url);
        }
    }

    // A socket was to take it, and did not.
    #unsent(frame) {
        if (frame.type === "message") {
            this.sender.settle(frame.client_id, null);
        } else if (frame.type === "read") {
            this.whereabouts.putRead(frame.room, frame.up_to);
        }
    }

    // This tab leads: what those that were closed had not sent is its to send. A tab that loads again
    // seems dead for a moment.
    async #adoptLeftovers(living) {
        const dead = [...this.outbox.tabs()].filter((tab) => !living.has(tab));
        const stillDead = dead.filter((tab) => this.dead?.has(tab) ?? true);
        this.dead = new Set(dead);
        for (const tab of stillDead) {
            await this.tabs.whereDead(tab, () => this.#adoptFrom(tab));
        }
    }

    #adoptFrom(tab) {
        const entries = this.outbox.adopt((entry) => (entry.tab ?? "") === tab);
        this.view.showPending(entries.filter((entry) => entry.room === this.view.room));
        this.sender.flush();
    }

    // Out of the browser's cache of pages; others may have sent what was left here.
    async #comeBack() {
        await this.tabs.claim();
        const lost = this.outbox.forgetLost(this.tabs.id);
        lost.forEach((entry) => this.view.removePending(entry.client_id));
        this.link.start(this.whereabouts.place);
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
            this.view.removePending(clientId);
            if (!this.threads.discard(entry)) {
                this.composer?.restore(entry.text);
            }
        }
    }

    // The link, and what is read.

    #linkState(state, reason) {
        this.status.set(state, reason, this.link?.loginUrl);
        if (state !== "live") {
            this.sender?.linkLost();
        }
        if (state === "live" || state === "polling") {
            this.sender?.flush();
        }
    }

    #welcomed(frame) {
        this.frames.welcomed(frame);
        this.whereabouts.say();
    }

    // All of the room in view counts as read while its end is in sight.
    readSoFar() {
        const room = this.view?.room;
        const seq = this.logs.last(room);
        if (seq && this.view.atEnd && document.visibilityState === "visible") {
            this.rooms.read(room, seq);
            if (this.user) {
                this.whereabouts?.read(room, seq);
            }
        }
        this.showTitle();
    }

    // How far the reader came in a room, and what is left; a room may not be theirs any more.
    #readingOf(slug) {
        return this.rooms.get(slug) ?? { lastRead: 0, unread: 0 };
    }

    #lookAgain() {
        if (document.visibilityState === "visible") {
            this.view.comeBack();
        }
        this.readSoFar();
    }

    // The reader says so, wherever in the room they are.
    #readAll() {
        const { room } = this.view;
        this.rooms.read(room, this.logs.last(room));
        if (this.user) {
            this.whereabouts.read(room, this.logs.last(room));
        }
    }
}
