// Keys that work anywhere on the page, and what they open: windows that are loaded when somebody first
// asks for them. Each has a button or a link too.

import { toast } from "./toast.js";

const isTyping = (target) => target.closest?.("input, textarea, select, [contenteditable]") !== null;
const isPlain = (event) => !event.metaKey && !event.ctrlKey && !event.altKey && !event.shiftKey && !event.button;

// Which window a key asks for.
function windowOf(event) {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
        return "search";
    }
    if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) {
        return undefined;
    }
    return { "/": "search", "?": "help" }[event.key];
}

// Shift and Page Up; in a text that is begun they select.
function isToUnread(event) {
    const only = event.shiftKey && !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing;
    return event.key === "PageUp" && only && !(isTyping(event.target) && event.target.value !== "");
}

export class Shortcuts {
    // what: {api, room() → {slug, title}, visit(id), unread() → whether there was any to go to, search: whether
    // there is one}
    constructor(what) {
        this.what = what;
        document.addEventListener("keydown", (event) => this.#key(event));
        document.querySelector(".open-search")?.addEventListener("click", (event) => {
            if (isPlain(event)) {
                event.preventDefault();
                this.#open("search");
            }
        });
    }

    #key(event) {
        if (isToUnread(event) && !document.querySelector("dialog[open]") && this.what.unread()) {
            event.preventDefault();
            return;
        }
        const name = event.isComposing || event.defaultPrevented ? undefined : windowOf(event);
        if (name && !document.querySelector("dialog[open]") && (name !== "search" || this.what.search)) {
            event.preventDefault();
            this.#open(name);
        }
    }

    async #open(name) {
        try {
            const { open } = await (name === "search" ? import("./search_panel.js") : import("./help.js"));
            await open(this.what);
        } catch {
            toast("This cannot be opened now: the server cannot be reached.");
        }
    }
}
