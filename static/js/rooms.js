// The list of rooms, with how much is unread in each.

import { part } from "./parts.js";
import { Unread } from "./unread.js";

const label = (count) => (count > 99 ? "99+" : count > 0 ? String(count) : "");
const shownCount = (text) => (text.startsWith("99+") ? 100 : parseInt(text, 10) || 0);

export class Rooms {
    // hooks: open(slug), stale(): the counts must be asked for
    constructor(list, config, hooks) {
        Object.assign(this, { list, hooks });
        this.pageUrl = config.page;
        this.rooms = new Map();
        for (const link of list.querySelectorAll(".room")) {
            this.#adopt(link, config.rooms[link.dataset.room]);
        }
        list.addEventListener("click", (event) => {
            const link = event.target.closest(".room");
            const plain = !event.metaKey && !event.ctrlKey && !event.shiftKey && event.button === 0;
            if (link && plain) {
                event.preventDefault();
                hooks.open(link.dataset.room);
            }
        });
    }

    #adopt(link, known) {
        this.rooms.set(link.dataset.room, {
            slug: link.dataset.room,
            title: link.querySelector(".room-name").textContent,
            topic: link.dataset.topic ?? "",
            owner: Number(link.dataset.owner) || null,
            url: link.getAttribute("href"),
            unreads: new Unread(known?.seq, shownCount(link.querySelector(".room-unread").textContent), known?.last_read_seq),
            get unread() {
                return this.unreads.count;
            },
            get lastRead() {
                return this.unreads.lastRead;
            },
            link,
        });
        this.#show(this.rooms.get(link.dataset.room));
    }

    // From rooms/: for a page that came without them, and after a break in the log.
    update(list) {
        for (const room of list) {
            if (!this.rooms.has(room.id)) {
                this.#add(room);
            }
            this.setState(room.id, room);
        }
    }

    #add(room) {
        const link = part("room");
        link.dataset.room = room.id;
        link.dataset.topic = room.topic ?? "";
        link.dataset.owner = room.owner_id ?? "";
        link.href = `${this.pageUrl}r/${encodeURIComponent(room.id)}/`;
        link.querySelector(".room-name").textContent = room.title;
        const item = document.createElement("li");
        item.append(link);
        this.list.append(item);
        this.#adopt(link, room);
    }

    get(slug) {
        return this.rooms.get(slug);
    }

    has(slug) {
        return this.rooms.has(slug);
    }

    get slugs() {
        return [...this.rooms.keys()];
    }

    // The server's own count, as of `head`; an answer that has none tells nothing. It has none for a room
    // in which this person has never been.
    setState(slug, { seq = 0, head = seq, unread, last_read_seq }) {
        let known = true;
        if (unread !== undefined) {
            this.#count(slug, (unreads) => {
                known = unreads.set(head, unread, last_read_seq ?? 0);
            });
        }
        if (!known) {
            this.hooks.stale();
        }
    }

    countOne(slug, seq) {
        this.#count(slug, (unreads) => unreads.add(seq));
    }

    // The event `seq` took away a message of somebody else that may have been counted.
    uncountOne(slug, seq, messageSeq) {
        this.#count(slug, (unreads) => unreads.remove(seq, messageSeq));
    }

    // Read up to `seq`, here or in another tab.
    read(slug, seq) {
        this.#count(slug, (unreads) => unreads.read(seq));
    }

    #count(slug, change) {
        const room = this.rooms.get(slug);
        if (room) {
            change(room.unreads);
            this.#show(room);
        }
    }

    setCurrent(slug) {
        this.current = slug;
        for (const room of this.rooms.values()) {
            if (room.slug === slug) {
                room.link.setAttribute("aria-current", "page");
            } else {
                room.link.removeAttribute("aria-current");
            }
            this.#show(room);
        }
    }

    get unreadElsewhere() {
        return [...this.rooms.values()].some((room) => room.unread > 0 && room.slug !== this.current);
    }

    #show(room) {
        const text = room.slug === this.current ? "" : label(room.unread);
        const badge = room.link.querySelector(".room-unread");
        if ((badge.firstChild?.textContent ?? "") !== text) {
            const spoken = document.createElement("span");
            spoken.className = "visually-hidden";
            spoken.textContent = " unread";
            badge.replaceChildren(...(text ? [text, spoken] : []));
        }
        room.link.classList.toggle("has-unread", text !== "");
        document.querySelector(".open-rooms").classList.toggle("has-unread", this.unreadElsewhere);
    }
}
