// The files of the message being written: sent in parts as soon as they are chosen, one after the other,
// and on after a broken connection. What is whole stays over a reload; of what is not, the server keeps
// what has come, and the file must be chosen again.

import { element } from "./parts.js";
import { thumbOf } from "./thumb.js";
import { toast } from "./toast.js";
import { Upload } from "./upload.js";

const MOST = 10;
const MEGABYTE = 1048576;
const PART_MS = 60000;
const FINISH_MS = 120000;
const MOST_PAUSE_MS = 15000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Uploads {
    constructor({ form, api, store, prefix, maxMb, changed }) {
        Object.assign(this, { form, api, store, prefix, maxMb, changed });
        this.places = new Map(); // a room, or a thread in one → uploads
        this.queue = Promise.resolve();
        this.list = element("ul", "uploads");
        this.list.setAttribute("aria-label", "Files of your message");
        form.querySelector(".composer-box").before(this.list);
    }

    get items() {
        return this.places.get(this.place) ?? [];
    }

    get ready() {
        return this.items.filter((item) => item.state === "ready").length;
    }

    get busy() {
        return this.items.some((item) => item.state === "sending");
    }

    open(place, room) {
        Object.assign(this, { place, room });
        if (!this.places.has(place)) {
            this.places.set(place, []);
            (this.store.get(this.prefix + place) ?? []).forEach((kept) => this.#restore(place, { ...kept, room }));
        }
        this.#show();
    }

    add(files) {
        for (const file of files) {
            const lost = this.items.find((item) => item.state === "lost" && item.name === file.name && item.size === file.size);
            const problem = lost ? null : this.#problem(file);
            if (problem) {
                toast(problem);
            } else if (lost) {
                Object.assign(lost, { file, state: "sending" });
                this.#start(this.place, lost);
            } else {
                const { name, size } = file;
                this.#start(this.place, this.#put(this.place, { name, size, file, room: this.room, state: "sending" }));
            }
        }
        this.#show();
    }

    #problem(file) {
        if (this.items.length >= MOST) {
            return `A message can have ${MOST} files.`;
        }
        if (file.size === 0) {
            return `${file.name} is empty.`;
        }
        return file.size > this.maxMb * MEGABYTE ? `${file.name} is too large: a file may have ${this.maxMb} MB.` : null;
    }

    // What a message that is sent now takes along.
    take() {
        const whole = this.items.filter((item) => item.state === "ready").map((item) => item.attachment);
        this.places.set(this.place, this.items.filter((item) => item.state !== "ready"));
        this.#keep(this.place);
        this.#show();
        return whole.length > 0 ? { extra: { attachments: whole.map(({ id }) => id) }, attachments: whole } : {};
    }

    #show() {
        this.list.replaceChildren(...this.items.map((item) => item.node));
        this.list.hidden = this.items.length === 0;
        this.changed();
    }

    #put(place, given) {
        const item = new Upload(given);
        item.remove.addEventListener("click", () => this.#cancel(place, item));
        item.retry.addEventListener("click", () => {
            item.state = "sending";
            this.#start(place, item);
            this.#show();
        });
        this.places.get(place).push(item);
        return item;
    }

    #keep(place) {
        const kept = this.places.get(place).filter((item) => item.id);
        if (kept.length > 0) {
            this.store.set(this.prefix + place, kept.map(({ id, name, size, attachment }) => ({ id, name, size, attachment })));
        } else {
            this.store.remove(this.prefix + place);
        }
    }

    // What a former page left; the server may have let go of it, or a message has it.
    async #restore(place, kept) {
        const item = this.#put(place, { ...kept, state: kept.attachment ? "ready" : "lost" });
        try {
            const { upload } = await this.api.get(`uploads/${item.id}/`);
            if (item.state === "lost") {
                item.show(`Choose it again to go on: ${Math.floor((100 * upload.received) / upload.size)} % is there.`);
            }
        } catch (error) {
            if (error.status === 404) {
                this.#drop(place, item);
            }
        }
    }

    #drop(place, item) {
        this.places.set(place, this.places.get(place).filter((other) => other !== item));
        this.#keep(place);
        this.#show();
    }

    #cancel(place, item) {
        item.cancelled = true;
        item.stop.abort();
        this.#drop(place, item);
        this.form.querySelector("textarea").focus();
        if (item.id) {
            this.api.delete(`uploads/${item.id}/`).catch(() => {});
        }
    }

    #start(place, item) {
        item.show("Waiting…");
        this.queue = this.queue.then(() => this.#send(place, item));
    }

    // Until it is there, it is cancelled, or the server will not have it.
    async #send(place, item) {
        for (let failures = 0; !item.cancelled && item.state === "sending"; failures++) {
            try {
                await this.#sendAll(place, item);
            } catch (error) {
                await this.#failed(place, item, error, failures);
            }
        }
        this.changed();
    }

    async #failed(place, item, error, failures) {
        if (item.cancelled) {
            return;
        }
        if (error.status === 404 && item.id && failures === 0) {
            item.id = null; // a day went by: from the beginning
        } else if (error.retryable) {
            item.show("Waiting for a connection…");
            await pause(Math.max(error.retryAfterMs ?? 0, Math.min(1000 * 2 ** failures, MOST_PAUSE_MS)));
        } else {
            Object.assign(item, { state: "failed", id: null, received: 0, hopeless: error.status === 422 });
            item.show(error.message);
            this.#keep(place);
        }
    }

    async #begin(place, item) {
        if (item.id) {
            return (await this.api.get(`uploads/${item.id}/`)).upload;
        }
        const { upload } = await this.api.post("uploads/", { room: item.room, name: item.name || "file", size: item.file.size });
        item.id = upload.id;
        this.#keep(place);
        return upload;
    }

    async #sendAll(place, item) {
        const { file, stop } = item;
        const within = (ms) => AbortSignal.any([stop.signal, AbortSignal.timeout(ms)]);
        let upload = await this.#begin(place, item);
        while (upload.received < file.size && !item.cancelled) {
            item.received = upload.received;
            item.show("");
            const part = file.slice(upload.received, upload.received + upload.part_max);
            ({ upload } = await this.api.put(`uploads/${item.id}/?offset=${upload.received}`, part, within(PART_MS)));
        }
        item.received = upload.received;
        item.show("Nearly there…");
        await this.#sendThumb(item);
        ({ upload } = await this.api.post(`uploads/${item.id}/done/`, {}, within(FINISH_MS)));
        Object.assign(item, { state: "ready", attachment: upload.attachment, size: upload.attachment.size });
        item.show();
        this.#keep(place);
    }

    // Nice to have: without it the picture itself is shown.
    async #sendThumb(item) {
        const thumb = await thumbOf(item.file);
        if (thumb) {
            await item.preview(thumb);
            await this.api.put(`uploads/${item.id}/thumb/`, thumb).catch(() => {});
        }
    }
}
