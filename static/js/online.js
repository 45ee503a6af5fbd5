// Who is here: a list for each room, kept by the server's join and leave, or fetched while polling.

import { part } from "./parts.js";
import { initial } from "./text.js";

const collator = new Intl.Collator(undefined, { sensitivity: "base", numeric: true });
const EVERYWHERE = "*";
const SHOWN = 200;

export class Online {
    constructor(room, pageUrl) {
        this.pageUrl = pageUrl;
        this.list = document.getElementById("people");
        this.empty = document.getElementById("online-empty");
        this.counts = document.querySelectorAll(".online-count");
        this.total = document.getElementById("online-total");
        this.room = room;
        this.people = new Map(); // room → Map(user id → person)
        this.sizes = new Map(); // room → how many in all
        this.#adopt();
    }

    #adopt() {
        const here = new Map();
        for (const shown of this.list.querySelectorAll(".person")) {
            const id = Number(shown.dataset.user);
            const username = shown.querySelector(".person-name").textContent;
            here.set(id, { user_id: id, username, state: shown.dataset.state });
        }
        this.people.set(this.room, here);
        this.sizes.set(this.room, Number(this.counts[0].textContent));
    }

    // A presence frame.
    take({ room, join = [], leave = [], count, full }) {
        if (room === EVERYWHERE) {
            this.total.textContent = count;
            return;
        }
        const before = full ? new Map() : (this.people.get(room) ?? new Map());
        this.people.set(room, this.#changed(before, join, leave));
        this.sizes.set(room, count);
        this.#show();
    }

    #changed(people, join, leave) {
        for (const person of join) {
            people.set(person.user_id, person);
        }
        for (const id of leave) {
            people.delete(id);
        }
        return people;
    }

    // The answer of presence/.
    replace({ room, online, count, total }) {
        this.people.set(room, new Map(online.map((person) => [person.user_id, person])));
        this.sizes.set(room, count);
        if (total !== undefined) {
            this.total.textContent = total;
        }
        this.#show();
    }

    rename(id, username) {
        for (const people of this.people.values()) {
            if (people.has(id)) {
                people.set(id, { ...people.get(id), username });
            }
        }
        this.#show();
    }

    isHere(room, userId) {
        return this.people.get(room)?.has(userId) ?? false;
    }

    in(room) {
        return [...(this.people.get(room)?.values() ?? [])].sort((a, b) => collator.compare(a.username, b.username));
    }

    // All that is known, as the frames that say so to another tab.
    frames() {
        const rooms = [...this.people].map(([room, people]) => ({ room, join: [...people.values()], count: this.sizes.get(room) }));
        const all = [...rooms, { room: EVERYWHERE, count: this.total.textContent }];
        return all.map((list) => ({ type: "presence", full: true, ...list }));
    }

    open(room) {
        this.room = room;
        this.#show();
    }

    #show() {
        const people = this.in(this.room);
        const shown = new Map([...this.list.children].map((item) => [item.firstElementChild.dataset.user, item]));
        const items = people.slice(0, SHOWN).map((person) => this.#item(shown.get(String(person.user_id)), person));
        const same = items.length === this.list.children.length && items.every((item, i) => item === this.list.children[i]);
        if (!same) {
            this.list.replaceChildren(...items);
        }
        const count = this.sizes.get(this.room) ?? people.length;
        this.counts.forEach((element) => {
            element.textContent = count;
        });
        this.empty.textContent = people.length === 0 ? "Nobody else is looking at this room right now." : "";
    }

    // The item that is there already, where it is the same person.
    #item(item, person) {
        const shown = item?.firstElementChild ?? part("person");
        shown.dataset.user = person.user_id;
        shown.href = `${this.pageUrl}u/${person.user_id}/`;
        shown.dataset.state = person.state;
        shown.querySelector(".avatar").dataset.initial = initial(person.username);
        shown.querySelector(".person-name").textContent = person.username;
        shown.querySelector(".person-state").textContent = person.state;
        if (item) {
            return item;
        }
        const made = document.createElement("li");
        made.append(shown);
        return made;
    }
}
