// The way to the server: a WebSocket whenever one can be had, the timed poll whenever none is up.
// Both bring the same events by the same cursors, so changing over neither loses nor doubles one.

import { Backoff } from "./backoff.js";
import { Poller } from "./poller.js";
import { Socket } from "./socket.js";

const HOPELESS_MS = 300000; // between tries where no upgrade has ever succeeded
const TOO_MANY = 4503;
const FINAL = { 4500: "You are signed out.", 4501: "You are banned from this chat." };

export class Link {
    // hooks: frame(frame), welcome(frame), answer(body), resync(list), state(state, reason)
    // context: room() → the room in view, activity() → "active" | "idle", signedIn() → bool
    constructor({ config, api, auth, logs, conn, hooks, context }) {
        Object.assign(this, { config, api, auth, logs, conn, hooks, context });
        this.backoff = new Backoff();
        this.failedUpgrades = 0;
        this.everLive = false;
        this.reason = null;
        this.poller = new Poller(api, {
            query: () => this.#query(),
            answer: (body) => this.#answered(body),
            failed: (error) => this.#pollFailed(error),
        });
    }

    start() {
        this.#connect();
        this.poller.start();
        addEventListener("online", () => this.hurry());
        addEventListener("offline", () => this.#tell());
        addEventListener("pageshow", (event) => event.persisted && this.hurry());
        document.addEventListener("visibilitychange", () => {
            if (document.visibilityState === "visible") {
                this.hurry();
            }
        });
    }

    get live() {
        return this.socket?.welcomed === true;
    }

    get stopped() {
        return this.reason !== null;
    }

    // False: no socket took it.
    send(frame) {
        return this.live && this.socket.send(frame);
    }

    // What a poll's presence goes by. One that was let go is not taken up again.
    rename(conn) {
        this.conn = conn;
    }

    subscribe(room, since) {
        return this.send({ type: "subscribe", room, since });
    }

    // The person is looking, or the network is back: do not wait for the timers.
    hurry() {
        this.socket?.check();
        if (this.stopped || this.live) {
            return;
        }
        this.poller.soon();
        if (!this.socket) {
            this.#connectIn(Math.random() * 1000);
        }
        this.#tell();
    }

    #connectIn(ms) {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.#connect(), ms);
    }

    #connect() {
        if (this.stopped || this.socket || !this.config.socket) {
            return;
        }
        this.socket = new Socket(
            this.config.socket,
            {
                hello: () => this.#hello(),
                welcome: (frame) => this.#welcomed(frame),
                frame: (frame) => this.#received(frame),
                close: (code, reason, welcomed) => this.#closed(code, reason, welcomed),
            },
            this.config.heartbeat_ms,
        );
        this.#tell();
    }

    #hello() {
        const token = this.auth.token();
        this.auth.shown = token;
        return {
            epoch: this.logs.epoch,
            rooms: this.logs.all(this.context.room()),
            ...(token ? { token } : {}),
        };
    }

    #welcomed(frame) {
        this.everLive = true;
        this.failedUpgrades = 0;
        this.renewed = false;
        this.backoff.reset();
        this.poller.stop();
        this.hooks.welcome(frame);
        this.#tell();
    }

    #received(frame) {
        if (frame.type === "auth_required") {
            this.#authenticate();
        } else {
            this.hooks.frame(frame);
        }
    }

    // The token ends soon: show the next one while the socket stays open. A cookie cannot be shown,
    // so a one-use ticket stands for it.
    async #authenticate() {
        const socket = this.socket;
        await this.auth.renew();
        const token = this.auth.token();
        if (token) {
            this.auth.shown = token;
            socket.send({ type: "auth", token });
            return;
        }
        const ticket = await this.api.post("ws-ticket/").catch(() => null);
        if (ticket) {
            socket.send({ type: "auth", ticket: ticket.ticket });
        }
    }

    #closed(code, reason, welcomed) {
        this.socket = null;
        if (code >= 4500 && code <= 4999 && code !== TOO_MANY) {
            this.#refused(code, reason);
            return;
        }
        this.failedUpgrades = welcomed ? 0 : this.failedUpgrades + 1;
        // Where there is no room for another socket, or no socket at all, the poll serves for long.
        const hopeless = code === TOO_MANY || (!this.everLive && this.failedUpgrades >= 2);
        this.#connectIn(hopeless ? HOPELESS_MS : this.backoff.next());
        this.poller.start();
        this.#tell();
    }

    // The server will not have us. A token that ran out may be renewed, once.
    async #refused(code, reason) {
        if (code === 4500 && !this.renewed && (await this.auth.renew())) {
            this.renewed = true;
            this.#connectIn(0);
            this.poller.start();
            return;
        }
        this.stop(FINAL[code] ?? `The server closed the connection: ${reason || code}.`);
    }

    stop(reason) {
        this.reason = reason;
        clearTimeout(this.timer);
        this.socket?.drop();
        this.socket = null;
        this.poller.stop();
        this.#tell();
    }

    #query() {
        const rooms = Object.entries(this.logs.all(this.context.room()))
            .map(([room, seq]) => `${room}:${seq}`)
            .join(",");
        const presence = this.context.signedIn() ? { conn: this.conn, state: this.context.activity() } : {};
        return { epoch: this.logs.epoch, rooms, ...presence };
    }

    #answered(body) {
        for (const event of body.events) {
            this.hooks.frame(event);
        }
        this.hooks.answer(body);
        this.#tell();
    }

    #pollFailed(error) {
        if (error.code === "resync") {
            this.hooks.resync(error.body?.resync ?? []);
        } else if (error.status === 401) {
            this.loginUrl = error.loginUrl ?? this.config.login_url;
            this.stop("You are signed out.");
        }
        this.#tell();
        return this.stopped;
    }

    #state() {
        if (this.stopped) {
            return "stopped";
        }
        if (this.live) {
            return "live";
        }
        if (this.poller.failures > 0 || !navigator.onLine) {
            return "offline";
        }
        if (this.poller.healthy) {
            return "polling";
        }
        return "waiting";
    }

    #tell() {
        this.hooks.state(this.#state(), this.reason);
    }
}
