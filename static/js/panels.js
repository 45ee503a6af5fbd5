// Windows about rooms and people, each loaded when it is first asked for. Without scripts the same links
// lead to pages that do the same.

import { isPlainClick } from "./click.js";
import { toast } from "./toast.js";

export class Panels {
    // context: {api, config, user, prefs, online, room() → the one in view, opened(room), put(room) out of the
    // list or into it, visit(id) a message, told() after another word to the server}
    constructor(context) {
        this.context = context;
        document.addEventListener("click", (event) => isPlainClick(event) && this.#click(event));
    }

    // A "room" event: what is shown about it may be old.
    take(event) {
        this.room?.take(event);
    }

    // The reader was.
    mentioned() {
        this.list?.load();
    }

    #click(event) {
        const link = event.target.closest("#new-room, #room-about, #mentions, #notify, .person, .msg-author, a.mention");
        const way = link && this.context.user && this.#wayOf(link);
        if (way) {
            event.preventDefault();
            this.#show(way);
        }
    }

    #wayOf(link) {
        if (link.id === "new-room") {
            return () => import("./new_room.js").then(({ openNewRoom }) => openNewRoom(this.context));
        }
        if (link.id === "room-about") {
            return () => import("./room_about.js").then(({ openAbout }) => this.#keep(openAbout(this.context)));
        }
        if (link.id === "mentions") {
            return () => import("./mentions_panel.js").then(({ openMentions }) => this.#keepList(openMentions(this.context)));
        }
        if (link.id === "notify") {
            return () => import("./notify_settings.js").then(({ openNotifySettings }) => openNotifySettings(this.context));
        }
        const id = Number(link.dataset.user ?? link.closest(".msg").dataset.user);
        return id ? () => this.card(id, link) : null;
    }

    // Asked for elsewhere: who somebody is.
    about(id, anchor) {
        return this.#show(() => this.card(id, anchor));
    }

    card(id, anchor) {
        return import("./person_card.js").then(({ openCard }) => openCard(this.context, id, anchor));
    }

    async #keep(room) {
        this.room = await room;
        await this.room.closed;
        this.room = null;
    }

    async #keepList(list) {
        this.list = await list;
        await this.list.closed;
        this.list = null;
    }

    async #show(way) {
        try {
            await way();
        } catch (error) {
            toast(error.status === undefined ? "This could not be loaded. Is there a connection?" : error.message);
        }
    }
}
