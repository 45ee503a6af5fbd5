// The lists of rooms, with how much is unread in each.

import { isPlainClick } from "./click.js";
import { element, part } from "./parts.js";
import { Unread } from "./unread.js";

const label = (count) => (count > 99 ? "99+" : count > 0 ? String(count) : "");
const shownCount = (text) => (text.startsWith("99+") ? 100 : parseInt(text, 10) || 0);

function showBadge(badge, text, means) {
    if ((badge.firstChild?.textContent ?? "") !== text) {
        badge.replaceChildren(...(text ? [text, element("span", "visually-hidden", means)] : []));
    }
}

export class Rooms {
    // lists: what holds the lists; hooks: open(slug), stale(): the counts must be asked for
    constructor(lists, config, hooks) {
        this.hooks = hooks;
        this.lists = { direct: lists.querySelector("#direct-list"), other: lists.querySelector("#room-list"), away: lists.querySelector("#away-list") };
        this.parts = { direct: lists.querySelector("#direct"), away: lists.querySelector("#away") }; // shown where there is something in them
        this.parts.away.addEventListener("toggle", ({ target }) => target.open && target.scrollIntoView({ block: "nearest" })); // it unfolds below the edge
        this.calls = lists.querySelector("#mentions .room-mentions");
        this.pageUrl = config.page;
        this.rooms = new Map();
        for (const link of lists.querySelectorAll(".room")) {
            this.#adopt(link, config.rooms[link.dataset.room]);
        }
        lists.addEventListener("click", (event) => {
            const link = event.target.closest(".room");
            if (link && isPlainClick(event)) {
                event.preventDefault();
                hooks.open(link.dataset.room);
            }
        });
    }

    #adopt(link, known) {
        this.rooms.set(link.dataset.room, {
            slug: link.dataset.room,
            kind: link.dataset.kind,
            title: link.querySelector(".room-name").textContent,
            topic: link.dataset.topic ?? "",
            archived: link.dataset.archived !== undefined,
            owner: Number(link.dataset.owner) || null,
            mutedUntil: Number(link.dataset.muted) || 0,
            url: link.getAttribute("href"),
            unreads: new Unread(known?.seq, shownCount(link.querySelector(".room-unread").textContent), known?.last_read_seq),
            mentions: new Unread(known?.seq, shownCount(link.querySelector(".room-mentions").textContent.slice(1)), known?.last_read_seq),
            stirred: 0, // a conversation: when it was last heard of, by the event stirredBy, if the list is older than that
            stirredBy: 0,
            get about() {
                return this.archived ? `Archived: nobody writes here. ${this.topic}` : this.topic;
            },
            // Archived, or hidden by the reader: out of the way, and quiet.
            get away() {
                return link.closest("#away") !== null;
            },
            get unread() {
                return this.away ? 0 : this.unreads.count;
            },
            get called() {
                return this.away ? 0 : this.mentions.count;
            },
            get lastRead() {
                return this.unreads.lastRead;
            },
            link,
        });
        this.#show(this.rooms.get(link.dataset.room));
    }

    // From rooms/: all there are, as they are called now, where they belong and in order.
    update(list) {
        const there = new Set(list.map((room) => room.id));
        this.slugs.filter((slug) => !there.has(slug)).forEach((slug) => this.remove(slug));
        list.forEach((room) => this.add(room));
        this.rooms = new Map(list.map(({ id }) => [id, this.rooms.get(id)]));
        this.#arrange();
    }

    add(room) {
        if (!this.rooms.has(room.id)) {
            this.#make(room);
        }
        this.#name(room);
        this.#place(room);
        if (room.seq >= this.rooms.get(room.id).stirredBy) {
            this.rooms.get(room.id).stirred = 0;
        }
        this.setState(room.id, room);
        this.#show(this.rooms.get(room.id));
    }

    #place({ id, kind, hidden, archived }) {
        const item = this.rooms.get(id).link.parentElement;
        const list = hidden || archived ? this.lists.away : (this.lists[kind] ?? this.lists.other);
        if (item.parentElement !== list) {
            list.append(item);
            this.#showParts();
        }
    }

    // An event: of conversations the liveliest stands first.
    stir({ room: slug, seq, timestamp }) {
        const room = this.rooms.get(slug);
        if (room?.kind === "direct" && timestamp) {
            Object.assign(room, { stirred: timestamp, stirredBy: seq });
            this.#arrange();
        }
    }

    // As the server listed them; above those what was heard of since.
    #arrange() {
        const focused = document.activeElement;
        const items = [...this.rooms.values()].sort((a, b) => b.stirred - a.stirred).map(({ link }) => link.parentElement);
        for (const list of Object.values(this.lists)) {
            const own = items.filter((item) => item.parentElement === list);
            if (own.some((item, i) => item !== list.children[i])) {
                list.append(...own);
            }
        }
        if (document.activeElement !== focused) {
            focused.focus({ preventScroll: true });
        }
    }

    #showParts() {
        for (const [name, part] of Object.entries(this.parts)) {
            part.hidden = this.lists[name].childElementCount === 0;
        }
    }

    #make(room) {
        const link = part("room");
        link.dataset.room = room.id;
        link.dataset.kind = room.kind;
        link.dataset.owner = room.owner_id ?? "";
        link.href = `${this.pageUrl}r/${encodeURIComponent(room.id)}/`;
        element("li", "", link);
        this.#adopt(link, room);
    }

    #name({ id, title, topic = "", archived = false, muted_until: mutedUntil = 0 }) {
        const room = this.rooms.get(id);
        Object.assign(room, { title, topic, archived, mutedUntil });
        room.link.dataset.topic = topic;
        room.link.querySelector(".room-name").textContent = title;
    }

    remove(slug) {
        this.rooms.get(slug)?.link.parentElement.remove();
        this.rooms.delete(slug);
        this.#showParts();
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
    setState(slug, { seq = 0, head = seq, unread, mentions = 0, last_read_seq }) {
        let known = true;
        if (unread !== undefined) {
            this.#count(slug, (unreads, calls) => {
                known = unreads.set(head, unread, last_read_seq ?? 0);
                calls.set(head, mentions, last_read_seq ?? 0);
            });
        }
        if (!known) {
            this.hooks.stale();
        }
    }

    // calls: it mentions the reader
    countOne(slug, seq, calls) {
        this.#count(slug, (unreads, mentions) => {
            unreads.add(seq);
            if (calls) {
                mentions.add(seq);
            }
        });
    }

    // An edit or a removal, after which the message mentions the reader, or does not. Which of those that
    // the server counted did so before is not known here: it is asked.
    recall(slug, messageSeq, calls) {
        const mentions = this.rooms.get(slug)?.mentions;
        if (mentions && messageSeq > mentions.lastRead && mentions.since.includes(messageSeq) !== calls && (calls || mentions.count > 0)) {
            this.hooks.stale();
        }
    }

    // The event `seq` took away a message of somebody else that may have been counted.
    uncountOne(slug, seq, messageSeq) {
        this.#count(slug, (unreads) => unreads.remove(seq, messageSeq));
    }

    // Read up to `seq`, here or in another tab.
    read(slug, seq) {
        this.#count(slug, (unreads, mentions) => {
            unreads.read(seq);
            mentions.read(seq);
        });
    }

    #count(slug, change) {
        const room = this.rooms.get(slug);
        if (room) {
            change(room.unreads, room.mentions);
            this.#show(room);
        }
    }

    setCurrent(slug) {
        this.current = slug;
        this.parts.away.open ||= this.rooms.get(slug)?.away ?? false;
        for (const room of this.rooms.values()) {
            if (room.slug === slug) {
                room.link.setAttribute("aria-current", "page");
            } else {
                room.link.removeAttribute("aria-current");
            }
            this.#show(room);
        }
    }

    get mentionsElsewhere() {
        return [...this.rooms.values()].reduce((sum, room) => sum + (room.slug === this.current ? 0 : room.called), 0);
    }

    get unreadElsewhere() {
        return [...this.rooms.values()].some((room) => room.unread > 0 && room.slug !== this.current && !this.isMuted(room));
    }

    // Whether anything waits to be read, in view or not.
    isLoud() {
        return [...this.rooms.values()].some((room) => room.unread > 0 && !this.isMuted(room));
    }

    // What a page that nobody looks at says of itself.
    loudUnread(slug) {
        const room = this.rooms.get(slug);
        return room && !this.isMuted(room) ? room.unread : 0;
    }

    isMuted(room) {
        return room.mutedUntil > Date.now();
    }

    #show(room) {
        const text = room.slug === this.current ? "" : label(room.unread);
        const called = room.slug === this.current ? "" : label(room.called);
        showBadge(room.link.querySelector(".room-unread"), text, " unread");
        showBadge(room.link.querySelector(".room-mentions"), called && `@${called}`, " mention you");
        if (this.calls) {
            showBadge(this.calls, label(this.mentionsElsewhere), " unread");
        }
        room.link.classList.toggle("has-unread", text !== "");
        room.link.classList.toggle("is-muted", this.isMuted(room));
        document.querySelector(".open-rooms").classList.toggle("has-unread", this.unreadElsewhere);
    }
}
