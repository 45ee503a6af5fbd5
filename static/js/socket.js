// One WebSocket from its opening to its close: hello, the wait for welcome, pings, and silence.
// What becomes of the frames, and when to open another one, is the link's affair.

const WELCOME_MS = 10000;

export class Socket {
    pushes = true; // presence and typing come too
    sends = true;

    // hooks: hello() → frame, welcome(frame), frame(frame), down(fault)
    constructor(url, hooks, heartbeatMs) {
        this.hooks = hooks;
        this.heartbeatMs = heartbeatMs;
        this.live = false;
        this.heard = Date.now();
        this.socket = new WebSocket(url, ["chat.v1"]);
        this.socket.onopen = () => this.send({ type: "hello", proto: "chat.v1", ...hooks.hello() });
        this.socket.onmessage = (event) => this.#receive(event.data);
        this.socket.onclose = (event) => this.#closed(event.code, event.reason);
        this.#expect(WELCOME_MS);
    }

    // False where the socket is not open.
    send(frame) {
        const open = this.socket.readyState === WebSocket.OPEN;
        if (open) {
            this.socket.send(JSON.stringify(frame));
        }
        return open;
    }

    // Whatever is to be asked anew is asked by a frame.
    again() {}

    // After a sleep the timers are late: says at once what they would say.
    check() {
        if (Date.now() - this.heard > this.heartbeatMs * 2) {
            this.#silent();
        }
    }

    // Ends it without a word to the hooks.
    drop() {
        clearTimeout(this.timer);
        this.hooks = null;
        this.live = false;
        this.socket.close();
    }

    #receive(data) {
        if (!this.hooks) {
            return;
        }
        const frame = JSON.parse(data);
        this.heard = Date.now();
        this.#expect(this.live ? this.heartbeatMs * 2 + 5000 : WELCOME_MS);
        if (frame.type === "ping") {
            this.send({ type: "pong" });
        } else if (frame.type === "welcome") {
            this.live = true;
            this.heartbeatMs = frame.heartbeat_ms ?? this.heartbeatMs;
            this.hooks.welcome(frame);
        } else {
            this.hooks.frame(frame);
        }
    }

    // A peer that is silent for longer than two heartbeats is gone, whatever TCP believes.
    #expect(withinMs) {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.#silent(), withinMs);
    }

    #silent() {
        this.socket.close();
        this.#closed(4005, "silent");
    }

    #closed(code, reason) {
        clearTimeout(this.timer);
        const { hooks, live } = this;
        this.hooks = null;
        this.live = false;
        hooks?.down({ code, reason, live });
    }
}
