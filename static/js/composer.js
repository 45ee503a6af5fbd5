// The message box: Enter sends (not while an input method composes, nor in a block of code), Shift+Enter
// breaks the line, a counter near the limit, and a draft for each room that survives a reload.

import { formatByKeyboard, isInCode } from "./format.js";
import { element } from "./parts.js";
import { countChars } from "./text.js";

const COUNTER_FROM = 0.9;
const TYPING_MS = 3000;
const DRAFT_MS = 400;

const hasKeyboard = matchMedia("(pointer: fine)");

export class Composer {
    // hooks: send(text), typing(on), files?(): {ready, busy} of those that go with it
    constructor(form, { store, user, maxChars, hooks }) {
        Object.assign(this, { form, store, maxChars, hooks });
        this.drafts = `draft:${user}:`;
        this.text = form.querySelector("textarea");
        this.button = form.querySelector("button");
        this.label = form.querySelector("label");
        this.meta = element("p", "composer-meta");
        this.meta.setAttribute("role", "status");
        form.append(this.meta);
        this.text.removeAttribute("maxlength"); // it counts UTF-16 units, the server characters
        this.text.required = false;
        form.noValidate = true;
        form.addEventListener("submit", (event) => {
            event.preventDefault();
            this.#send();
        });
        this.text.addEventListener("keydown", (event) => this.#key(event));
        formatByKeyboard(this.text);
        this.text.addEventListener("input", () => this.#changed());
        this.text.addEventListener("blur", () => this.#stopTyping());
        addEventListener("pagehide", () => this.#keepDraft());
    }

    // Changes to a room: its own draft comes back.
    open(room, title) {
        if (this.room && this.room !== room) {
            this.#keepDraft();
            this.#stopTyping();
        }
        this.room = room;
        this.call(title);
        this.text.value = this.store.get(this.drafts + room) ?? "";
        this.#measure();
    }

    // The room's name, which may change.
    call(title) {
        this.label.textContent = `Message to ${title}`;
        this.text.placeholder = `Message ${title}`;
    }

    focus() {
        if (hasKeyboard.matches) {
            this.text.focus({ preventScroll: true });
        }
    }

    // Puts a text back, unless something else was begun meanwhile.
    restore(text) {
        if (this.text.value.trim() === "") {
            this.text.value = text;
            this.#changed();
            this.text.focus();
        }
    }

    #key(event) {
        const composing = event.isComposing || event.keyCode === 229;
        if (event.key === "Enter" && !event.shiftKey && !composing && hasKeyboard.matches && !isInCode(this.text)) {
            event.preventDefault();
            this.#send();
        }
    }

    #send() {
        const text = this.text.value.trim();
        if (this.button.disabled) {
            return;
        }
        this.text.value = "";
        this.store.remove(this.drafts + this.room);
        this.#forgetTyping();
        this.typing = false; // the message itself says that it is over
        this.#measure();
        this.hooks.send(text);
        this.text.focus({ preventScroll: true });
    }

    #changed() {
        this.#measure();
        clearTimeout(this.draftTimer);
        this.draftTimer = setTimeout(() => this.#keepDraft(), DRAFT_MS);
        if (this.text.value.trim() === "") {
            this.#stopTyping();
        } else {
            this.#sayTyping();
        }
    }

    // At most one word of it in three seconds; a first one that comes too early is said when it may be.
    #sayTyping() {
        const early = TYPING_MS - (Date.now() - (this.typingSaid ?? 0));
        if (early <= 0) {
            this.typing = true;
            this.typingSaid = Date.now();
            this.hooks.typing(true);
        } else if (!this.typing) {
            this.typingTimer ??= setTimeout(() => {
                this.typingTimer = null;
                this.#sayTyping();
            }, early);
        }
    }

    #stopTyping() {
        this.#forgetTyping();
        if (this.typing) {
            this.typing = false;
            this.typingSaid = Date.now();
            this.hooks.typing(false);
        }
    }

    #forgetTyping() {
        clearTimeout(this.typingTimer);
        this.typingTimer = null;
    }

    #keepDraft() {
        clearTimeout(this.draftTimer);
        if (this.text.value) {
            this.store.set(this.drafts + this.room, this.text.value);
        } else {
            this.store.remove(this.drafts + this.room);
        }
    }

    // There are more files, or fewer.
    refresh() {
        this.#measure();
    }

    // Height, counter, and whether it can be sent.
    #measure() {
        this.text.style.height = "";
        if (this.text.scrollHeight > this.text.clientHeight) {
            this.text.style.height = `${this.text.scrollHeight}px`;
        }
        const length = countChars(this.text.value.trim());
        const left = this.maxChars - length;
        const { ready, busy } = this.hooks.files?.() ?? { ready: 0, busy: false };
        this.button.disabled = (length === 0 && ready === 0) || busy || left < 0;
        this.meta.textContent = length < this.maxChars * COUNTER_FROM ? "" : left < 0 ? `${-left} over the limit` : `${left} left`;
        this.meta.classList.toggle("composer-over", left < 0);
    }
}
