// The client's modules that need no page.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Backoff } from "../../static/js/backoff.js";
import { Logs } from "../../static/js/log.js";
import { Outbox } from "../../static/js/outbox.js";
import { Sender } from "../../static/js/sender.js";
import { Store } from "../../static/js/store.js";
import { countChars, initial } from "../../static/js/text.js";
import { ago, dayLabel, sameDay } from "../../static/js/time.js";
import { Unread } from "../../static/js/unread.js";

class Memory {
    #items = new Map();
    get length() {
        return this.#items.size;
    }
    key(i) {
        return [...this.#items.keys()][i];
    }
    getItem(key) {
        return this.#items.get(key) ?? null;
    }
    setItem(key, value) {
        this.#items.set(key, value);
    }
    removeItem(key) {
        this.#items.delete(key);
    }
}

test("an event is applied once, in order, and a hole is noticed", () => {
    const logs = new Logs("e", { general: 5 });
    assert.equal(logs.take("general", 6), "apply");
    assert.equal(logs.take("general", 6), "drop");
    assert.equal(logs.take("general", 2), "drop");
    assert.equal(logs.take("general", 8), "gap");
    assert.equal(logs.last("general"), 6);
    assert.equal(logs.take("general", 7), "apply");
    assert.equal(logs.take("unknown", 1), "other");
});

test("in another history every cursor is ahead, so that every room is loaded again", () => {
    const logs = new Logs("e", { a: 5, b: 7 });
    assert.equal(logs.begin("e"), false);
    assert.deepEqual(logs.all("a"), { a: 5, b: 7 });
    assert.equal(logs.begin("f"), true);
    logs.set("a", 2);
    assert.deepEqual(logs.all("a"), { a: 2, b: Number.MAX_SAFE_INTEGER });
    assert.equal(logs.take("b", 8), "drop");
});

test("the room in view comes first among the cursors", () => {
    const logs = new Logs("e", { a: 1, b: 2 });
    assert.deepEqual(Object.keys(logs.all("b")), ["b", "a"]);
    assert.deepEqual(logs.all("gone"), { a: 1, b: 2 });
});

test("reconnecting begins anywhere within ten seconds and doubles to thirty", () => {
    const most = new Backoff(() => 1);
    assert.deepEqual([1, 2, 3, 4, 5].map(() => most.next()), [10000, 10000, 20000, 30000, 30000]);
    const least = new Backoff(() => 0);
    assert.deepEqual([1, 2, 3].map(() => least.next()), [0, 5000, 10000]);
    least.reset();
    assert.equal(least.next(), 0);
});

test("the outbox comes back after a reload, in order and only for its author", () => {
    const storage = new Memory();
    const outbox = new Outbox(new Store("x:", storage), 7);
    outbox.add({ client_id: "second-01", room: "a", text: "two", at: 2, state: "queued" });
    outbox.add({ client_id: "first-001", room: "b", text: "one", at: 1, state: "queued" });
    outbox.update("second-01", { state: "failed", note: "No." });
    const again = new Outbox(new Store("x:", storage), 7);
    assert.equal(again.next().text, "one");
    assert.equal(again.get("second-01").state, "failed");
    assert.equal(again.inRoom("a").length, 1);
    assert.equal(new Outbox(new Store("x:", storage), 8).next(), undefined);
    again.remove("first-001");
    assert.equal(new Outbox(new Store("x:", storage), 7).next(), undefined);
});

test("a tab has the messages that it wrote, and takes over those of one that is gone", () => {
    const store = new Store("x:", new Memory());
    const [a, b] = [new Outbox(store, 7, "tab-a"), new Outbox(store, 7, "tab-b")];
    b.add({ client_id: "client-b-2", room: "r", text: "later", at: 2, state: "sending" });
    b.add({ client_id: "client-b-1", room: "r", text: "first", at: 1, state: "failed", note: "No." });
    assert.equal(new Outbox(store, 7, "tab-a").next(), undefined);
    assert.equal(new Outbox(store, 7, "tab-b").next().text, "later");
    assert.deepEqual([...a.tabs()], ["tab-b"]);
    const left = a.adopt((entry) => entry.tab === "tab-b");
    assert.deepEqual(left.map((entry) => [entry.text, entry.state]), [["first", "failed"], ["later", "queued"]]);
    assert.deepEqual([...a.tabs()], ["tab-a"]);
    assert.equal(a.next().text, "later");
    assert.deepEqual(b.forgetLost("tab-b").map((entry) => entry.text), ["later", "first"]);
    assert.deepEqual(b.inRoom("r"), []);
});

test("storage that refuses is no disaster", () => {
    const store = new Store("x:", undefined);
    assert.equal(store.set("a", 1), false);
    assert.equal(store.get("a"), null);
    assert.deepEqual(store.all("a"), []);
    store.remove("a");
});

function sender({ send = () => false, post }) {
    const outbox = new Outbox(new Store("x:", new Memory()), 7);
    const seen = { changed: [], stored: [], posted: [] };
    const made = new Sender({
        outbox,
        link: { send },
        api: { post },
        hooks: {
            changed: (entry) => seen.changed.push({ ...entry }),
            stored: (entry) => seen.stored.push(entry.client_id),
            posted: (message) => seen.posted.push(message),
        },
    });
    return { made, outbox, seen };
}

const entry = (at = Date.now()) => ({ client_id: "client-001", room: "general", text: "hi", at });

test("what the server refuses for good is failed and keeps its reason", async () => {
    const refuse = async () => {
        throw Object.assign(new Error("You are muted."), { retryable: false });
    };
    const { made, outbox } = sender({ post: refuse });
    made.add(entry());
    await new Promise(setImmediate);
    assert.equal(outbox.get("client-001").state, "failed");
    assert.equal(outbox.get("client-001").note, "You are muted.");
});

test("a message is not sent by itself long after it was written", async () => {
    let posts = 0;
    const { made, outbox } = sender({
        post: async () => {
            posts++;
            return { message: {} };
        },
    });
    made.add(entry(Date.now() - 10 * 60000));
    await new Promise(setImmediate);
    assert.equal(posts, 0);
    assert.equal(outbox.get("client-001").state, "failed");
    made.retry("client-001");
    await new Promise(setImmediate);
    assert.equal(posts, 1);
    assert.equal(outbox.get("client-001"), undefined);
});

test("over a socket a message is stored when its ack comes", async () => {
    const frames = [];
    const { made, outbox, seen } = sender({ send: (frame) => frames.push(frame) });
    made.add(entry());
    assert.equal(frames[0].client_id, "client-001");
    assert.ok(outbox.get("client-001"));
    made.settle("client-001", { stored: true });
    await new Promise(setImmediate);
    assert.deepEqual(seen.stored, ["client-001"]);
    assert.equal(outbox.get("client-001"), undefined);
});

test("characters are counted as people and the server count them", () => {
    assert.equal(countChars("añ😀"), 3);
    assert.equal(initial("élan"), "É");
    assert.equal(initial("😀x"), "😀");
    assert.equal(initial(""), "?");
});

test("days are the reader's", () => {
    const noon = new Date(2026, 4, 5, 12).getTime();
    const hour = 3600000;
    assert.equal(sameDay(noon, noon + 11 * hour), true);
    assert.equal(sameDay(noon, noon + 13 * hour), false);
    assert.match(dayLabel(noon, noon), /today/i);
    assert.match(dayLabel(noon - 24 * hour, noon), /yesterday/i);
    assert.match(dayLabel(noon - 500 * 24 * hour, noon), /20\d\d/);
    assert.match(ago(noon - 7 * 60000, noon), /7/);
});

test("unread messages are counted once, whichever comes first: the event or the server's count", () => {
    const unread = new Unread(10, 2, 5);
    unread.add(10); // in the count already
    unread.add(11);
    unread.add(12);
    assert.equal(unread.count, 4);
    unread.set(12, 4, 5); // the server says the same, later
    unread.add(12);
    assert.equal(unread.count, 4);
    unread.add(14);
    unread.remove(15, 14);
    unread.remove(16, 12); // one that is in the server's count
    unread.remove(16, 4); // one that was read
    assert.equal(unread.count, 3);
    unread.set(15, 4, 5); // of before the second was removed
    assert.equal(unread.count, 3);
});

test("what was read here or elsewhere is unread no longer", () => {
    const unread = new Unread(10, 3, 5);
    unread.add(11);
    unread.add(12);
    unread.read(11);
    assert.equal(unread.count, 1);
    unread.read(8); // older news
    assert.equal(unread.count, 1);
    assert.equal(unread.set(11, 9, 6), true); // a count of before the mark
    assert.equal(unread.count, 1);
    assert.equal(unread.set(12, 0, 12), true);
    assert.equal(unread.count, 0);
    unread.add(13);
    assert.equal(unread.set(11, 0, 13), false); // who reads on must ask
    assert.equal(new Unread(10, 0, 0).set(12, 7, 0), true);
});

test("nothing is unread where nobody ever read", () => {
    const unread = new Unread(10, 0, 0);
    unread.add(11);
    assert.equal(unread.count, 0);
    unread.read(11);
    unread.add(12);
    assert.equal(unread.count, 1);
    for (let seq = 13; seq < 2000; seq++) {
        unread.add(seq);
    }
    assert.ok(unread.count > 99);
    unread.read(2000);
    assert.equal(unread.count, 0);
});
