// The link that the tabs of one person share: the tab that leads has it, the others hear by the channel
// what comes in, and say by it what goes out. To its page it is a link like any other. Each tab keeps its
// own cursors and asks for itself where something is missing, so no change of the lead loses anything.

import { CatchUp } from "./catch_up.js";
import { randomId } from "./ids.js";
import { Link } from "./link.js";
import { Places } from "./places.js";

const isVisible = () => document.visibilityState === "visible";

export class SharedLink {
    // hooks: those of a link, and unsent(frame) for what no socket took after all, lists() → the presence
    // frames that a tab which joins must know, tend(living) for the leader every few seconds
    constructor({ tabs, config, api, auth, logs, user, hooks }) {
        Object.assign(this, { tabs, api, logs, user, hooks });
        this.link = null; // where this tab leads
        this.there = null; // the leader's last beat
        this.met = false; // whether there ever was one
        this.state = "waiting";
        this.places = new Places();
        this.catchUp = new CatchUp({ api, logs, hooks });
        this.makeLink = (options) => new Link({ config, api, auth, logs, ...options });
        document.addEventListener("visibilitychange", () => isVisible() && this.#look());
    }

    start(place) {
        this.mine = place;
        this.tabs.join({
            lead: () => this.#lead(),
            follow: () => this.#follow(),
            here: () => this.#here(),
            heard: (here) => this.#heard(here),
            lost: () => this.#lost(),
            tend: () => this.#tend(),
            word: (word) => this.#words[word.kind]?.(word),
        });
        this.#greet();
    }

    // The page goes away; start() brings it back.
    leave() {
        this.#letGo();
        this.tabs.leave();
        this.there = null;
    }

    get pushes() {
        return (this.link ?? this.there)?.pushes === true;
    }

    get stopped() {
        return this.link?.stopped === true;
    }

    // Of the tab that leads: whether any of them shows this room.
    sees(room) {
        return this.places.sees(room);
    }

    get loginUrl() {
        return this.link?.loginUrl;
    }

    // False: no socket took it. What the leader could not send after all comes back by unsent().
    send(frame) {
        if (frame.type === "read") {
            this.tabs.say("frame", { frame, epoch: this.logs.epoch });
        }
        if (this.link) {
            return this.link.send(frame);
        }
        const sends = this.there?.sends === true;
        if (sends) {
            this.#tell("send", { frame });
        }
        return sends;
    }

    subscribe(room, since) {
        if (this.link) {
            this.link.subscribe(room, since);
        } else {
            this.catchUp.soon();
        }
    }

    soon() {
        if (this.link) {
            this.link.soon();
        } else {
            this.#tell("soon");
        }
    }

    // {room, state, visible, at}: where this tab is, and when it was last touched.
    place(place) {
        this.mine = place;
        if (this.link) {
            this.#placed(this.tabs.id, place);
        } else {
            this.#tell("place", { place });
        }
    }

    // ----- leading -----

    #lead() {
        this.there = null;
        this.#open(this.tabs.shared);
        if (!this.met && this.tabs.shared) {
            this.#tend(); // no tab was here before: what is left is nobody's
        }
    }

    #follow() {
        this.#letGo();
        this.#lost();
        this.#greet();
    }

    // Only one tab of a browser may hold requests open: it has six connections to a host.
    #open(mayHold) {
        this.state = "waiting";
        this.places = new Places();
        this.places.set(this.tabs.id, this.mine);
        this.told = this.#placeNow(); // the link says it as it begins
        this.link = this.makeLink({
            mayHold,
            conn: randomId(),
            hooks: this.#linkHooks(),
            context: {
                room: () => this.places.current.room,
                activity: () => this.places.current.state,
                signedIn: () => this.user !== null,
            },
        });
        this.link.start();
    }

    #letGo() {
        this.link?.close();
        this.link = null;
    }

    #linkHooks() {
        return {
            frame: (frame) => this.#pass("frame", { frame }, frame),
            welcome: (frame) => this.#welcomed(frame),
            answer: (body) => this.#pass("answer", { body: { rooms: body.rooms, missing: body.missing } }, body),
            resync: (list) => this.#pass("resync", { list }, list),
            state: (state, reason) => this.#linkState(state, reason),
        };
    }

    // To the other tabs and to this one; nothing that comes after the link was let go.
    #pass(hook, fields, value) {
        if (this.link) {
            this.tabs.say(hook, { ...fields, epoch: this.logs.epoch });
            this.hooks[hook](value);
        }
    }

    // The server knows this browser as somebody else by now: the others are no longer this tab's.
    #welcomed(frame) {
        if (this.tabs.leading && (frame.user?.id ?? null) !== (this.user?.id ?? null)) {
            this.tabs.quit();
            this.#letGo();
            this.#open(false);
            return;
        }
        this.told = null;
        this.tabs.beat();
        this.#pass("welcome", { frame }, frame);
    }

    // What stops this tab need not stop another: each finds out for itself.
    #linkState(state, reason) {
        if (!this.link) {
            return;
        }
        if (state === "stopped") {
            this.tabs.quit();
        }
        if (state !== this.state) {
            this.state = state;
            this.tabs.beat();
        }
        this.hooks.state(state, reason);
    }

    // The beat: how things stand, and how far the leader has read.
    #here() {
        const { pushes, sends } = this.link;
        return { state: this.state, pushes, sends, visible: isVisible(), epoch: this.logs.epoch, cursors: this.logs.all() };
    }

    async #tend() {
        const living = await this.tabs.living();
        if (this.link) {
            this.places.keep(living);
            this.#tellPlace();
            await this.hooks.tend(living);
        }
    }

    // Where the person is, said once.
    #tellPlace() {
        const { room, state } = this.places.current;
        const told = this.told;
        this.told = this.#placeNow();
        if (this.told !== told) {
            this.link.send({ type: "presence", state, room });
        }
    }

    #placeNow() {
        const { room, state } = this.places.current;
        return `${state} ${room}`;
    }

    #placed(tab, place) {
        this.places.set(tab, place);
        this.#tellPlace();
    }

    // A tab that joins may know rooms that came later than this page, and lacks who is here.
    #asked({ from, cursors = {}, looking, joining }) {
        for (const [room, seq] of Object.entries(cursors)) {
            if (this.logs.last(room) === undefined) {
                this.logs.set(room, seq);
                this.link.subscribe(room, seq);
            }
        }
        if (joining && this.link.pushes) {
            this.tabs.say("lists", { to: from, frames: this.hooks.lists() });
        }
        if (looking) {
            this.link.hurry();
        }
    }

    #sendFor({ from, frame }) {
        if (!this.link.send(frame)) {
            this.tabs.say("unsent", { to: from, frame });
        }
    }

    // ----- following -----

    #tell(kind, fields = {}) {
        if (this.tabs.leader) {
            this.tabs.say(kind, { ...fields, to: this.tabs.leader });
        }
    }

    #greet() {
        if (!this.link) {
            this.tabs.say("ask", { joining: true, cursors: this.logs.all() });
        }
    }

    #look() {
        this.tabs.doubt({ looking: true, cursors: this.logs.all() });
    }

    #lost() {
        this.there = null;
        this.hooks.state("waiting", null);
    }

    #heard(here) {
        const before = this.there;
        this.there = here;
        this.met = true;
        if (before?.from !== here.from) {
            this.#tell("place", { place: this.mine });
        }
        if (before?.from !== here.from || before.state !== here.state) {
            this.hooks.state(here.state, null);
        }
        if (this.#isBehind(here)) {
            this.catchUp.soon();
        }
        // A hidden tab's timers are slow, and all kinds of polling need them.
        if (!here.pushes && here.state !== "waiting" && !here.visible && isVisible()) {
            this.tabs.steal();
        }
    }

    #isBehind({ epoch, cursors }) {
        return epoch !== this.logs.epoch || Object.entries(cursors).some(([room, seq]) => seq > this.logs.last(room));
    }

    // An event of another history tells this tab that it has to ask.
    #frame({ frame, epoch }) {
        if (epoch === this.logs.epoch || frame.type === "resync") {
            this.hooks.frame(frame);
        } else {
            this.catchUp.soon();
        }
    }

    #words = {
        // to followers
        frame: (word) => this.#frame(word),
        welcome: ({ frame }) => this.hooks.welcome(frame),
        answer: ({ body }) => this.hooks.answer(body),
        resync: ({ list }) => this.hooks.resync(list),
        lists: ({ frames }) => frames.forEach((frame) => this.hooks.frame(frame)),
        unsent: ({ frame }) => this.hooks.unsent(frame),
        // to the leader
        ask: (word) => this.link && this.#asked(word),
        send: (word) => this.link && this.#sendFor(word),
        soon: () => this.link && this.link.soon(),
        place: ({ from, place }) => this.link && this.#placed(from, place),
        bye: ({ from }) => this.link && this.#goneFrom(from),
    };

    #goneFrom(tab) {
        this.places.remove(tab);
        this.#tellPlace();
    }
}
