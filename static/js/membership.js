// What there is for this person: rooms that come and go, invitations that wait.

import { element, part } from "./parts.js";

export class Membership {
    // section: where invitations stand; hooks: entered(slug, seq), gone(slug, why), changed(room), failed(error)
    constructor({ api, rooms, logs, section, hooks }) {
        Object.assign(this, { api, rooms, logs, section, hooks });
        section.addEventListener("submit", (event) => this.#answer(event));
    }

    // An event of one's own log.
    take({ change, of }) {
        if (change === "left" || change === "removed") {
            this.drop(of);
        }
        this.refresh();
    }

    // Asks once for all that ask meanwhile, and once more for what came after the question.
    refresh() {
        this.again = this.asking !== undefined;
        this.asking ??= this.api
            .get("rooms/")
            .then((answer) => this.update(answer))
            .catch(() => {})
            .finally(() => {
                this.asking = undefined;
                if (this.again) {
                    this.refresh();
                }
            });
        return this.asking;
    }

    // The answer of rooms/.
    update({ rooms, away, invitations }) {
        const all = [...rooms, ...away];
        this.rooms.update(all);
        all.forEach((room) => this.#follow(room));
        this.#showInvitations(invitations);
    }

    // A room that this page opened or was let into; where it stands in the list only the whole list says.
    enter(room) {
        this.rooms.add(room);
        this.#follow(room);
        this.refresh();
    }

    #follow(room) {
        if (this.logs.last(room.id) === undefined) {
            this.logs.set(room.id, room.seq);
            this.hooks.entered(room.id, room.seq);
        }
        this.hooks.changed(this.rooms.get(room.id));
    }

    // For this reader there is no such room any more.
    drop(slug) {
        const title = this.rooms.get(slug)?.title;
        if (this.logs.forget(slug) && title !== undefined) {
            this.rooms.remove(slug);
            this.hooks.gone(slug, `You are no longer in ${title}.`);
        }
    }

    // The reader hid it, or shows it again.
    put(room) {
        this.rooms.add(room);
        if (room.hidden) {
            this.hooks.gone(room.id, `${room.title} is hidden until the next message.`);
        }
    }

    #showInvitations(list) {
        this.section.hidden = list.length === 0;
        this.section.querySelector("ul").replaceChildren(...list.map((one) => element("li", "", this.#invitation(one))));
    }

    #invitation({ id, title, inviter }) {
        const shown = part("invitation");
        shown.dataset.room = id;
        shown.querySelector(".invitation-title").textContent = title;
        shown.querySelector(".invitation-by").textContent = inviter.username;
        return shown;
    }

    async #answer(event) {
        event.preventDefault();
        const { room } = event.target.closest(".invitation").dataset;
        const joins = event.submitter?.value === "join";
        try {
            const answer = await this.api.post(`rooms/${encodeURIComponent(room)}/${joins ? "join" : "leave"}/`);
            if (joins) {
                this.enter(answer.room);
                this.hooks.open(room);
            } else {
                this.refresh();
            }
        } catch (error) {
            this.hooks.failed(error);
        }
    }
}
