// The connection, whatever it goes by: a socket, a stream, a long-poll, and the poll whenever none of
// them is live. All bring the same events by the same cursors, so changing over neither loses nor
// doubles one. Which way is tried when is the ladder's affair.

import { Api } from "./api.js";
import { randomId } from "./ids.js";
import { Ladder } from "./ladder.js";
import { LongPoll } from "./longpoll.js";
import { Poller } from "./poller.js";
import { Socket } from "./socket.js";
import { browserStorage, Store } from "./store.js";
import { Stream } from "./stream.js";

const LONG_HIDDEN_MS = 60000;
const TOO_MANY = 4503;
const FINAL = { 4500: "You are signed out.", 4501: "You are banned from this chat." };

export class Link {
    // hooks: frame(frame), welcome(frame), answer(body), resync(list), state(state, reason)
    // context: room() → the room in view, activity() → "active" | "idle", signedIn() → bool
    // mayHold: whether this page may hold a request open. A browser has six connections for all of
    // its pages.
    constructor({ config, api, auth, logs, conn, hooks, context, mayHold = false }) {
        Object.assign(this, { config, api, auth, logs, conn, hooks, context });
        this.reason = null;
        this.shown = null; // where `conn` was last said to be, and how
        this.ladder = new Ladder(this.#ways(mayHold), new Store(`outcry:${config.api}`, browserStorage("sessionStorage")));
        this.poller = new Poller(api, {
            mayWait: mayHold,
            query: () => this.#query(),
            answer: (body) => this.#answered(body),
            failed: (error) => this.#pollFailed(error),
        });
    }

    #ways(mayHold) {
        const { socket, streams, heartbeat_ms } = this.config;
        const ways = {};
        if (socket) {
            ways.socket = () => new Socket(socket, { ...this.#hooks("socket"), hello: () => this.#hello() }, heartbeat_ms);
        }
        if (streams && mayHold) {
            const sidecar = new Api(streams, this.auth);
            ways.stream = () => new Stream(sidecar, this.#hooks("stream"), heartbeat_ms);
            ways.longpoll = () => new LongPoll(sidecar, this.#hooks("longpoll"));
        }
        return ways;
    }

    #hooks(name) {
        return {
            query: () => this.#query(),
            welcome: (frame) => this.#welcomed(name, frame),
            frame: (frame) => this.#received(frame),
            answer: (body) => this.#answered(body),
            resync: (list) => this.hooks.resync(list),
            down: (fault) => this.#down(name, fault),
        };
    }

    start() {
        this.listening = new AbortController();
        const { signal } = this.listening;
        this.network = navigator.connection?.type;
        addEventListener("online", () => this.hurry(true), { signal });
        addEventListener("offline", () => this.#tell(), { signal });
        addEventListener("pageshow", (event) => event.persisted && this.hurry(true), { signal });
        navigator.connection?.addEventListener("change", () => this.#networkChanged(), { signal });
        document.addEventListener("visibilitychange", () => this.#visible(), { signal });
        this.ladder.start();
        this.poller.start();
        this.#tell();
    }

    // Ends every way without a word to the hooks; start() begins afresh.
    close() {
        this.listening?.abort();
        this.listening = null;
        this.ladder.close();
        this.poller.stop();
        this.leave();
    }

    // Events come at once.
    get live() {
        return this.ladder.live !== undefined || this.poller.holding;
    }

    // Presence and typing come too; otherwise who is here is to be asked.
    get pushes() {
        return this.ladder.live?.pushes === true;
    }

    // A socket takes what the page has to say.
    get sends() {
        return this.ladder.live?.sends === true;
    }

    get stopped() {
        return this.reason !== null;
    }

    // False: it is to be said by HTTP. Presence goes by what this link goes by.
    send(frame) {
        if (this.ladder.live?.send(frame)) {
            return true;
        }
        return frame.type === "presence" && this.#present(frame);
    }

    // Without a socket a page is present by `conn`: the poll that comes next says where, and what is
    // open already is told beside it.
    #present({ room, state }) {
        if (!this.live) {
            this.poller.soon();
        } else if (this.context.signedIn() && this.shown !== `${room} ${state}`) {
            this.shown = `${room} ${state}`;
            this.api.post("presence/", { conn: this.conn, room, state }).catch(() => {
                this.shown = "";
            });
        }
        return true;
    }

    // What presence without a socket goes by. One that was let go is not taken up again.
    rename(conn) {
        this.conn = conn;
        this.shown = null;
    }

    // The page goes, or another tab takes over. A socket's end says it too; the other ways have
    // nothing else to say it with.
    leave() {
        this.#letGo((fields) => this.api.beacon("presence/", fields));
    }

    #letGo(say) {
        if (this.shown !== null) {
            say({ conn: this.conn, state: "gone" });
            this.rename(randomId());
        }
    }

    // A room from a cursor on: a socket is told, everything else asks anew with the cursors of now.
    subscribe(room, since) {
        if (!this.send({ type: "subscribe", room, since })) {
            this.ladder.live?.again();
            this.poller.again();
        }
    }

    soon() {
        this.poller.soon();
    }

    // The person is looking, or (afresh) the network is another: do not wait for the timers.
    hurry(afresh = false) {
        if (this.stopped) {
            return;
        }
        this.ladder.hurry(afresh);
        this.poller.soon();
        this.#tell();
    }

    #networkChanged() {
        const { type } = navigator.connection;
        if (type !== this.network) {
            this.network = type;
            this.hurry(true);
        }
    }

    #visible() {
        if (document.visibilityState === "hidden") {
            this.hiddenSince = Date.now();
        } else {
            this.hurry(Date.now() - this.hiddenSince > LONG_HIDDEN_MS);
        }
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

    #query() {
        const rooms = Object.entries(this.logs.all(this.context.room()))
            .map(([room, seq]) => `${room}:${seq}`)
            .join(",");
        return { epoch: this.logs.epoch, rooms, ...this.#presence() };
    }

    #presence() {
        if (!this.context.signedIn()) {
            return {};
        }
        const state = this.context.activity();
        this.shown = `${this.context.room()} ${state}`;
        return { conn: this.conn, state };
    }

    #welcomed(name, frame) {
        this.renewed = false;
        this.ladder.worked(name);
        this.poller.stop();
        if (name === "socket") {
            // That is where this page is now: nobody shall be seen in two rooms.
            this.#letGo((fields) => this.api.post("presence/", fields).catch(() => {}));
        }
        if (frame) {
            this.hooks.welcome(frame);
        }
        this.#tell();
    }

    #received(frame) {
        if (frame.type === "auth_required") {
            this.#authenticate();
        } else {
            this.hooks.frame(frame);
        }
    }

    // The token ends soon: show the next one while the connection stays. A cookie cannot be shown to a
    // socket, so a one-use ticket stands for it.
    async #authenticate() {
        const way = this.ladder.live;
        const renewed = await this.auth.renew();
        if (way instanceof Stream) {
            if (renewed && way.live) {
                way.again();
            }
            return;
        }
        const token = this.auth.token();
        if (token) {
            this.auth.shown = token;
            way?.send({ type: "auth", token });
            return;
        }
        const ticket = await this.api.post("ws-ticket/").catch(() => null);
        if (ticket) {
            way?.send({ type: "auth", ticket: ticket.ticket });
        }
    }

    #down(name, fault) {
        const closed = fault.code >= 4500 && fault.code <= 4999 && fault.code !== TOO_MANY;
        if (closed || fault.final || fault.status === 401) {
            this.#refused(name, fault);
            return;
        }
        // Where there is no room for another one, the next way serves for long.
        this.ladder.failed(name, { ...fault, blocked: fault.blocked || fault.code === TOO_MANY });
        this.poller.start();
        this.#tell();
    }

    // The server will not have us. A token that ran out may be renewed, once.
    async #refused(name, fault) {
        const renewed = fault.code === 4500 && !this.renewed && (await this.auth.renew());
        if (!this.listening) {
            return; // closed meanwhile
        }
        if (renewed) {
            this.renewed = true;
            this.ladder.failed(name, fault);
            this.ladder.hurry(false);
            this.poller.start();
            return;
        }
        if (fault.status === 401) {
            this.#signedOut(fault);
            return;
        }
        const said = fault.final ? fault.reason : FINAL[fault.code];
        this.stop(said ?? `The server closed the connection: ${fault.reason || fault.code}.`);
    }

    #signedOut({ loginUrl }) {
        this.loginUrl = loginUrl ?? this.config.login_url;
        this.stop(FINAL[4500]);
    }

    stop(reason) {
        this.reason = reason;
        this.ladder.close();
        this.poller.stop();
        this.#tell();
    }

    #answered(body) {
        for (const event of [...body.events, ...(body.reads ?? [])]) {
            this.hooks.frame(event);
        }
        this.hooks.answer(body);
        this.#tell();
    }

    #pollFailed(error) {
        if (error.code === "resync") {
            this.hooks.resync(error.body?.resync ?? []);
        } else if (error.status === 401) {
            this.#signedOut(error);
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
        return this.poller.healthy ? "polling" : "waiting";
    }

    #tell() {
        this.hooks.state(this.#state(), this.reason);
    }
}
