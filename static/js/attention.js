// What calls for the reader where they are not looking: a dot on the page's icon and, as they have chosen, the
// browser's notifications and a sound. One tab does it, the one that leads; and not for what is in view in any
// tab, what is read by then, on whatever device, what is one's own, or what is in a muted room.

import { mentionsReader } from "./mention.js";

const GRACE_MS = 900; // until it is known whether it was read
const KNOWN = 200; // messages that are remembered, so that none calls twice

export class Attention {
    // link.sees(room): some tab shows it; visit(id): opens a message
    constructor({ api, rooms, tabs, link, user, prefs, visit }) {
        Object.assign(this, { api, rooms, tabs, link, user, prefs: prefs ?? {}, visit });
        this.known = new Set(); // ids
        this.waiting = new Map(); // id → {room, seq, author, text?, calls}
        this.shown = new Map(); // room → {notification, seq}
        this.icon = document.querySelector("link[rel=icon]");
    }

    // A durable event of any room, in order.
    take(event) {
        if (event.type === "prefs") {
            Object.assign(this.prefs, event.prefs);
        } else if (event.type === "message" && event.username !== undefined && !event.deleted) {
            this.#hear({ id: event.id, room: event.room, seq: event.seq, by: event.user_id, author: event.username, text: event.message, calls: this.#calls(event) });
        } else if (event.type === "mention") {
            this.#hear({ id: event.id, room: event.of, seq: event.msg_seq, by: event.author_id, author: event.username, calls: true });
        }
    }

    // What is read calls no longer.
    settle() {
        const icon = this.rooms.isLoud() ? "icon-new.svg" : "icon.svg";
        const href = this.icon.getAttribute("href");
        const wanted = href.replace(/icon(-new)?\.svg/, icon);
        if (href !== wanted) {
            this.icon.setAttribute("href", wanted);
        }
        for (const [slug, { notification, seq }] of this.shown) {
            if ((this.rooms.get(slug)?.lastRead ?? seq) >= seq) {
                notification.close();
                this.shown.delete(slug);
            }
        }
    }

    // A room that is there all of a sudden: what was said in a new conversation before it was known calls, too.
    async entered(slug) {
        const room = this.rooms.get(slug);
        if (room?.kind === "direct" && room.unread > 0) {
            const { messages } = await this.api.get("messages/", { room: slug, limit: 1 });
            messages.forEach((message) => this.take({ ...message, type: "message" }));
        }
    }

    #calls(message) {
        return this.rooms.get(message.room)?.kind === "direct" || mentionsReader(message, this.user?.id);
    }

    #isWanted({ calls }) {
        return this.prefs.sound === "all" || (calls && (this.prefs.sound === "mine" || this.prefs.notify === "on"));
    }

    #hear(heard) {
        const { id } = heard;
        if (!this.user || heard.by === this.user.id || !this.#isWanted(heard)) {
            return;
        }
        if (this.waiting.has(id)) {
            Object.assign(this.waiting.get(id), heard, { calls: heard.calls || this.waiting.get(id).calls });
        } else if (!this.known.has(id)) {
            this.#remember(id);
            this.waiting.set(id, heard);
            setTimeout(() => this.#judge(id), GRACE_MS);
        }
    }

    #remember(id) {
        this.known.add(id);
        if (this.known.size > KNOWN) {
            this.known.delete(this.known.values().next().value);
        }
    }

    async #judge(id) {
        const heard = this.waiting.get(id);
        const room = this.rooms.get(heard.room);
        this.waiting.delete(id);
        const leads = this.tabs.leading || !this.tabs.shared;
        if (!leads || !room || this.rooms.isMuted(room) || room.lastRead >= heard.seq || this.link.sees(heard.room)) {
            return;
        }
        const { notify, beep } = await import("./notify.js");
        if (heard.calls && this.prefs.notify === "on") {
            this.#show(notify, heard, room);
        }
        if (this.prefs.sound === "all" || (heard.calls && this.prefs.sound === "mine")) {
            beep();
        }
    }

    #show(notify, { id, seq, room: slug, author, text }, room) {
        const title = room.kind === "direct" ? author : `${author} in ${room.title}`;
        const said = this.prefs.notify_text === "on" ? text : undefined;
        const body = said || (room.kind === "direct" ? "Sent you a message" : "Mentioned you");
        const notification = notify(title, body, slug, () => this.visit(id));
        if (notification) {
            this.shown.set(slug, { notification, seq });
        }
    }
}
