// What a screen reader is told: the list speaks by itself, until too much comes at once.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Voice } from "../../static/js/voice.js";
import { onePerson, until } from "./lib.mjs";

class Log {
    spoken = true;
    setAttribute(name, value) {
        this.spoken = !(name === "aria-live" && value === "off");
    }
    removeAttribute() {
        this.spoken = true;
    }
}

function begin(t) {
    t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
    const [log, line] = [new Log(), { textContent: "" }];
    const voice = new Voice(log, line, () => "in Technology");
    const hear = (count) => Array.from({ length: count }).forEach(() => voice.hear());
    return { log, line, voice, hear, pass: (ms) => t.mock.timers.tick(ms) };
}

test("a few messages are read out by the list itself", (t) => {
    const { log, line, hear, pass } = begin(t);
    for (let i = 0; i < 20; i++) {
        hear(1);
        assert.ok(log.spoken);
        pass(1500);
    }
    assert.equal(line.textContent, "");
});

test("many are told as a number every few seconds, all of them, until it is quiet again", (t) => {
    const { log, line, hear, pass } = begin(t);
    hear(12);
    assert.ok(!log.spoken);
    assert.equal(line.textContent, "");
    pass(5000);
    assert.equal(line.textContent, "12 new messages in Technology");
    assert.ok(!log.spoken);
    hear(7);
    pass(5000);
    assert.equal(line.textContent, "7 new messages in Technology");
    hear(1);
    pass(5000);
    assert.equal(line.textContent, "1 new message in Technology");
    assert.ok(log.spoken);
    pass(5000);
    assert.equal(line.textContent, "");
    hear(5);
    assert.ok(!log.spoken);
    pass(5000);
    assert.equal(line.textContent, "5 new messages in Technology");
    pass(5000);
    assert.ok(log.spoken);
});

test("what is loaded is not spoken, busy or not", (t) => {
    const { log, voice, hear, pass } = begin(t);
    voice.hush(() => assert.ok(!log.spoken));
    pass(100);
    voice.hush(() => {});
    pass(450);
    assert.ok(!log.spoken);
    pass(50);
    assert.ok(log.spoken);
    hear(6);
    voice.hush(() => {});
    pass(600);
    assert.ok(!log.spoken);
});

test("another room begins in silence", (t) => {
    const { log, line, voice, hear, pass } = begin(t);
    hear(9);
    voice.reset();
    assert.ok(log.spoken);
    pass(20000);
    assert.equal(line.textContent, "");
});

let stack;
let ana;
let close;

before(async () => {
    const first = async (site) => {
        for (let i = 1; i <= 70; i++) {
            await site.post(`old ${i}`);
        }
    };
    ({ stack, ana, close } = await onePerson({ conf: { rate_address_burst: "9000", rate_user_burst: "9000", rate_user_per_minute: "60000" }, first }));
});
after(() => close?.());

// Of each row that comes into the list: its text, and what the live region around it says at that moment.
async function listen(page) {
    await page.evaluate(() => {
        globalThis.heard = [];
        globalThis.told = [];
        const note = (row) => heard.push([row.querySelector(".msg-text").textContent, row.closest("[aria-live]")?.getAttribute("aria-live") ?? "polite"]);
        const isRow = (node) => node.nodeType === Node.ELEMENT_NODE && node.matches(".msg, .rows-block");
        new MutationObserver((changes) => {
            const added = changes.flatMap((change) => [...change.addedNodes]).filter(isRow);
            added.flatMap((node) => (node.matches(".msg") ? [node] : [...node.querySelectorAll(".msg")])).forEach(note);
        }).observe(document.getElementById("rows"), { childList: true, subtree: true });
        new MutationObserver(() => told.push(document.getElementById("digest").textContent))
            .observe(document.getElementById("digest"), { childList: true, characterData: true, subtree: true });
    });
}

const heardOf = (page, text) => page.evaluate((wanted) => [...new Set(globalThis.heard.filter(([one]) => one === wanted).map(([, live]) => live))], text);

test("in the page: others are read out, one's own and what is loaded are not, and a rush is a number", async () => {
    const { page } = ana;
    await page.waitForFunction(() => !document.getElementById("log").hasAttribute("aria-live"));
    await listen(page);
    await stack.post("by somebody else");
    await ana.sees("by somebody else");
    assert.deepEqual(await heardOf(page, "by somebody else"), ["polite"]);
    await ana.say("by myself");
    await ana.sees("by myself");
    assert.deepEqual(await heardOf(page, "by myself"), ["off"]);
    await until(async () => {
        await page.evaluate(() => document.getElementById("log").scrollBy(0, -400));
        return (await ana.texts()).includes("old 1");
    }, "the oldest is loaded", 60);
    assert.deepEqual(await heardOf(page, "old 1"), ["off"]);
    await page.evaluate(() => document.getElementById("log").scrollTo(0, 0));
    await until(async () => {
        await Promise.all(Array.from({ length: 15 }, () => stack.post("rush")));
        return page.evaluate(() => globalThis.told.some((words) => /^\d+ new messages in General$/.test(words)));
    }, "a digest", 120);
    assert.ok((await heardOf(page, "rush")).includes("off"));
    assert.deepEqual(ana.faults, []);
});
