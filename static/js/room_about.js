// Who is in a room and what it is like: inviting, removing, leaving, muting, settings.

import { button, confirmDialog, heading, openDialog } from "./dialog.js";
import { element } from "./parts.js";
import { nameForm } from "./people_field.js";
import { settingsForm } from "./room_settings.js";
import { loadStyle } from "./style.js";
import { toast } from "./toast.js";

const KINDS = {
    public: "Everybody may read here.",
    private: "A private room: only its members can read it.",
    direct: "A conversation: only those in it can read it.",
};

const MUTES = [
    ["1h", "for an hour"],
    ["close", "until the market closes"],
    ["forever", "for ever"],
];

class About {
    constructor({ api, user, online, put }, slug) {
        Object.assign(this, { api, user, online, put, slug });
        this.path = `rooms/${encodeURIComponent(slug)}/`;
        this.members = element("div", "");
        this.acts = element("div", "");
    }

    async open() {
        await Promise.all([this.load(), loadStyle("beside")]);
        const { title, topic, kind } = this.room;
        const head = heading(title, () => this.dialog.close());
        const about = element("p", "beside-note", [KINDS[kind], topic].filter(Boolean).join(" "));
        this.dialog = openDialog("about", `About ${title}`, [head, about, this.members, this.acts]);
        this.closed = this.dialog.closed;
        this.#showActs();
        return this;
    }

    async load() {
        const [{ room }, people] = await Promise.all([this.api.get(this.path), this.api.get(`${this.path}members/`)]);
        const moved = this.room && room.archived !== this.room.archived;
        this.room = room;
        this.#showMembers(people);
        if (moved) {
            this.#showActs();
        }
    }

    // Somebody came, went, or was invited.
    take(event) {
        if (event.room === this.slug) {
            this.load().catch(() => this.dialog?.close());
        }
    }

    #showMembers({ members, invited }) {
        const lists = [
            ["Members", members, "Remove"],
            ["Invited", invited, "Take back"],
        ];
        const shown = lists.filter(([, people]) => people.length > 0);
        this.members.replaceChildren(...shown.flatMap(([title, people, verb]) => this.#list(title, people, verb)));
    }

    #list(title, people, verb) {
        const items = people.map((person) => this.#person(person, verb));
        return [element("h3", "beside-title", `${title} (${people.length})`), element("ul", "beside-list", ...items)];
    }

    #person({ user_id, username, inviter_id }, verb) {
        const name = element("bdi", "", username);
        const item = element("li", "", name);
        const own = inviter_id === this.user.id;
        if (this.online.isHere(this.slug, user_id)) {
            item.append(element("span", "beside-here", "online"));
        }
        if (user_id === this.room.owner_id) {
            item.append(element("span", "beside-note", "owner"));
        } else if (user_id !== this.user.id && (own || this.room.may.remove)) {
            const take = button(verb, "btn btn-sm btn-quiet");
            take.setAttribute("aria-label", `${verb}: ${username}`);
            take.addEventListener("click", () => this.#try(() => this.api.delete(`${this.path}members/${user_id}/`)));
            item.append(take);
        }
        return item;
    }

    #showActs() {
        const { invite, leave, hide, settle, archive } = this.room.may;
        this.acts.replaceChildren();
        if (invite) {
            this.acts.append(nameForm(this.api, "Invite somebody by name", "Invite", (name) => this.#invite(name)));
        }
        this.acts.append(this.#muting());
        if (settle) {
            const open = button("Settings", "btn btn-quiet");
            open.addEventListener("click", () => {
                open.replaceWith(settingsForm(this.room, (change) => this.#settle(change)));
            });
            this.acts.append(element("div", "sheet-buttons", open));
        }
        if (archive) {
            this.acts.append(this.#archiving());
        }
        if (hide) {
            this.acts.append(this.#hiding());
        }
        if (leave) {
            const go = button(`Leave this ${this.#word()}`, "btn btn-quiet");
            go.addEventListener("click", () => this.#leave());
            this.acts.append(element("div", "sheet-buttons", go));
        }
    }

    #word() {
        return this.room.kind === "direct" ? "conversation" : "room";
    }

    // Nobody writes in it any more; or they do again.
    #archiving() {
        const { archived = false } = this.room;
        const turn = button(archived ? "Open this room again" : "Archive this room", "btn btn-quiet");
        turn.addEventListener("click", () => this.#try(() => this.api.patch(this.path, { archived: archived ? 0 : 1 })));
        return element("div", "sheet-buttons", turn);
    }

    // Out of one's list, until the next message brings it back; or there again.
    #hiding() {
        const { hidden = false, seq } = this.room;
        const turn = button(hidden ? "Show it in the list" : "Hide this conversation", "btn btn-quiet");
        turn.addEventListener("click", () => {
            this.dialog.close();
            this.#try(async () => this.put((await this.api.put(`${this.path}hide/`, { on: hidden ? 0 : 1, up_to: seq })).room), false);
        });
        return element("div", "sheet-buttons", turn);
    }

    async #invite(username) {
        await this.api.post(`${this.path}invite/`, { username });
        await this.load();
    }

    // What one may mute it for, or the way back.
    #muting() {
        const muted = this.room.muted_until > Date.now();
        const choices = muted ? [["off", "Hear it again"]] : MUTES;
        const buttons = choices.map(([value, label]) => {
            const made = button(label, "btn btn-sm btn-quiet");
            made.addEventListener("click", () => this.#mute(value));
            return made;
        });
        const line = element("div", "beside-mute", element("span", "", muted ? "You muted this room." : "Mute"), ...buttons);
        this.mute?.replaceWith(line);
        this.mute = line;
        return line;
    }

    async #mute(value) {
        await this.#try(() => this.api.put(`${this.path}mute/`, { for: value }));
        this.#muting();
    }

    async #settle(change) {
        await this.api.patch(this.path, change);
        this.dialog.close();
    }

    async #leave() {
        const { title } = this.room;
        this.dialog.close();
        const after = this.room.kind === "direct" ? "The others go on without you." : "Only an invitation brings you back.";
        if (await confirmDialog(`Leave ${title}? ${after}`, "Leave")) {
            await this.#try(() => this.api.post(`${this.path}leave/`), false);
        }
    }

    async #try(act, again = true) {
        try {
            await act();
            if (again) {
                await this.load();
            }
        } catch (error) {
            toast(error.message);
        }
    }
}

export const openAbout = (context) => new About(context, context.room()).open();
