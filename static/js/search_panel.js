// Searching without leaving the page. Results come while one types; one that is chosen is shown among
// the messages around it, and the browser's way back leads to where one was. The question is kept for
// the next time.

import { button, openDialog } from "./dialog.js";
import { foundItem } from "./found.js";
import { element } from "./parts.js";
import { loadStyle } from "./style.js";

const PAUSE_MS = 250;
const HELP = [
    ["crude oil", "messages with both words"],
    ['"crude oil"', "with these words one after the other"],
    ["refin*", "words that begin so"],
    ["-opec", "without this word"],
    ["from:ana", "written by ana"],
    ["in:energy", "in the room energy"],
    ["after:2026-11-01", "from that day on (UTC)"],
    ["before:2026-11-20", "before that day (UTC)"],
    ["has:link", "with a link"],
    ["has:file", "with a file"],
    ["has:image", "with a picture"],
];

const kept = { text: "", here: false };

// "3 messages.", and what else is to be known about them.
function summary({ asked, total, partial, as_parts: asParts, has_more: more, notes }) {
    const count = total === 1 ? "1 message" : `${total} messages`;
    const found = total === 0 ? "Nothing was found." : `${count}${asParts ? " with this as a part of words" : ""}${more ? ", the best of them here" : ""}.`;
    const short = partial ? " There was time for the newest messages only." : "";
    return [asked ? found + short : "", ...notes].join(" ").trim();
}

const marked = (pieces) => pieces.map((piece) => (piece.hit ? element("mark", "", piece.text) : piece.text));

function resultItem(found) {
    const item = foundItem(found, ...marked(found.snippet));
    for (const { name } of found.files ?? []) {
        const file = element("span", "found-file", ...marked(name));
        file.dir = "auto";
        item.firstChild.append(document.createElement("br"), file);
    }
    return item;
}

function helpList() {
    const items = HELP.flatMap(([what, means]) => [element("dt", "", element("kbd", "", what)), element("dd", "", means)]);
    return element("details", "search-help", element("summary", "", "How to ask"), element("dl", "", ...items));
}

class Panel {
    constructor({ api, room }) {
        this.api = api;
        this.room = room();
        this.asked = 0;
        this.input = element("input", "form-control search-text");
        Object.assign(this.input, { type: "search", value: kept.text, maxLength: 500, autocomplete: "off", dir: "auto" });
        this.input.setAttribute("aria-label", "What to look for");
        this.here = element("input", "form-check-input");
        Object.assign(this.here, { type: "checkbox", checked: kept.here });
        this.summary = element("p", "search-summary");
        this.summary.setAttribute("role", "status");
        this.list = element("ol", "search-results");
        this.input.addEventListener("input", () => this.#soon());
        this.here.addEventListener("change", () => this.run());
    }

    // Where a day begins in this room, by the reader's own clock.
    #dayField(close) {
        const field = element("input", "form-control");
        field.type = "date";
        const go = button("Go");
        const form = element("form", "search-day", element("label", "", `Go to a day in ${this.room.title} `, field), go);
        go.type = "submit";
        form.addEventListener("submit", async (event) => {
            event.preventDefault();
            const ms = new Date(`${field.value}T00:00`).getTime();
            if (Number.isNaN(ms)) {
                return;
            }
            const where = `rooms/${encodeURIComponent(this.room.slug)}/day/`;
            const answer = await this.api.get(where, { ms: Math.max(ms, 0) }).catch((error) => ({ error }));
            if (answer.error) {
                this.#show(answer.error.message, []);
            } else {
                close(String(answer.id));
            }
        });
        return form;
    }

    content(close) {
        const here = element("label", "search-here", this.here, ` Only in ${this.room.title}`);
        const form = element("form", "search-form", this.input);
        form.setAttribute("role", "search");
        form.addEventListener("submit", (event) => {
            event.preventDefault();
            this.run();
        });
        return [form, here, this.summary, this.list, helpList(), this.#dayField(close)];
    }

    #soon() {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.run(), PAUSE_MS);
    }

    // An answer that another question overtook is nobody's any more.
    async run() {
        clearTimeout(this.timer);
        const number = ++this.asked;
        Object.assign(kept, { text: this.input.value, here: this.here.checked });
        if (kept.text.trim() === "") {
            this.#show("", []);
            return;
        }
        const query = { q: kept.text, ...(kept.here ? { room: this.room.slug } : {}) };
        const answer = await this.api.get("search/", query).catch((error) => ({ error }));
        if (number !== this.asked) {
            return;
        }
        if (answer.error) {
            this.#show(answer.error.message, []);
        } else {
            this.#show(summary(answer), answer.results);
        }
    }

    #show(text, results) {
        this.summary.textContent = text;
        this.list.replaceChildren(...results.map(resultItem));
    }

    // Arrow keys walk from the question through the results and back.
    walk(event) {
        const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
        const stops = [this.input, ...this.list.querySelectorAll(".found-link")];
        const at = stops.indexOf(document.activeElement);
        if (step && at >= 0) {
            event.preventDefault();
            stops[Math.min(Math.max(at + step, 0), stops.length - 1)].focus();
        }
    }
}

export async function open(what) {
    const panel = new Panel(what);
    const close = button("Close");
    await loadStyle("search");
    const content = panel.content((id) => dialog.close(id));
    const dialog = openDialog("search", "Search messages", [...content, element("div", "sheet-buttons", close)]);
    close.addEventListener("click", () => dialog.close());
    dialog.box.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && !event.isComposing) {
            event.preventDefault(); // a search field would empty itself first
            dialog.close();
        }
        panel.walk(event);
    });
    panel.list.addEventListener("click", (event) => {
        const chosen = event.target.closest(".found-link");
        if (chosen) {
            dialog.close(chosen.dataset.id);
        }
    });
    panel.input.focus();
    panel.input.select();
    panel.run();
    const chosen = await dialog.closed;
    if (chosen !== "") {
        what.visit(Number(chosen));
    }
}
