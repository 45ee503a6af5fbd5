// The tabs that one person has open in this browser. One of them leads: a lock of the browser says which,
// and hands the lead on when that tab closes. The leader beats; where nothing is heard of it, it is frozen,
// and a follower takes the lock from it. Each tab holds a lock of its own too while it lives, so that what
// a dead one left can be told. What the tabs talk about is their owner's affair.

import { randomId } from "./ids.js";

const ID_KEY = "outcry:tab";
const TIMES = {
    beat: 4000,
    silence: 10000, // then a follower asks; half as much again by chance, so that not all do
    answer: 1000, // and waits for so long
};

export class Tabs {
    constructor(name, { locks = navigator.locks, Channel = BroadcastChannel, storage = sessionStorage, times = TIMES } = {}) {
        Object.assign(this, { name, locks, Channel, storage, times });
        this.shared = true;
        this.leading = false;
        this.leader = null; // the id of the tab that leads, as far as this one has heard
        this.term = 0; // rises with every leader: what one says that was deposed is not heeded
    }

    // Before join(): the tab's id. That of before a reload, unless a copy of this tab has it.
    async claim() {
        const kept = this.id ?? this.storage.getItem(ID_KEY);
        if (!kept || !(await this.#live(kept))) {
            await this.#live(randomId());
        }
        this.storage.setItem(ID_KEY, this.id);
    }

    #live(id) {
        return new Promise((resolve, reject) => {
            const hold = (lock) => {
                if (lock) {
                    this.id = id;
                }
                resolve(lock !== null);
                return lock && new Promise((die) => (this.die = die));
            };
            this.locks.request(this.#lifeOf(id), { ifAvailable: true }, hold).catch(reject);
        });
    }

    #lifeOf(id) {
        return `${this.name}:tab:${id}`;
    }

    // hooks: lead(), follow() when another took the lead, here() → what the leader's beat tells,
    // heard(beat), lost() when the leader said goodbye, tend() for the leader every few seconds, word(word)
    // for all else
    join(hooks) {
        this.quit(); // twice is once
        this.hooks = hooks;
        this.channel = new this.Channel(this.name);
        this.channel.onmessage = (event) => this.#hear(event.data);
        this.#listen();
        this.#queue();
    }

    // Out of the group; the tab itself lives on.
    quit() {
        this.say("bye");
        this.channel?.close();
        this.channel = null;
        this.leader = null;
        this.#unqueue();
        this.#rest();
    }

    // The page goes away. claim() and join() bring it back.
    leave() {
        this.quit();
        this.die?.();
    }

    // {kind, from, …}, with `term` where the leader speaks; `to`: for that tab alone.
    say(kind, fields = {}) {
        this.channel?.postMessage({ ...fields, kind, from: this.id, ...(this.leading ? { term: this.term } : {}) });
    }

    beat() {
        this.say("here", this.hooks.here());
    }

    // Is the leader still there? Where it does not answer, this tab takes its place.
    doubt(fields) {
        if (this.channel && !this.leading) {
            this.say("ask", fields);
            this.#in(this.times.answer, () => this.steal());
            this.asking = true;
        }
    }

    steal() {
        if (this.channel && !this.leading) {
            this.#queue({ steal: true });
        }
    }

    // The ids of all tabs that live.
    async living() {
        const { held } = await this.locks.query();
        const start = this.#lifeOf("");
        return new Set(held.filter(({ name }) => name.startsWith(start)).map(({ name }) => name.slice(start.length)));
    }

    // Calls it where that tab is dead, and not while it may come back.
    whereDead(id, call) {
        return this.locks.request(this.#lifeOf(id), { ifAvailable: true }, (lock) => lock && call());
    }

    // ----- the lead -----

    #queue(options) {
        this.#unqueue();
        const turn = { waiting: new AbortController() };
        turn.over = new Promise((resolve) => (turn.end = resolve));
        this.turn = turn;
        this.locks
            .request(`${this.name}:lead`, options ?? { signal: turn.waiting.signal }, () => this.#granted(turn))
            .catch(() => this.#taken(turn));
    }

    #unqueue() {
        this.turn?.waiting.abort();
        this.turn?.end();
        this.turn = null;
        this.leading = false;
    }

    #granted(turn) {
        if (turn !== this.turn) {
            return null;
        }
        this.leading = true;
        this.leader = this.id;
        this.term = Math.max(Date.now(), this.term + 1);
        this.#rest();
        this.beating = setInterval(() => this.#tend(), this.times.beat);
        queueMicrotask(() => {
            this.hooks.lead();
            this.beat();
        });
        return turn.over;
    }

    #tend() {
        this.beat();
        this.hooks.tend();
    }

    // Another tab took it by force: this one was frozen, or not in sight.
    #taken(turn) {
        if (turn === this.turn && this.leading) {
            this.#queue();
            this.#rest();
            this.#listen();
            this.hooks.follow();
        }
    }

    // ----- the channel -----

    #hear(word) {
        const forOther = word.to !== undefined && word.to !== this.id;
        if (!this.channel || forOther || (word.term !== undefined && !this.#heed(word))) {
            return;
        }
        if (word.kind === "here") {
            this.hooks.heard(word);
        } else if (word.kind === "bye" && word.from === this.leader) {
            this.leader = null;
            this.hooks.lost();
        } else {
            if (word.kind === "ask") {
                this.#asked();
            }
            this.hooks.word(word);
        }
    }

    // False for one that leads no longer and does not know it yet.
    #heed({ from, term }) {
        if (this.leading || term < this.term) {
            return false;
        }
        this.term = term;
        this.leader = from;
        this.#listen();
        return true;
    }

    // Where another follower asks already, this one need not.
    #asked() {
        if (this.leading) {
            this.beat();
        } else if (!this.asking) {
            this.#listen();
        }
    }

    #listen() {
        this.#in(this.times.silence * (1 + Math.random() / 2), () => this.doubt());
    }

    #in(ms, then) {
        clearTimeout(this.timer);
        this.asking = false;
        this.timer = setTimeout(then, ms);
    }

    #rest() {
        clearTimeout(this.timer);
        clearInterval(this.beating);
    }
}

// Where the browser has no locks or channels: a tab that leads only itself.
export class Alone {
    constructor() {
        this.shared = false;
        this.id = null;
    }

    async claim() {}

    join(hooks) {
        hooks.lead();
    }

    quit() {}
    leave() {}
    say() {}
    beat() {}
    doubt() {}
    steal() {}
}

export async function openTabs(name) {
    try {
        const tabs = new Tabs(name);
        await tabs.claim();
        return tabs;
    } catch {
        return new Alone();
    }
}
