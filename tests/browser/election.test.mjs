// Which of a person's tabs leads, and what becomes of those that close or freeze. Without a browser: its
// locks and channels are played here, its storage is a map.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Places } from "../../static/js/places.js";
import { Tabs } from "../../static/js/tabs.js";

// Exclusive locks by name: first come, first served, unless one steals.
class Locks {
    constructor() {
        this.all = new Map(); // name → [{give, taken}], the holder first
    }

    request(name, options, call) {
        return new Promise((resolve, reject) => {
            const queue = this.all.get(name) ?? [];
            this.all.set(name, queue);
            const abort = (message) => reject(new DOMException(message, "AbortError"));
            const entry = { taken: () => abort("stolen") };
            entry.give = () => {
                Promise.resolve(call({ name }))
                    .finally(() => this.#remove(name, entry))
                    .then(resolve, reject);
            };
            options.signal?.addEventListener("abort", () => queue.indexOf(entry) > 0 && (this.#remove(name, entry), abort("aborted")));
            if (options.ifAvailable && queue.length > 0) {
                resolve(call(null));
            } else if (options.steal) {
                queue.shift()?.taken();
                queue.unshift(entry);
                queueMicrotask(entry.give);
            } else if (queue.push(entry) === 1) {
                queueMicrotask(entry.give);
            }
        });
    }

    #remove(name, entry) {
        const queue = this.all.get(name);
        const at = queue.indexOf(entry);
        if (at >= 0) {
            queue.splice(at, 1);
        }
        if (at === 0 && queue.length > 0) {
            queue[0].give();
        }
    }

    async query() {
        return { held: [...this.all].filter(([, queue]) => queue.length > 0).map(([name]) => ({ name })) };
    }
}

// One browser: its tabs hear each other.
class Browser {
    constructor(times) {
        const channels = new Set();
        this.tabs = [];
        this.times = times;
        this.locks = new Locks();
        this.Channel = class {
            constructor() {
                channels.add(this);
            }
            postMessage(word) {
                const others = this.frozen ? [] : [...channels].filter((one) => one !== this && !one.frozen);
                others.forEach((one) => queueMicrotask(() => one.onmessage({ data: structuredClone(word) })));
            }
            close() {
                channels.delete(this);
            }
        };
    }

    async open(session = new Map()) {
        const storage = { getItem: (key) => session.get(key) ?? null, setItem: (key, value) => session.set(key, value) };
        const tabs = new Tabs("chat", { locks: this.locks, Channel: this.Channel, storage, ...(this.times && { times: this.times }) });
        this.tabs.push(tabs);
        await tabs.claim();
        tabs.session = session;
        tabs.words = [];
        tabs.follows = 0;
        tabs.join({
            lead: () => {},
            follow: () => tabs.follows++,
            here: () => ({ news: tabs.id }),
            heard: (here) => (tabs.heard = here),
            lost: () => (tabs.heard = null),
            tend: () => {},
            word: (word) => tabs.words.push(word),
        });
        await settled();
        return tabs;
    }

    async three() {
        return [await this.open(), await this.open(), await this.open()];
    }
}

function electionTest(name, body, times) {
    test(name, async () => {
        const browser = new Browser(times);
        try {
            await body(browser);
        } finally {
            browser.tabs.forEach((tabs) => tabs.leave());
        }
    });
}

const settled = () => new Promise(setImmediate);

async function until(condition) {
    const deadline = Date.now() + 20000;
    while (!condition()) {
        assert.ok(Date.now() < deadline, String(condition));
        await settled();
    }
}

electionTest("the first tab leads, and each that leaves hands on to the next", async (browser) => {
    const [a, b, c] = await browser.three();
    assert.deepEqual([a, b, c].map((tabs) => tabs.leading), [true, false, false]);
    a.leave();
    await settled();
    assert.deepEqual([a, b, c].map((tabs) => tabs.leading), [false, true, false]);
    assert.equal(c.heard.news, b.id);
    assert.equal(c.leader, b.id);
});

electionTest("a follower that leaves stands in nobody's way", async (browser) => {
    const [a, b, c] = await browser.three();
    b.leave();
    a.leave();
    await settled();
    assert.deepEqual([b.leading, c.leading], [false, true]);
});

electionTest("a leader that is silent loses the lead, and is told when it can hear again", async (browser) => {
    const [a, b] = [await browser.open(), await browser.open()];
    a.channel.frozen = true;
    await until(() => b.leading);
    assert.equal(a.leading, false);
    assert.ok(a.follows > 0);
    a.channel.frozen = false;
    await until(() => a.leading || a.heard?.news === b.id);
}, { beat: 20, silence: 60, answer: 20 });

electionTest("what a deposed leader still says is not heeded", async (browser) => {
    const [a, b, c] = await browser.three();
    const old = { kind: "frame", from: a.id, term: a.term };
    a.leave();
    await settled();
    const frozen = new browser.Channel();
    frozen.postMessage(old);
    frozen.postMessage({ ...old, kind: "here", news: "old" });
    await settled();
    assert.ok(!c.words.some((word) => word.kind === "frame"));
    assert.equal(c.heard.news, b.id);
    frozen.close();
});

electionTest("a word to one tab is for that tab alone", async (browser) => {
    const [a, b, c] = await browser.three();
    b.say("send", { to: a.id });
    await settled();
    assert.deepEqual([a, c].map((tabs) => tabs.words.filter((word) => word.kind === "send").length), [1, 0]);
});

electionTest("a tab is the same after a reload; a copy of it is another", async (browser) => {
    const a = await browser.open();
    const copy = await browser.open(new Map(a.session));
    assert.notEqual(copy.id, a.id);
    a.leave();
    await settled();
    const again = await browser.open(a.session);
    assert.equal(again.id, a.id);
});

electionTest("who lives is known, and only a dead tab is inherited from", async (browser) => {
    const [a, b] = [await browser.open(), await browser.open()];
    assert.deepEqual([...(await a.living())].sort(), [a.id, b.id].sort());
    const heirs = [];
    await a.whereDead(b.id, () => heirs.push("too early"));
    b.leave();
    await settled();
    await a.whereDead(b.id, () => heirs.push("in time"));
    assert.deepEqual(heirs, ["in time"]);
    assert.deepEqual([...(await a.living())], [a.id]);
});

test("the person is where a tab in sight was touched last", () => {
    const places = new Places();
    places.set("a", { room: "a", visible: true, at: 5 });
    assert.equal(places.current.room, "a");
    places.set("b", { room: "b", visible: true, at: 7 });
    assert.equal(places.current.room, "b");
    places.set("b", { room: "b", visible: false, at: 9 });
    assert.equal(places.current.room, "a");
    places.keep(new Set(["b"]));
    assert.equal(places.current.room, "b");
});
