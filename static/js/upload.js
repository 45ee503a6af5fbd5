// One file on its way, and its line above the message box.

import { sizeLabel } from "./files.js";
import { element, icon } from "./parts.js";

function dataUrl(blob) {
    return new Promise((resolve) => {
        const reader = new FileReader();
        reader.addEventListener("loadend", () => resolve(reader.result ?? ""));
        reader.readAsDataURL(blob);
    });
}

function makeButton(className, ...children) {
    const made = element("button", className, ...children);
    made.type = "button";
    return made;
}

// state: "sending" | "ready" | "failed" | "lost" (it must be chosen again)
export class Upload {
    constructor({ name, size, room, id = null, file = null, attachment = null, state }) {
        Object.assign(this, { name, size, room, id, file, attachment, state });
        this.received = attachment ? size : 0;
        this.stop = new AbortController();
        this.bar = element("progress", "upload-bar");
        this.bar.setAttribute("aria-label", `Sent of ${name}`);
        this.note = element("span", "upload-note");
        this.note.setAttribute("role", "status");
        this.retry = makeButton("btn btn-sm btn-quiet", "Try again");
        this.remove = makeButton("icon-btn", icon("close"), element("span", "visually-hidden", `Remove ${name}`));
        this.sign = element("span", "upload-sign", icon("file"));
        const text = element("span", "upload-text", element("bdi", "upload-name", name), this.bar, this.note);
        this.node = element("li", "upload", this.sign, text, this.retry, this.remove);
        this.show();
    }

    show(note = this.state === "ready" ? sizeLabel(this.size) : "") {
        this.bar.max = this.size;
        this.bar.value = this.received;
        this.bar.hidden = this.state !== "sending";
        this.retry.hidden = this.state !== "failed" || this.hopeless === true;
        this.node.classList.toggle("upload-bad", this.state === "failed");
        if (this.note.textContent !== note) {
            this.note.textContent = note;
        }
    }

    async preview(blob) {
        const img = element("img", "upload-thumb");
        img.alt = "";
        img.src = await dataUrl(blob);
        this.sign.replaceChildren(img);
    }
}
