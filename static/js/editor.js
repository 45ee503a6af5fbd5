// Changing a message where it stands: a box in its row. Enter saves, Escape leaves it. Where the
// message was changed meanwhile, the box shows the other text and keeps this one.

import { button } from "./dialog.js";
import { formatByKeyboard, isInCode } from "./format.js";
import { element } from "./parts.js";
import { rowText } from "./rows.js";

export class Editor {
    // save(row, text, rev) → the message as stored; rejects with ApiError. leave(): the focus goes back
    constructor({ scroll, save, leave }) {
        Object.assign(this, { scroll, save, leave });
    }

    open(row) {
        this.close();
        this.row = row;
        this.rev = Number(row.dataset.rev);
        this.box = element("textarea", "form-control edit-text");
        this.box.dir = "auto";
        this.box.value = rowText(row);
        this.box.setAttribute("aria-label", "Edit this message");
        this.note = element("p", "edit-note");
        this.note.setAttribute("role", "status");
        const [save, cancel] = [button("Save", "btn btn-sm btn-primary"), button("Cancel", "btn btn-sm btn-quiet")];
        this.form = element("div", "edit", this.box, this.note, element("div", "edit-buttons", save, cancel));
        this.form.addEventListener("keydown", (event) => this.#key(event));
        this.box.addEventListener("input", () => this.#measure());
        formatByKeyboard(this.box);
        save.addEventListener("click", () => this.#save());
        cancel.addEventListener("click", () => this.close());
        this.scroll.hold(() => {
            row.classList.add("msg-editing");
            row.append(this.form);
            this.#measure();
        });
        this.box.focus();
        this.form.scrollIntoView({ block: "nearest" });
    }

    close() {
        if (!this.row) {
            return;
        }
        this.scroll.hold(() => {
            this.row.classList.remove("msg-editing");
            this.form.remove();
        });
        this.row = null;
        this.leave();
    }

    #measure() {
        this.box.style.height = "";
        this.box.style.height = `${this.box.scrollHeight + 2}px`;
    }

    #key(event) {
        const composing = event.isComposing || event.keyCode === 229;
        event.stopPropagation();
        if (event.key === "Escape") {
            this.close();
        } else if (event.target === this.box && event.key === "Enter" && !event.shiftKey && !composing && !isInCode(this.box)) {
            event.preventDefault();
            this.#save();
        }
    }

    async #save() {
        const row = this.row;
        const text = this.box.value.trim();
        if (text === "" || text === rowText(row)) {
            this.close();
            return;
        }
        this.note.textContent = "Saving…";
        try {
            await this.save(row, text, this.rev);
            if (this.row === row) {
                this.close();
            }
        } catch (error) {
            if (this.row === row) {
                this.#refused(error);
            }
        }
    }

    #refused(error) {
        const current = error.body?.current;
        this.note.textContent = error.message;
        if (error.code === "edit_conflict" && current) {
            this.rev = current.rev;
            this.note.textContent = "It was changed meanwhile. Save again to replace this:";
            this.note.append(element("span", "edit-other", current.message ?? ""));
        }
    }
}
