// What one page does for its reader: sending, drafts, history, rooms, and staying harmless.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { holes, onePerson, Person, roomState, until } from "./lib.mjs";

let stack;
let browser;
let ana;
let close;

before(async () => {
    ({ stack, browser, ana, close } = await onePerson({ conf: { rate_user_burst: "20000", rate_address_burst: "50000" } }));
});
after(() => close?.());
beforeEach(async () => {
    await ana.open(stack.url);
    await ana.linkIs("live");
});

const pendingTexts = (person) =>
    person.page.$$eval('.msg[data-seq=""] .msg-text', (rows) => rows.map((row) => row.textContent));

const times = async (person, text) => (await person.texts()).filter((one) => one === text).length;

// A test of a page that posts by HTTP; create() answers for messages/create/.
function testPosting(name, body) {
    test(name, async () => {
        const person = await ana.apart(browser);
        try {
            let create = (route) => route.continue();
            await person.page.route("**/messages/create/", (route) => create(route));
            await person.open(stack.url);
            await body(person, (handler) => {
                create = handler;
            });
            assert.deepEqual(person.faults, []);
        } finally {
            await person.leave();
        }
    });
}

testPosting("a message is there at once, grey, and becomes the stored one", async (person, onCreate) => {
    let letGo;
    const held = new Promise((resolve) => {
        letGo = resolve;
    });
    onCreate(async (route) => {
        await held;
        await route.continue();
    });
    await person.say("on its way");
    await person.page.waitForSelector('.msg-pending[data-seq=""]');
    letGo();
    await person.sees("on its way");
    assert.equal(await times(person, "on its way"), 1);
    assert.equal(await person.page.$(".msg-pending"), null);
});

testPosting("an unsent message survives a reload and is sent once", async (person, onCreate) => {
    onCreate((route) => route.abort());
    await person.say("written before a reload");
    await person.page.waitForSelector(".msg-pending");
    await person.reload();
    await person.page.waitForSelector(".msg-pending");
    assert.deepEqual(await pendingTexts(person), ["written before a reload"]);
    onCreate((route) => route.continue());
    await person.reload();
    await person.sees("written before a reload");
    await person.reload();
    assert.equal(await times(person, "written before a reload"), 1);
    assert.deepEqual(await pendingTexts(person), []);
});

testPosting("a message whose answer was lost is not doubled", async (person, onCreate) => {
    let lost = 0;
    onCreate(async (route) => {
        const answer = await route.fetch();
        await (lost++ === 0 ? route.abort() : route.fulfill({ response: answer }));
    });
    await person.say("its answer was lost");
    await person.sees("its answer was lost");
    const stored = (await stack.get("messages/?room=general")).messages;
    assert.equal(stored.filter((message) => message.message === "its answer was lost").length, 1);
    assert.equal(await times(person, "its answer was lost"), 1);
});

testPosting("a refused message stays with its reason, can be tried again or taken back", async (person, onCreate) => {
    const refusal = { error: { code: "blocked", message: "Not that word.", retryable: false } };
    const refuse = (route) => route.fulfill({ status: 422, json: refusal });
    onCreate(refuse);
    await person.say("first try");
    await person.page.waitForSelector(".msg-failed");
    assert.match(await person.page.textContent(".msg-failed .msg-state"), /Not that word\./);
    onCreate((route) => route.continue());
    await person.page.click(".msg-failed [data-action=retry]");
    await person.sees("first try");

    onCreate(refuse);
    await person.say("second thoughts");
    await person.page.click(".msg-failed [data-action=discard]");
    assert.equal(await person.page.inputValue("#composer-text"), "second thoughts");
    assert.deepEqual(await pendingTexts(person), []);
});

testPosting("a server that asks for patience is given it, and then has the message", async (person, onCreate) => {
    let asked = 0;
    const patience = { error: { code: "rate_limited", message: "Slow down.", retryable: true, retry_after_ms: 700 } };
    onCreate((route) => (asked++ === 0 ? route.fulfill({ status: 429, json: patience }) : route.continue()));
    await person.say("a little later");
    await person.page.waitForSelector(".msg-pending .msg-state");
    await person.sees("a little later");
});

test("what is written while there is no connection goes out when it is back", async () => {
    await ana.context.setOffline(true);
    await stack.tell("kill-sidecar");
    await ana.say("from the tunnel");
    await ana.page.waitForSelector(".msg-pending");
    await ana.linkIs("offline");
    await ana.context.setOffline(false);
    await stack.tell("start-sidecar");
    await ana.sees("from the tunnel", 40000);
});

test("Enter sends, Shift+Enter breaks the line, an input method keeps its Enter", async () => {
    const box = ana.page.locator("#composer-text");
    await box.fill("one");
    await box.press("Shift+Enter");
    await box.pressSequentially("two");
    assert.equal(await box.inputValue(), "one\ntwo");
    await box.evaluate((element) => {
        element.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", isComposing: true, bubbles: true, cancelable: true }));
    });
    assert.equal(await box.inputValue(), "one\ntwo");
    await box.press("Enter");
    assert.equal(await box.inputValue(), "");
    await ana.sees("one\ntwo");
});

test("near the limit the box counts, and past it refuses", async () => {
    const meta = () => ana.page.textContent(".composer-meta");
    await ana.page.fill("#composer-text", "x".repeat(1000));
    assert.equal(await meta(), "");
    await ana.page.fill("#composer-text", "😀".repeat(1990));
    assert.equal(await meta(), "10 left");
    await ana.page.fill("#composer-text", "x".repeat(2003));
    assert.equal(await meta(), "3 over the limit");
    assert.equal(await ana.page.isDisabled(".composer-send"), true);
    await ana.page.press("#composer-text", "Enter");
    assert.equal((await ana.page.inputValue("#composer-text")).length, 2003);
    await ana.page.fill("#composer-text", "");
});

test("each room keeps its own draft, over a reload too", async () => {
    await ana.page.fill("#composer-text", "for general");
    await ana.page.click('.room[data-room="energy"]');
    await ana.page.waitForURL(stack.room("energy"));
    assert.equal(await ana.page.inputValue("#composer-text"), "");
    await ana.page.fill("#composer-text", "for energy");
    await ana.reload();
    assert.equal(await ana.page.inputValue("#composer-text"), "for energy");
    await ana.page.fill("#composer-text", "");
    await ana.page.click('.room[data-room="general"]');
    await ana.page.waitForFunction(() => document.getElementById("composer-text").value === "for general");
    await ana.page.fill("#composer-text", "");
});

test("rooms change without a reload, and the way back works", async () => {
    await stack.post("news from energy", { room: "energy" });
    await stack.post("Hello again");
    await ana.page.evaluate(() => {
        window.stillHere = true;
    });
    await ana.page.click('.room[data-room="energy"]');
    await ana.sees("news from energy");
    assert.equal(await ana.page.textContent("#room-title"), "Energy");
    assert.match(await ana.page.title(), /^Energy · /);
    await stack.post("more from energy", { room: "energy" });
    await ana.sees("more from energy");
    await ana.page.goBack();
    await ana.page.waitForURL(stack.url);
    await ana.sees("Hello again");
    assert.equal(await ana.page.evaluate(() => window.stillHere), true);
    assert.ok(!(await ana.texts()).includes("more from energy"));
    await stack.post("after coming back");
    await ana.sees("after coming back");
    assert.deepEqual(holes(await ana.rows()), []);
});

test("unread messages are counted live, and are gone once read, here and after a reload", async () => {
    await ana.page.click('.room[data-room="utilities"]');
    await ana.page.waitForURL(stack.room("utilities"));
    await ana.page.click('.room[data-room="general"]');
    await ana.page.waitForURL(stack.room("general"));
    await stack.post("one", { room: "utilities" });
    await ana.waitForUnread("utilities", "1");
    await stack.post("two", { room: "utilities" });
    await ana.waitForUnread("utilities", "2");
    // Marks are said at most once in two seconds.
    await until(async () => (await roomState(ana.page, "utilities")).unread === 2, "the server counts from the mark");
    await ana.reload();
    assert.equal(await ana.unread("utilities"), "2");
    await ana.linkIs("live");
    assert.equal(await ana.unread("utilities"), "2");
    await ana.page.click('.room[data-room="utilities"]');
    await ana.sees("two");
    await ana.waitForUnread("utilities", "");
    const other = await ana.context.newPage();
    await other.goto(stack.url);
    await until(async () => (await roomState(other, "utilities")).unread === 0, "the server knows");
    await other.close();
});

test("older messages come in on scrolling up, and what is being read does not move", async () => {
    for (let i = 0; i < 130; i++) {
        await stack.post(`old news ${i}`, { room: "materials" });
    }
    await ana.open(stack.room("materials"));
    await ana.linkIs("live");
    const loaded = (await ana.rows()).length;
    const before = await ana.page.evaluate(() => {
        const log = document.getElementById("log");
        log.scrollTop = -(log.scrollHeight - log.clientHeight - 200);
        const row = [...document.querySelectorAll(".msg")].find((one) => one.getBoundingClientRect().top > 80);
        return { id: row.id, top: row.getBoundingClientRect().top };
    });
    await ana.page.waitForFunction((count) => document.querySelectorAll(".msg").length > count, loaded);
    const topOf = () => ana.page.evaluate((id) => document.getElementById(id).getBoundingClientRect().top, before.id);
    assert.equal(await topOf(), before.top);

    await stack.post("while reading above", { room: "materials" });
    await ana.page.waitForSelector(".pill:not([hidden])");
    assert.equal(await ana.page.textContent(".pill"), "1 new message");
    assert.ok(Math.abs((await topOf()) - before.top) < 1);
    await ana.page.click(".pill");
    await ana.page.waitForSelector(".pill", { state: "hidden" });

    await ana.page.evaluate(async () => {
        const log = document.getElementById("log");
        while (document.getElementById("log-older")) {
            log.scrollTop = -log.scrollHeight;
            await new Promise(requestAnimationFrame);
        }
    });
    const rows = await ana.rows();
    assert.deepEqual(holes(rows), []);
    assert.equal(rows.filter((row) => row.text.startsWith("old news")).length, 130);
});

test("a page that loads while messages pour in shows each once and in order", async () => {
    let pouring = true;
    let count = 0;
    const pour = async () => {
        while (pouring) {
            await stack.post(`poured ${count++}`, { room: "industrials" });
            await pause(20); // a busy room's stream, not all that this machine can
        }
    };
    const pourers = [pour(), pour()];
    try {
        for (let i = 0; i < 15; i++) {
            await ana.open(stack.room("industrials"));
            const first = Number(await ana.page.evaluate(() => JSON.parse(document.getElementById("app").dataset.config).seq));
            await ana.page.waitForFunction(
                (seq) => Number([...document.querySelectorAll(".msg")].at(-1)?.dataset.seq) > seq + 5,
                first,
            );
            assert.deepEqual(holes(await ana.rows()), []);
        }
    } finally {
        pouring = false;
        await Promise.all(pourers);
    }
    await ana.sees(`poured ${count - 1}`);
    assert.deepEqual(holes(await ana.rows()), []);
});

test("the reader at the bottom stays at the bottom", async () => {
    for (let i = 0; i < 5; i++) {
        await stack.post(`a line of some length, number ${i}`);
    }
    await ana.sees("a line of some length, number 4");
    const gap = await ana.page.evaluate(() => {
        const foot = document.getElementById("chat-foot").getBoundingClientRect().top;
        return foot - [...document.querySelectorAll(".msg")].at(-1).getBoundingClientRect().bottom;
    });
    assert.ok(gap >= 0 && gap < 60, `${gap} px between the last row and the foot`);
});

test("rows of one author stand under one head, and a day has a divider", async () => {
    await ana.page.click('.room[data-room="financials"]');
    await ana.page.waitForURL(stack.room("financials"));
    await ana.say("first");
    await ana.say("second");
    await ana.sees("second");
    await stack.post("other", { room: "financials" });
    await ana.sees("other");
    const shape = () => ana.page.$$eval(".rows > *", (rows) => rows.map((row) => (row.matches(".day") ? "day" : row.matches(".msg-cont") ? "goes on" : "head")));
    await ana.page.waitForFunction(() => document.querySelectorAll('.msg:not([data-seq=""])').length === 3);
    assert.deepEqual(await shape(), ["day", "head", "goes on", "head"]);
    await ana.reload();
    assert.deepEqual((await shape()).filter((what) => what !== "day"), ["head", "goes on", "head"]);
});

test("the page's own rows are kept, not drawn again", async () => {
    await stack.post("in the HTML");
    await ana.page.addInitScript(() => {
        addEventListener("DOMContentLoaded", () => {
            window.first = [...document.querySelectorAll(".msg")];
        });
    });
    await ana.reload();
    await ana.linkIs("live");
    assert.ok(await ana.page.evaluate(() => window.first.length > 0 && window.first.every((row) => row.isConnected)));
});

test("hostile names and messages are text, and run nothing", async () => {
    const hostile = [
        "<script>alert(1)</script>",
        '<img src=x onerror="alert(1)">',
        '"><svg onload=alert(1)>',
        "javascript:alert(1)",
        "</textarea><script>alert(1)</script>",
        "{{config}} {{{message}}} ${alert(1)}",
        "<!-- </div><style>*{display:none}</style>",
        "https://example.com/\"onmouseover=alert(1)//",
        "\u202Eevil\u202C \u2028 \u2029 end",
        "<a href='javascript:alert(1)'>x</a>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
    ];
    await ana.page.evaluate(() => {
        window.ran = 0;
        window.alert = () => window.ran++;
    });
    for (const text of hostile) {
        await stack.post(text);
        await ana.sees(text);
    }
    assert.equal(await ana.page.evaluate(() => window.ran), 0);
    await ana.reload();
    const texts = await ana.texts();
    for (const text of hostile) {
        assert.ok(texts.includes(text), text);
    }
    const made = await ana.page.$$eval(".msg-text *", (nodes) => nodes.map((node) => `${node.localName} ${node.getAttribute("href")}`));
    assert.ok(made.every((node) => /^a https?:\/\/[^"'<>]+$/.test(node)), made.join("\n"));
    const guest = await Person.enter(browser);
    await guest.open(stack.url);
    await guest.page.fill("#join-name", "<img src=x>");
    await guest.page.click("#join button");
    await guest.page.waitForSelector(".join-error:not(:empty)");
    assert.deepEqual(guest.faults, []);
    await guest.leave();
});

test("a guest's name is asked for once and offered again", async () => {
    assert.equal(await ana.page.$("#join"), null);
    await ana.reload();
    assert.equal(await ana.page.$("#join"), null);
    const cookies = await ana.context.cookies();
    await ana.context.clearCookies();
    await ana.reload();
    assert.equal(await ana.page.inputValue("#join-name"), "ana");
    await ana.context.addCookies(cookies);
    await ana.reload();
    assert.ok(await ana.page.$("#composer"));
});

test("an older page opened by its address leads back to the newest rows", async () => {
    await ana.open(`${stack.room("materials")}?before=60`);
    await ana.linkIs("live");
    assert.ok(!(await ana.texts()).includes("old news 129"));
    await stack.post("live while paging", { room: "materials" });
    await ana.page.click('.room[data-room="materials"]');
    await ana.sees("live while paging");
    assert.deepEqual(holes(await ana.rows()), []);
});

test("nothing went wrong in the page", () => {
    assert.deepEqual(ana.faults, []);
});
