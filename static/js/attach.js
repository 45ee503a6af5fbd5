// How files come into a message: the button, pasting, dropping. What sends them (uploads.js) is loaded
// when there is a first one.

import { loadStyle } from "./style.js";
import { toast } from "./toast.js";

const holdsFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

export class Attach {
    // area: where files may be dropped; given: what Uploads takes; changed(): there are more or fewer
    constructor({ form, area, given, changed }) {
        Object.assign(this, { form, area, given, changed });
        const input = form.querySelector(".composer-files");
        form.classList.add("composer-scripted");
        input.addEventListener("change", () => {
            this.add([...input.files]);
            input.value = "";
        });
        form.querySelector("textarea").addEventListener("paste", (event) => this.#paste(event));
        area.addEventListener("dragover", (event) => holdsFiles(event) && this.#over(event));
        area.addEventListener("dragleave", (event) => area.contains(event.relatedTarget) || area.classList.remove("dropping"));
        area.addEventListener("drop", (event) => holdsFiles(event) && this.#drop(event));
    }

    get ready() {
        return this.uploads?.ready ?? 0;
    }

    get busy() {
        return this.uploads?.busy ?? false;
    }

    // place: whose message box it is, a room's or a thread's; room: where its files go
    open(place, room = place) {
        Object.assign(this, { place, room });
        if (this.uploads) {
            this.uploads.open(place, room);
        } else if (this.given.store.get(this.given.prefix + place)) {
            this.#load();
        }
    }

    async add(files) {
        if (files.length > 0 && (await this.#load())) {
            this.uploads.add(files);
        }
    }

    // What a message that is sent now takes along.
    take() {
        return this.uploads?.take() ?? {};
    }

    async #load() {
        try {
            const [{ Uploads }] = await Promise.all([import("./uploads.js"), loadStyle("files")]);
            if (!this.uploads) {
                this.uploads = new Uploads({ form: this.form, changed: this.changed, ...this.given });
                this.uploads.open(this.place, this.room);
            }
        } catch {
            toast("Files cannot be sent right now.");
        }
        return this.uploads;
    }

    // A spreadsheet puts a picture of its cells beside their text: then the text is meant.
    #paste(event) {
        const data = event.clipboardData;
        if (data.files.length > 0 && !data.types.includes("text/plain")) {
            event.preventDefault();
            this.add([...data.files]);
        }
    }

    #over(event) {
        event.preventDefault();
        event.dataTransfer.dropEffect = "copy";
        loadStyle("files");
        this.area.classList.add("dropping");
    }

    #drop(event) {
        event.preventDefault();
        this.area.classList.remove("dropping");
        this.add([...event.dataTransfer.files]);
    }
}
