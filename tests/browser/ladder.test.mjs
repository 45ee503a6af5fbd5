// Which way to the server is tried when, and how a stream is read: what needs neither page nor server.

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Ladder } from "../../static/js/ladder.js";
import { EventParser } from "../../static/js/sse.js";

const MINUTE = 60000;

// Ways that do nothing but be there: `opened` are the names in the order of their tries.
function ladder({ memory = new Map(), names = ["socket", "stream", "longpoll"] } = {}) {
    const opened = [];
    const ways = {};
    const open = (name) => () => {
        opened.push(name);
        ways[name] = { live: false, checks: 0, check: () => ways[name].checks++, drop: () => delete ways[name] };
        return ways[name];
    };
    const made = new Ladder(Object.fromEntries(names.map((name) => [name, open(name)])), memory);
    const works = (name) => {
        ways[name].live = true;
        made.worked(name);
    };
    const fails = (name, fault = {}) => {
        const { live } = ways[name];
        delete ways[name];
        made.failed(name, { live, ...fault });
    };
    return { made, opened, ways, works, fails };
}

function testTimed(name, body) {
    test(name, () => {
        mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1000000 });
        try {
            body(mock.timers);
        } finally {
            mock.timers.reset();
        }
    });
}

testTimed("after two failures the next way is tried, and the better one again in five minutes", (timers) => {
    const { made, opened, ways, works, fails } = ladder();
    made.start();
    assert.deepEqual(opened, ["socket"]);
    fails("socket");
    timers.tick(10000);
    assert.deepEqual(opened, ["socket", "socket"]);
    fails("socket");
    assert.deepEqual(opened.slice(2), ["stream"]);
    works("stream");
    timers.tick(4 * MINUTE);
    assert.equal(opened.length, 3);
    timers.tick(MINUTE);
    assert.deepEqual(opened.slice(3), ["socket"]);
    assert.equal(made.live, ways.stream, "it serves until the better one does");
    works("socket");
    assert.equal(made.live, ways.socket);
    assert.equal(ways.stream, undefined);
    made.close();
});

testTimed("a way that is seen to be blocked is not tried twice", () => {
    const { made, opened, fails, works, ways } = ladder();
    made.start();
    fails("socket", { blocked: true });
    fails("stream", { blocked: true });
    works("longpoll");
    assert.deepEqual(opened, ["socket", "stream", "longpoll"]);
    assert.equal(made.live, ways.longpoll);
    made.close();
});

testTimed("a way that has worked is tried on, beside the next one", (timers) => {
    const { made, opened, ways, works, fails } = ladder({ names: ["socket", "stream"] });
    made.start();
    works("socket");
    fails("socket");
    for (let i = 0; i < 2; i++) {
        timers.tick(10000);
        fails("socket");
    }
    works("stream");
    assert.deepEqual(opened, ["socket", "socket", "socket", "stream"]);
    timers.tick(30000);
    assert.deepEqual(opened.slice(4), ["socket"]);
    works("socket");
    assert.equal(made.live, ways.socket);
    made.close();
});

testTimed("one that is cut now and then keeps its place", (timers) => {
    const { made, opened, works, fails } = ladder();
    made.start();
    fails("socket", { blocked: true });
    for (let i = 0; i < 4; i++) {
        works("stream");
        fails("stream");
        timers.tick(10000);
    }
    assert.deepEqual(opened, ["socket", ...Array(5).fill("stream")]);
    made.close();
});

testTimed("the server's word on when to come again is kept", (timers) => {
    const { made, opened, fails } = ladder();
    made.start();
    fails("socket", { retryAfterMs: 25000 });
    timers.tick(24999);
    assert.equal(opened.length, 1);
    timers.tick(1);
    assert.equal(opened.length, 2);
    made.close();
});

testTimed("the next page of the tab knows what is blocked, for five minutes", (timers) => {
    const memory = new Map();
    const first = ladder({ memory });
    first.made.start();
    first.fails("socket", { blocked: true });
    first.made.close();
    timers.tick(MINUTE);
    const second = ladder({ memory });
    second.made.start();
    assert.deepEqual(second.opened, ["stream"]);
    second.made.close();
    timers.tick(4 * MINUTE);
    const third = ladder({ memory });
    third.made.start();
    assert.deepEqual(third.opened, ["socket"]);
    third.made.close();
});

testTimed("a clock that was set back does not keep a way blocked", (timers) => {
    const memory = new Map([["rests", { socket: Date.now() + 100 * MINUTE }]]);
    const { made, opened } = ladder({ memory });
    made.start();
    timers.tick(5 * MINUTE);
    assert.ok(opened.includes("socket"));
    made.close();
});

testTimed("on another network everything is tried within a second; a look at the page leaves what is blocked", (timers) => {
    const { made, opened, ways, works, fails } = ladder();
    made.start();
    fails("socket", { blocked: true });
    works("stream");
    made.hurry(false);
    timers.tick(1000);
    assert.deepEqual(opened, ["socket", "stream"]);
    assert.equal(ways.stream.checks, 1);
    made.hurry(true);
    timers.tick(1000);
    assert.deepEqual(opened, ["socket", "stream", "socket"]);
    made.close();
});

testTimed("closed, it does nothing; started again, it begins at once", (timers) => {
    const { made, opened, ways, works } = ladder();
    made.start();
    works("socket");
    made.close();
    assert.deepEqual(ways, {});
    timers.tick(10 * MINUTE);
    made.hurry(true);
    assert.deepEqual(opened, ["socket"]);
    made.start();
    assert.deepEqual(opened, ["socket", "socket"]);
    made.close();
});

// Server-sent events.

function parse(...chunks) {
    const events = [];
    const parser = new EventParser((event) => events.push(event));
    chunks.forEach((chunk) => parser.feed(typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk));
    return events;
}

const data = (...chunks) => parse(...chunks).map((event) => event.data);

test("lines end with LF, CR or both, also where a chunk ends between them", () => {
    assert.deepEqual(data("data: a\n\ndata: b\r\rdata: c\r\n\r\n"), ["a", "b", "c"]);
    assert.deepEqual(data("data: a\r", "\n\r", "\n", "data: b\n\n"), ["a", "b"]);
    assert.deepEqual(data("data: a\r", "\r", "data: b\r", "\n", "\n"), ["a", "b"]);
});

test("an event counts when its empty line has come", () => {
    assert.deepEqual(data("data: a\n"), []);
    assert.deepEqual(data("data: a\n", "\n"), ["a"]);
    assert.deepEqual(data("\n\n\n"), []);
});

test("data of several lines, comments, fields unknown or without a value", () => {
    assert.deepEqual(data(": hello\ndata: one\ndata:two\ndata\ndata:  three\nother: x\nretry: 5\n\n"), ["one\ntwo\n\n three"]);
    assert.deepEqual(parse("event: e\nid: 7\ndata: a\n\ndata: b\n\nid: 8\0\ndata: c\n\nid\ndata: d\n\n"), [
        { type: "e", data: "a", id: "7" },
        { type: "message", data: "b", id: "7" },
        { type: "message", data: "c", id: "7" },
        { type: "message", data: "d", id: "" },
    ]);
});

test("wherever the bytes are cut, the same events come", () => {
    const bytes = new TextEncoder().encode('\uFEFFid: e general:4\r\ndata: {"a":"añ😀"}\r\n\r\n: ping\n\ndata: zwei\rdata: 😀\r\r');
    const whole = parse(bytes);
    assert.deepEqual(whole.map((event) => event.data), ['{"a":"añ😀"}', "zwei\n😀"]);
    for (let at = 1; at < bytes.length; at++) {
        assert.deepEqual(parse(bytes.subarray(0, at), bytes.subarray(at)), whole, `cut at ${at}`);
    }
    assert.deepEqual(parse(...Array.from(bytes, (byte) => Uint8Array.of(byte))), whole, "byte by byte");
});

test("an event without an end is not collected for ever", () => {
    const parser = new EventParser(() => {});
    const piece = new TextEncoder().encode(`data: ${"x".repeat(1 << 20)}\n`);
    assert.throws(() => {
        for (let i = 0; i < 20; i++) {
            parser.feed(piece);
        }
    }, RangeError);
});
