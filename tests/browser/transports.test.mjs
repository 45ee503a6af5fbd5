// Four readers of one room, each with a proxy of their own that leaves them another way to the server:
// whatever is blocked, freed, stopped or restored while messages flow, each sees every message once
// and in order.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { holes, launch, Person, Stack } from "./lib.mjs";
import { BlockingProxy } from "./proxy.mjs";

const FREE = { socket: "pass", stream: "pass", longpoll: "pass" };
const BLOCKED = {
    socket: FREE,
    stream: { ...FREE, socket: "refuse" },
    longpoll: { ...FREE, socket: "cut", stream: "hold" },
    poll: { socket: "absent", stream: "refuse", longpoll: "swallow" },
};
const PATIENCE_MS = 90000;

// In the page: window.shown are the numbers of the messages in the order in which they were shown,
// window.wrong those that were not put at the list's end.
function watch() {
    window.shown = [];
    window.wrong = [];
    const known = new WeakSet(document.querySelectorAll("#rows .msg")); // one that moves into a block is no other
    const take = (row) => {
        if (known.has(row)) {
            return;
        }
        known.add(row);
        const seq = Number(row.dataset.seq);
        const rows = document.querySelectorAll("#rows .msg");
        window.shown.push(seq);
        if (Number(rows[rows.length - 1].dataset.seq) < seq) {
            window.wrong.push(seq);
        }
    };
    window.watching?.disconnect();
    window.watching = new MutationObserver((changes) => {
        for (const node of changes.flatMap((change) => [...change.addedNodes])) {
            const rows = node.matches?.(".msg") ? [node] : [...(node.querySelectorAll?.(".msg") ?? [])];
            rows.forEach(take);
        }
    });
    window.watching.observe(document.getElementById("rows"), { childList: true, subtree: true });
}

class Reader extends Person {
    static async sit(browser, stack, way) {
        const { context, page } = await Person.enter(browser);
        const reader = new Reader(context, page);
        reader.way = way;
        page.setDefaultTimeout(PATIENCE_MS);
        reader.proxy = await BlockingProxy.start(stack.origin);
        reader.proxy.set(BLOCKED[way]);
        await reader.join(stack.url.replace(stack.origin, reader.proxy.origin), `${way}-reader`);
        return reader;
    }

    // Until this reader reads by `way` and nothing else. A poll may be held back, and is live then.
    async reads(way) {
        const { proxy } = this;
        const held = way === "poll" ? [] : [way];
        const states = way === "poll" ? ["polling", "live"] : ["live"];
        const deadline = Date.now() + PATIENCE_MS;
        const open = () => ["socket", "stream", "longpoll"].filter((name) => proxy.count(name) > 0);
        for (;;) {
            const state = await this.page.getAttribute("#link-state", "data-state");
            if (states.includes(state) && String(open()) === String(held)) {
                return;
            }
            if (Date.now() > deadline) {
                throw new Error(`${this.way}-reader reads by ${open()} (${state}), not by ${way}: ${JSON.stringify(proxy.tried)}`);
            }
            await pause(200);
        }
    }

    // The network is another one now: the page need not wait for its timers.
    async moves(rules, way) {
        this.proxy.set(rules);
        const nudge = setInterval(() => this.page.evaluate(() => dispatchEvent(new Event("online"))).catch(() => {}), 2000);
        try {
            await this.reads(way);
        } finally {
            clearInterval(nudge);
        }
    }

    shows(seq) {
        return this.page.waitForFunction((wanted) => window.shown.at(-1) >= wanted, seq, { timeout: PATIENCE_MS });
    }

    async check(first, last) {
        const { shown, wrong } = await this.page.evaluate(() => ({ shown: window.shown, wrong: window.wrong }));
        const wanted = Array.from({ length: last - first + 1 }, (_, i) => first + i);
        assert.deepEqual(shown, wanted, `${this.way}-reader`);
        assert.deepEqual(wrong, []);
        assert.deepEqual(holes(await this.rows()), []);
    }
}

let stack;
let browser;
let readers;

before(async () => {
    const most = "1000000";
    const conf = { rate_user_burst: most, rate_user_per_minute: most, rate_address_burst: most, rate_address_per_minute: most };
    stack = await Stack.start({ conf });
    browser = await launch();
    readers = await Promise.all(Object.keys(BLOCKED).map((way) => Reader.sit(browser, stack, way)));
    await all((reader) => reader.moves({}, reader.way));
});
after(async () => {
    await browser?.close();
    await Promise.all((readers ?? []).map((reader) => reader.proxy.stop()));
    await stack?.stop();
});
afterEach(() => readers.forEach((reader) => assert.deepEqual(reader.faults, [])));

const all = (what) => Promise.all(readers.map(what));

// Begins to watch; the number that the next message will have.
async function begin() {
    await all((reader) => reader.page.evaluate(watch));
    return (await stack.get("messages/?room=general&limit=1")).seq + 1;
}

// Writes about 15 a second until `work` is done; the last number.
async function writeDuring(work) {
    let over = false;
    const ended = work.then(
        () => (over = true),
        (error) => {
            over = true;
            throw error;
        },
    );
    ended.catch(() => {}); // it is told of below
    let last;
    while (!over) {
        last = (await stack.post("said in the midst of it")).seq;
        await pause(50);
    }
    await ended;
    return last;
}

// By five writers at once; the last number.
async function write(count) {
    const numbers = [];
    const writer = async (name) => {
        for (let i = 0; i < count / 5; i++) {
            numbers.push((await stack.post(`message ${i} of writer ${name}`)).seq);
        }
    };
    await Promise.all([1, 2, 3, 4, 5].map(writer));
    return Math.max(...numbers);
}

const seen = async (first, last) => {
    await all((reader) => reader.shows(last));
    await all((reader) => reader.check(first, last));
};

test("1,000 messages come by the socket, a stream, a long-poll and the poll, the same and in order", async () => {
    const first = await begin();
    let last;
    for (let i = 0; i < 4; i++) {
        last = await write(250);
        await all((reader) => reader.shows(last));
    }
    assert.equal(last, first + 999);
    await seen(first, last);
    await all((reader) => reader.reads(reader.way));
});

test("what a reader of each kind says is said once", async () => {
    for (const reader of readers) {
        await reader.say(`by ${reader.way}`);
    }
    for (const { way } of readers) {
        await all((reader) => reader.sees(`by ${way}`, PATIENCE_MS));
        await all(async (reader) => assert.equal((await reader.texts()).filter((text) => text === `by ${way}`).length, 1));
    }
    await all((reader) => reader.peopleAre(readers.map(({ way }) => `${way}-reader`), 30000));
});

// Looks into another room and back: is not seen where it was, which what it said while it polled would
// keep up for 75 s.
async function isNowhereElse(reader) {
    const others = readers.filter((other) => other !== reader).map(({ way }) => `${way}-reader`);
    await reader.page.click('.room[data-room="energy"]');
    await reader.peopleAre([`${reader.way}-reader`], 45000);
    await readers[0].peopleAre(others, 45000);
    await reader.page.click('.room[data-room="general"]');
    await readers[0].peopleAre([...others, `${reader.way}-reader`], 45000);
}

test("freed in mid-stream all climb to the socket, and blocked again they fall: nothing is lost or doubled", async () => {
    const first = await begin();
    await seen(first, await writeDuring(all((reader) => reader.moves(FREE, "socket"))));
    await isNowhereElse(readers.at(-1));
    const again = await begin();
    await seen(again, await writeDuring(all((reader) => reader.moves(BLOCKED[reader.way], reader.way))));
});

test("the sidecar is stopped and started in mid-conversation: all poll and return, and nothing is lost", async () => {
    const first = await begin();
    const stopAndStart = async () => {
        await stack.tell("stop-sidecar");
        await all((reader) => reader.reads("poll"));
        const { seq } = await stack.get("messages/?room=general&limit=1");
        await all((reader) => reader.shows(seq + 20));
        await stack.tell("start-sidecar");
        await all((reader) => reader.moves({}, reader.way));
    };
    await seen(first, await writeDuring(stopAndStart()));
});

test("an older backup is restored: every reader shows the restored history, and none goes quiet", async () => {
    const backup = `${stack.dir}/var/backup.db`;
    await write(5);
    await stack.tell(`outcry backup ${backup}`);
    await stack.post("not in the backup");
    await all((reader) => reader.sees("not in the backup", PATIENCE_MS));
    let failed = 0;
    await readers[1].page.route("**/messages/?*", (route) => (failed++ < 2 ? route.abort() : route.continue()));
    await stack.tell(`outcry restore ${backup}`);
    await all((reader) =>
        reader.page.waitForFunction(
            () => ![...document.querySelectorAll(".msg-text")].some((row) => row.textContent === "not in the backup"),
            null,
            { timeout: PATIENCE_MS },
        ),
    );
    assert.ok(failed >= 2, "one reader could not load it at once");
    await stack.post("after the restore");
    await all((reader) => reader.sees("after the restore", PATIENCE_MS));
    const stored = (await stack.get("messages/?room=general&limit=50")).messages;
    await all(async (reader) => {
        const rows = (await reader.rows()).slice(-stored.length);
        assert.deepEqual(
            rows.map(({ seq, text }) => [seq, text]),
            stored.map(({ seq, message }) => [seq, message]),
            `${reader.way}-reader`,
        );
    });
    await all((reader) => reader.reads(reader.way));
});
