// Server-sent events, as the HTML standard has them: bytes in, events out. Chunks may break anywhere,
// within a character or between CR and LF.

const MOST_CHARS = 8388608; // of one event: more is nothing that our server sends

export class EventParser {
    // event({type, data, id})
    constructor(event) {
        this.event = event;
        this.decoder = new TextDecoder();
        this.rest = ""; // of a line whose end has not come
        this.afterCr = false;
        this.id = "";
        this.#begin();
    }

    feed(bytes) {
        let text = this.decoder.decode(bytes, { stream: true });
        if (text === "") {
            return;
        }
        if (this.afterCr && text[0] === "\n") {
            text = text.slice(1); // the second half of a line's end
        }
        this.afterCr = text.endsWith("\r");
        const lines = (this.rest + text).split(/\r\n|\r|\n/);
        this.rest = lines.pop();
        lines.forEach((line) => this.#line(line));
        if (this.rest.length + this.size > MOST_CHARS) {
            throw new RangeError("an event without an end");
        }
    }

    #begin() {
        this.type = "message";
        this.data = [];
        this.size = 0;
    }

    #line(line) {
        if (line === "") {
            this.#dispatch();
            return;
        }
        const colon = line.indexOf(":");
        const name = colon < 0 ? line : line.slice(0, colon);
        const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
        if (name === "data") {
            this.data.push(value);
            this.size += value.length;
        } else if (name === "event") {
            this.type = value || "message";
        } else if (name === "id" && !value.includes("\0")) {
            this.id = value;
        } // a comment has no name; `retry` is for clients that have no mind of their own
    }

    #dispatch() {
        const { type, data, id } = this;
        this.#begin();
        if (data.length > 0) {
            this.event({ type, data: data.join("\n"), id });
        }
    }
}
