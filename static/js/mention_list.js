// The names that the one which is begun may become: a listbox at the message box, which keeps the focus.
// Arrow keys choose, Enter or Tab or a tap takes, Escape lets it be.

import { insertText } from "./format.js";
import { begunName } from "./mention_box.js";
import { element } from "./parts.js";
import { loadStyle } from "./style.js";
import { initial } from "./text.js";

const PAUSE_MS = 120;
const MOST = 8;
const GAP = 6;

const folded = (text) => text.toLocaleLowerCase();

export class MentionList {
    constructor(context) {
        this.context = context;
        this.items = [];
        this.list = element("ul", "mention-list");
        Object.assign(this.list, { id: "mention-list", hidden: true });
        this.list.setAttribute("role", "listbox");
        this.list.setAttribute("aria-label", "People to mention");
        this.said = element("p", "visually-hidden");
        this.said.setAttribute("role", "status");
        loadStyle("mention");
        this.list.addEventListener("pointerdown", (event) => event.preventDefault()); // the box keeps the focus
        this.list.addEventListener("click", (event) => this.#take(this.items[[...this.list.children].indexOf(event.target.closest("li"))]));
        document.addEventListener("keydown", (event) => this.#key(event), true);
        document.addEventListener("focusout", (event) => event.target === this.box && this.close());
        document.addEventListener("selectionchange", () => this.isOpen && !this.#isSame(begunName(this.box)) && this.close());
    }

    get isOpen() {
        return !this.list.hidden;
    }

    #isSame(name) {
        return name !== null && name.at === this.name.at && name.text === this.name.text;
    }

    // Something was typed into a box.
    update(box) {
        const name = begunName(box);
        if (!name || document.activeElement !== box) {
            this.close();
            return;
        }
        if (this.box !== box || this.name?.at !== name.at) {
            Object.assign(this, { left: false, none: null });
        }
        Object.assign(this, { box, name });
        if (this.left || (this.none !== null && folded(name.text).startsWith(this.none))) {
            this.#show([]);
            return;
        }
        this.#show(this.#here());
        this.#askSoon();
    }

    // Those in the room now, of whom no one need be asked.
    #here() {
        const begun = folded(this.name.text);
        const fits = ({ user_id: id, username }) => id !== this.context.me && folded(username).startsWith(begun);
        return this.context.here().filter(fits).slice(0, MOST);
    }

    #askSoon() {
        clearTimeout(this.timer);
        if (this.name.text !== "") {
            this.timer = setTimeout(() => this.#ask(this.name), PAUSE_MS);
        }
    }

    // Nobody is called so: nor is anybody by a longer name.
    async #ask(name) {
        const answer = await this.context.api.get("users/", { q: name.text, room: this.context.room() }).catch(() => null);
        if (!answer || name !== this.name || this.left) {
            return;
        }
        if (!this.#isSame(begunName(this.box))) {
            this.close(); // it was sent meanwhile
            return;
        }
        this.none = answer.users.length === 0 ? folded(name.text) : null;
        const here = new Set(this.#here().map((person) => person.user_id));
        const first = answer.users.filter((person) => here.has(person.user_id));
        this.#show([...first, ...answer.users.filter((person) => !here.has(person.user_id))].slice(0, MOST));
    }

    #show(people) {
        const chosen = this.items[this.at]?.user_id;
        this.items = people;
        if (people.length === 0) {
            this.#hide();
            return;
        }
        this.at = Math.max(people.findIndex((person) => person.user_id === chosen), 0);
        this.list.replaceChildren(...people.map((person, i) => this.#option(person, i)));
        if (!this.isOpen) {
            this.box.closest("main, aside").append(this.list, this.said);
            this.box.setAttribute("aria-autocomplete", "list");
            this.box.setAttribute("aria-controls", this.list.id);
            this.list.hidden = false;
        }
        this.said.textContent = people.length === 1 ? "1 person" : `${people.length} people`;
        this.#place();
        this.#mark();
    }

    #option(person, i) {
        const avatar = element("span", "avatar");
        avatar.dataset.user = person.user_id;
        avatar.dataset.initial = initial(person.username);
        avatar.setAttribute("aria-hidden", "true");
        const option = element("li", "mention-option", avatar, element("bdi", "", person.mention ?? person.username));
        option.id = `mention-option-${i}`;
        option.setAttribute("role", "option");
        return option;
    }

    #mark() {
        [...this.list.children].forEach((option, i) => option.setAttribute("aria-selected", String(i === this.at)));
        const option = this.list.children[this.at];
        this.box.setAttribute("aria-activedescendant", option.id);
        option.scrollIntoView({ block: "nearest" });
    }

    // Above the box where there is space, else below.
    #place() {
        const box = this.box.getBoundingClientRect();
        const height = this.list.offsetHeight;
        const above = box.top - height - GAP;
        this.list.style.left = `${box.left}px`;
        this.list.style.width = `${Math.min(box.width, 320)}px`;
        this.list.style.top = `${above >= GAP ? above : box.bottom + GAP}px`;
    }

    #hide() {
        this.list.hidden = true;
        this.said.textContent = "";
        this.box?.removeAttribute("aria-activedescendant");
        this.box?.removeAttribute("aria-controls");
    }

    close() {
        clearTimeout(this.timer);
        this.items = [];
        this.name = null;
        this.#hide();
    }

    // What was typed to its end is taken as it is: Enter sends then.
    #isWhole() {
        return this.items.length === 1 && folded(this.items[0].mention ?? this.items[0].username) === folded(this.name.text);
    }

    #key(event) {
        const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
        if (!this.isOpen || event.target !== this.box || event.isComposing || event.keyCode === 229 || !plain) {
            return;
        }
        const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
        if (step) {
            this.at = (this.at + step + this.items.length) % this.items.length;
            this.#mark();
        } else if (event.key === "Escape") {
            this.left = true;
            this.#show([]);
        } else if (event.key === "Enter" && this.#isWhole()) {
            this.close(); // and goes as it is
            return;
        } else if (event.key === "Tab" || event.key === "Enter") {
            this.#take(this.items[this.at]);
        } else {
            return;
        }
        event.preventDefault();
        event.stopImmediatePropagation();
    }

    #take(person) {
        if (!person) {
            return;
        }
        const { box, name } = this;
        const end = box.selectionStart;
        const blank = box.value[end] === " " ? "" : " ";
        this.close();
        box.setSelectionRange(name.at, end);
        insertText(box, `@${person.mention ?? person.username}${blank}`);
        this.close();
    }
}
