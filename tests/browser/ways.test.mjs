// A stream and the polls, one by one, against an API that does what a test says.

import assert from "node:assert/strict";
import { after, before, mock, test } from "node:test";
import { ApiError } from "../../static/js/api.js";
import { LongPoll } from "../../static/js/longpoll.js";
import { Poller } from "../../static/js/poller.js";
import { Stream } from "../../static/js/stream.js";

before(() => {
    globalThis.document = { visibilityState: "visible" };
    mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1000000 });
});
after(() => {
    mock.timers.reset();
    delete globalThis.document;
});

const settle = () => new Promise(setImmediate);

async function later(ms) {
    mock.timers.tick(ms);
    await settle();
}

// A stream, and what it says; each connection is in `opened`, to be written to.
async function openStream() {
    const opened = [];
    const said = [];
    let cursor = 0;
    const api = {
        open: (path, query, signal) =>
            new Promise((resolve, reject) => opened.push({ path, query, signal, resolve, reject })),
    };
    const stream = new Stream(
        api,
        {
            query: () => ({ rooms: `general:${cursor++}` }),
            welcome: (frame) => said.push(frame),
            frame: (frame) => said.push(frame),
            down: (fault) => said.push({ down: fault }),
        },
        25000,
    );
    await settle();
    return { stream, opened, said };
}

async function accept(connection) {
    let writer;
    const body = new ReadableStream({ start: (controller) => (writer = controller) });
    connection.resolve({ headers: new Headers({ "Content-Type": "text/event-stream" }), body });
    connection.write = async (frame) => {
        writer.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(frame)}\n\n`));
        await settle();
    };
    connection.end = async () => {
        writer.close();
        await settle();
    };
    await settle();
}

test("a stream is live from its welcome on, and hands on what comes", async () => {
    const { stream, opened, said } = await openStream();
    await accept(opened[0]);
    assert.equal(stream.live, false);
    await opened[0].write({ type: "welcome", heartbeat_ms: 10000 });
    assert.equal(stream.live, true);
    await opened[0].write({ type: "ping" });
    await opened[0].write({ type: "message", seq: 1 });
    assert.deepEqual(said.map((frame) => frame.type), ["welcome", "message"]);
    await later(24000);
    assert.equal(said.length, 2);
    await later(1000);
    assert.deepEqual(said[2], { down: { reason: "silent", live: true } });
    assert.equal(opened[0].signal.aborted, true);
    stream.drop();
});

test("a stream whose first event is held back for five seconds is blocked", async () => {
    const { opened, said } = await openStream();
    await accept(opened[0]);
    await later(4999);
    assert.deepEqual(said, []);
    await later(1);
    assert.deepEqual(said, [{ down: { blocked: true, live: false } }]);
});

test("the end of a stream says why: the server's code, the status, or nothing", async () => {
    const closed = await openStream();
    await accept(closed.opened[0]);
    await closed.opened[0].write({ type: "welcome" });
    await closed.opened[0].write({ type: "close", code: 4501, reason: "banned" });
    assert.deepEqual(closed.said[1], { down: { code: 4501, reason: "banned", live: true } });

    const ended = await openStream();
    await accept(ended.opened[0]);
    await ended.opened[0].write({ type: "welcome" });
    await ended.opened[0].end();
    assert.deepEqual(ended.said[1], { down: { reason: "ended", live: true } });

    const fault = async (error) => {
        const refused = await openStream();
        refused.opened[0].reject(error);
        await settle();
        return refused.said[0].down;
    };
    assert.equal((await fault(new ApiError(404, null))).blocked, true);
    assert.equal((await fault(new ApiError(403, null))).final, false, "a proxy's word is not the server's");
    assert.equal((await fault(new ApiError(403, { error: { code: "banned", message: "No." } }))).final, true);
    assert.equal((await fault(new ApiError(401, null))).status, 401);
    const busy = await fault(new ApiError(503, { error: { code: "busy", retry_after_ms: 4000 } }));
    assert.deepEqual([busy.blocked, busy.retryAfterMs], [false, 4000]);
    assert.equal((await fault(new ApiError(503, { error: { code: "too_many_connections" } }))).blocked, true);
});

test("somebody else's page in the place of a stream is no stream", async () => {
    const { opened, said } = await openStream();
    opened[0].resolve({ headers: new Headers({ "Content-Type": "text/html" }), body: new ReadableStream() });
    await settle();
    assert.equal(said[0].down.blocked, true);
});

test("asked anew, a stream opens once for all, with the cursors of then, and the old one is not heard", async () => {
    const { stream, opened, said } = await openStream();
    await accept(opened[0]);
    await opened[0].write({ type: "welcome" });
    stream.again();
    stream.again();
    await later(300);
    assert.deepEqual(opened.map(({ query }) => query.rooms), ["general:0", "general:1"]);
    assert.equal(opened[0].signal.aborted, true);
    await opened[0].write({ type: "message", seq: 9 });
    assert.equal(said.length, 1);
    assert.equal(stream.live, true);
    await accept(opened[1]);
    await opened[1].write({ type: "welcome" });
    await opened[1].write({ type: "message", seq: 2 });
    assert.deepEqual(said.slice(1).map((frame) => frame.type), ["welcome", "message"]);
    stream.drop();
    await opened[1].write({ type: "message", seq: 3 });
    await later(120000);
    assert.equal(said.length, 3, "and nothing after it was dropped");
});

// An API whose answers are given one by one: asked[i].answer(body) or .fail(error).
function polled() {
    const asked = [];
    const get = (path, query, signal) =>
        new Promise((resolve, reject) => {
            const given = (how) => async (value) => {
                how(value);
                await settle();
            };
            asked.push({ path, wait: query.wait, rooms: query.rooms, signal, answer: given(resolve), fail: given(reject) });
        });
    return { asked, api: { get } };
}

const nothing = { events: [], rooms: {}, more: false };

function pollerOf(api, mayWait) {
    const answers = [];
    const poller = new Poller(api, { mayWait, query: () => ({ rooms: "general:4,@me:1" }), answer: (body) => answers.push(body), failed: () => false });
    poller.start(0);
    return { poller, answers };
}

test("a poll that may not wait asks every two seconds, and less often for a while after failures", async () => {
    const { asked, api } = polled();
    const { poller } = pollerOf(api, false);
    await later(0);
    assert.equal(asked[0].wait, undefined);
    await asked[0].answer({ ...nothing, poll_after_ms: 2000 });
    assert.equal(poller.healthy, true);
    await later(1700);
    assert.equal(asked.length, 1);
    await later(700);
    assert.equal(asked.length, 2);
    await asked[1].fail(new ApiError(503, { error: { code: "busy", retry_after_ms: 9000 } }));
    assert.deepEqual([poller.healthy, poller.failures], [false, 1]);
    await later(8999);
    assert.equal(asked.length, 2);
    await later(1);
    assert.equal(asked.length, 3);
    poller.stop();
});

test("a poll that may wait finds out whether it can: at once, for a second, for twenty", async () => {
    const { asked, api } = polled();
    const { poller, answers } = pollerOf(api, true);
    await later(0);
    await asked[0].answer({ ...nothing, poll_after_ms: 2000 });
    await later(0);
    await later(1000);
    await asked[1].answer({ ...nothing, waited: true, poll_after_ms: 0 });
    assert.equal(poller.holding, true);
    await later(0);
    await later(20000);
    await asked[2].answer({ ...nothing, waited: true, poll_after_ms: 0 });
    await later(0);
    assert.deepEqual(asked.map(({ wait }) => wait), [0, 1, 20, 20]);
    assert.equal(answers.length, 3);
    // The server has no place for it any more: every few seconds then.
    await asked[3].answer({ ...nothing, waited: false, poll_after_ms: 3000 });
    assert.equal(poller.holding, false);
    await later(2600);
    assert.equal(asked.length, 4);
    await later(800);
    assert.equal(asked[4].wait, 1);
    poller.stop();
});

test("empty answers that come at once are not asked for at once", async () => {
    const { asked, api } = polled();
    const { poller } = pollerOf(api, true);
    await later(0);
    await asked[0].answer(nothing);
    for (let i = 1; i < 4; i++) {
        await later(1000);
        assert.equal(asked.length, i + 1);
        await asked[i].answer({ ...nothing, waited: true, poll_after_ms: 0 });
        await later(900);
        assert.equal(asked.length, i + 1);
    }
    poller.stop();
});

test("a poll says which read marks it knows, and after an answer with one it asks again at once", async () => {
    const { asked, api } = polled();
    const { poller } = pollerOf(api, true);
    await later(0);
    await asked[0].answer({ ...nothing, rooms: { general: { seq: 4, last_read_seq: 2 } } });
    await later(1000);
    assert.deepEqual(asked.map(({ rooms }) => rooms), ["general:4,@me:1", "general:4:2,@me:1"]);
    await asked[1].answer({ ...nothing, rooms: { general: { seq: 4, last_read_seq: 3 } }, waited: true });
    await later(0);
    assert.equal(asked[2].rooms, "general:4:3,@me:1");
    await asked[2].answer({ ...nothing, reads: [{ room: "general", up_to: 4 }], waited: true });
    await later(0);
    assert.equal(asked[3].rooms, "general:4:4,@me:1");
    poller.stop();
});

test("a poll that waits is let go where there is something new to ask, and its late answer is not heard", async () => {
    const { asked, api } = polled();
    const { poller, answers } = pollerOf(api, true);
    await later(0);
    await asked[0].answer(nothing);
    await later(0);
    await asked[1].answer({ ...nothing, waited: true, poll_after_ms: 0 });
    await later(1000);
    poller.soon();
    await later(0);
    assert.equal(asked.length, 3, "soon() leaves it alone");
    poller.again();
    await later(0);
    assert.equal(asked[2].signal.aborted, true);
    assert.equal(asked.length, 4);
    await asked[2].answer(nothing);
    assert.equal(answers.length, 2);
    poller.stop();
    await asked[3].answer(nothing);
    await later(60000);
    assert.equal(asked.length, 4);
});

test("an answer that never comes is given up, in the time that it may take", async () => {
    const { asked, api } = polled();
    const { poller } = pollerOf(api, true);
    await later(0);
    await later(14999);
    assert.equal(asked[0].signal.aborted, false);
    await later(1);
    assert.equal(asked[0].signal.aborted, true);
    poller.stop();
});

test("the long-poll is live from its first answer on, and is over with its first failure", async () => {
    const { asked, api } = polled();
    const said = [];
    const longpoll = new LongPoll(api, {
        query: () => ({ rooms: "general:4" }),
        welcome: () => said.push("welcome"),
        answer: () => said.push("answer"),
        resync: () => said.push("resync"),
        down: (fault) => said.push(fault),
    });
    await later(0);
    assert.equal(asked[0].path, "poll/");
    await asked[0].answer(nothing);
    assert.equal(longpoll.live, true);
    await later(0);
    await asked[1].fail(new ApiError(410, { error: { code: "resync" }, resync: [] }));
    assert.equal(longpoll.live, true);
    await later(2000);
    await asked[2].fail(new ApiError(502, null));
    assert.deepEqual(said.slice(0, 3), ["welcome", "answer", "resync"]);
    assert.deepEqual([said[3].status, said[3].live, said[3].blocked], [502, true, false]);
    await later(60000);
    assert.equal(asked.length, 3);
});
