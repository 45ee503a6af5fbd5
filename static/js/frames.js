// What each frame of the server means for the page: its events, exactly once and in order, and the
// words that no log keeps. It reads the modules that the chat holds.

import { mentionsReader } from "./mention.js";
import { toast } from "./toast.js";

const ASK_AGAIN_MS = 1000;
const LOAD_AGAIN_MS = 2000;
const TURNS = {
    archived: "This room was archived: its messages stay, and nobody writes here.",
    restored: "This room is open again.",
};

export class Frames {
    constructor(chat) {
        this.chat = chat;
        this.asked = new Set();
    }

    take(frame) {
        if (frame.type === "batch") {
            frame.events.forEach((event) => this.take(event));
        } else if (frame.seq !== undefined && frame.type !== "ack" && frame.type !== "resync") {
            this.#takeEvent(frame);
        } else {
            this.#takeWord(frame);
        }
    }

    // A durable event, exactly once and in order.
    #takeEvent(event) {
        const { logs, view, typing } = this.chat;
        const verdict = logs.take(event.room, event.seq);
        if (verdict === "gap") {
            this.#askFor(event.room);
        }
        if (verdict !== "apply") {
            return;
        }
        this.#settleOwn(event);
        this.chat.rooms.stir(event);
        this.#count(event);
        this.#tellParts(event);
        if (view.takes(event)) {
            view.show(event);
            typing.stopped(event.user_id);
            this.chat.readSoFar();
        }
        this.chat.showTitle();
    }

    #isMine(userId) {
        return userId !== undefined && userId === this.chat.user?.id;
    }

    #settleOwn({ user_id: userId, client_id: clientId }) {
        if (clientId && this.#isMine(userId)) {
            this.chat.sender.settle(clientId, { stored: true });
            this.chat.outbox.remove(clientId);
        }
    }

    #count(event) {
        const { panels, rooms, user } = this.chat;
        if (event.type === "message" && !this.#isMine(event.user_id) && !event.deleted) {
            const calls = mentionsReader(event, user?.id);
            rooms.countOne(event.room, event.seq, calls);
            if (calls) {
                panels.mentioned();
            }
        } else if (event.type === "message_deleted" && !this.#isMine(event.author_id)) {
            rooms.uncountOne(event.room, event.seq, event.msg_seq);
            rooms.recall(event.room, event.msg_seq, false);
        } else if (event.type === "message_edited" && !this.#isMine(event.author_id)) {
            rooms.recall(event.room, event.msg_seq, mentionsReader(event, user?.id));
        }
    }

    #tellParts(event) {
        const { attention, membership, panels, pins, rooms, threads, view } = this.chat;
        attention.take(event);
        if (event.type === "ignored") {
            this.#showAnew();
        } else if (event.type === "membership") {
            membership.take(event);
        } else if (event.type === "room") {
            membership.refresh();
            panels.take(event);
        } else if (event.type === "message" && rooms.get(event.room)?.away) {
            membership.refresh(); // it may be in the list again
        } else if (event.type === "renamed") {
            this.#rename(event);
        }
        if (event.room === view.room) {
            pins.take(event);
            if (event.type === "room" && event.change in TURNS) {
                toast(TURNS[event.change]);
            }
        }
        threads.take(event);
    }

    // Rows, quotes and pins take it from the event themselves.
    #rename(event) {
        const { membership, online, panels, rooms, typing, user } = this.chat;
        const { target_id: id, username } = event;
        online.rename(id, username);
        typing.rename(id, username);
        panels.take(event);
        if (rooms.get(event.room)?.kind === "direct") {
            membership.refresh(); // called after who is in it
        }
        if (this.#isMine(id)) {
            user.username = username;
            document.querySelector(".me-name").textContent = username;
        }
    }

    // What no log keeps.
    #takeWord(frame) {
        switch (frame.type) {
            case "ack":
                this.chat.sender.settle(frame.client_id, { stored: true });
                break;
            case "error":
                this.chat.sender.settle(frame.client_id, { error: frame });
                if (frame.code === "room_not_found" && frame.room) {
                    this.chat.membership.drop(frame.room);
                }
                break;
            case "presence":
                this.chat.online.take(frame);
                break;
            case "typing":
                if (frame.room === this.chat.view.room && frame.user_id !== this.chat.user?.id) {
                    this.chat.typing.take(frame);
                }
                break;
            case "read":
                this.#readElsewhere(frame);
                break;
            case "resync":
                this.resync(frame);
                break;
        }
    }

    // In another tab, which says how far, or on another device, of which the server says what is left.
    #readElsewhere({ room, up_to: upTo, unread, mentions, head }) {
        this.chat.rooms.read(room, upTo);
        this.chat.rooms.setState(room, { head, unread, mentions, last_read_seq: upTo });
        this.chat.showTitle();
    }

    welcomed(frame) {
        this.#setStates(frame.rooms);
    }

    answered({ rooms, missing = [], typing = [] }) {
        typing.forEach((one) => this.#takeWord({ type: "typing", on: true, ...one }));
        missing.forEach((room) => this.chat.membership.drop(room));
        this.#setStates(rooms);
    }

    #setStates(states = {}) {
        for (const [slug, state] of Object.entries(states)) {
            this.chat.rooms.setState(slug, state);
        }
        this.chat.readSoFar();
    }

    // Something is missing: ask from the cursor on.
    #askFor(room) {
        if (!this.asked.has(room)) {
            this.asked.add(room);
            setTimeout(() => this.asked.delete(room), ASK_AGAIN_MS);
            this.chat.link.subscribe(room, this.chat.logs.last(room));
        }
    }

    async resync({ room, epoch, seq }) {
        const { link, logs, membership, pins, threads, view } = this.chat;
        logs.begin(epoch);
        logs.set(room, seq);
        threads.reload(room);
        if (room === "@me") {
            this.#showAnew();
        } else if (room === view.room && !view.detached) {
            pins.load(room);
            await this.#reload(room);
        } else {
            membership.refresh();
        }
        link.subscribe(room, logs.last(room));
    }

    // What the reader may see is another by now: whom they ignore.
    #showAnew() {
        const { membership, pins, threads, typing, view } = this.chat;
        membership.refresh();
        threads.reload(view.room);
        typing.clear();
        pins.load(view.room);
        this.#reload(view.room, false);
    }

    // What is shown is of a past that is no more: load it again, however often that fails for a while.
    async #reload(room, afresh = true) {
        const { link, view } = this.chat;
        try {
            await view.load(afresh);
        } catch (error) {
            if (error.retryable) {
                setTimeout(() => room === view.room && !link.stopped && this.#reload(room, afresh), LOAD_AGAIN_MS);
            }
        }
    }

    // The answer to a POST is the event itself; it counts if it is the next one.
    posted(message) {
        if (this.chat.logs.last(message.room) + 1 === message.seq) {
            this.#takeEvent(message);
        } else {
            this.chat.link.soon();
        }
    }
}
