// The thread beside the room. Its code comes when the first one is opened; until then there is nothing
// that events could change.

import { loadStyle } from "./style.js";
import { toast } from "./toast.js";

export class Threads {
    // parts: what Thread is made of
    constructor(parts) {
        this.parts = parts;
    }

    // By the id of any message in it.
    async open(id) {
        const opener = document.activeElement;
        try {
            const [{ Thread }] = await Promise.all([import("./thread.js"), loadStyle("thread")]);
            this.panel ??= new Thread(this.parts);
        } catch {
            toast("The thread could not be loaded. Is the connection there?");
            return;
        }
        await this.panel.open(id, opener);
    }

    close() {
        this.panel?.close();
    }

    // A durable event of any room.
    take(event) {
        this.panel?.take(event);
    }

    // The answer to an act: the message as it is now.
    change(message) {
        this.panel?.timeline.replace(message);
    }

    // Something is missing of this room, or what may be seen of any: loads it again.
    reload(room = this.panel?.room) {
        this.panel?.reload(room);
    }

    updatePending(entry) {
        this.panel?.timeline.updatePending(entry);
    }

    // A reply that is not to be sent after all. True where its text went back to the box that it is from.
    discard(entry) {
        return this.panel?.discard(entry) === true;
    }
}
