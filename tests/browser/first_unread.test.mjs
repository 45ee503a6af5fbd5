// Where the unread begin: the mark among the rows and the way to it, on entering a room, on coming back to a tab,
// and without scripts.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { onePerson, Person, roomState, ROOT, until } from "./lib.mjs";

const SHOTS = `${ROOT}/build/screenshots`;

let stack;
let browser;
let ana;
let close;

before(async () => {
    mkdirSync(SHOTS, { recursive: true });
    ({ stack, browser, ana, close } = await onePerson({ conf: { rate_address_burst: "5000", rate_user_burst: "5000", rate_session_burst: "500" } }));
});
after(() => close?.());

// The text of the row below each mark.
const marked = (page) =>
    page.$$eval("#rows .unread-mark", (marks) => marks.map((mark) => mark.nextElementSibling?.querySelector(".msg-text").textContent ?? null));
const barIsHidden = (page) => page.waitForSelector("#unread-bar", { state: "hidden" });

async function enter(person, slug) {
    await person.page.click(`.room[data-room="${slug}"]`);
    await person.page.waitForSelector(`.room[data-room="${slug}"][aria-current]`);
    await person.page.waitForSelector("#log:not([aria-busy])");
}

// Read to its end, on the server too.
async function readAll(person, slug) {
    await enter(person, slug);
    await until(async () => {
        const room = await roomState(person.page, slug);
        return room.last_read_seq >= room.seq;
    }, `${slug} is read`);
}

async function say(slug, texts) {
    for (const text of texts) {
        await stack.post(text, { room: slug, username: "kofi" });
    }
}

test("on entering a room a mark stands above what is new, stays while one reads, and is gone the next time", async () => {
    const { page } = ana;
    await say("energy", ["old one"]);
    await readAll(ana, "energy");
    await enter(ana, "general");
    await say("energy", ["new one", "new two", "new three"]);
    await ana.waitForUnread("energy", "3");
    await enter(ana, "energy");
    await ana.sees("new three");
    assert.deepEqual(await marked(page), ["new one"]);
    await barIsHidden(page);
    await say("energy", ["while reading"]);
    await ana.sees("while reading");
    await ana.say("my own word");
    await ana.sees("my own word");
    assert.deepEqual(await marked(page), ["new one"]);
    await enter(ana, "general");
    await enter(ana, "energy");
    await ana.sees("my own word");
    assert.deepEqual(await marked(page), []);
    assert.deepEqual(ana.faults, []);
});

test("what was taken away, and one's own, is not new", async () => {
    const token = await stack.token(8, "kofi");
    const headers = { Authorization: `Bearer ${token}` };
    await readAll(ana, "energy");
    await enter(ana, "general");
    const { id } = await stack.post("taken away", { room: "energy" }, headers);
    await ana.waitForUnread("energy", "1");
    await fetch(`${stack.origin}/api/stocks/chat/messages/${id}/`, { method: "DELETE", headers });
    await ana.waitForUnread("energy", "");
    await enter(ana, "energy");
    await ana.sees("This message was removed.");
    assert.deepEqual(await marked(ana.page), []);
    await barIsHidden(ana.page);
});

test("the first unread that is older than what was loaded is reached by a key, among those around it", async () => {
    const { page } = ana;
    await readAll(ana, "utilities");
    await say("utilities", ["before all"]);
    await readAll(ana, "utilities");
    await enter(ana, "general");
    await say("utilities", Array.from({ length: 80 }, (_, i) => `line ${i + 1}`));
    await ana.waitForUnread("utilities", "80");
    await enter(ana, "utilities");
    await ana.sees("line 80");
    await page.waitForSelector("#unread-bar:not([hidden])");
    assert.equal(await page.textContent("#unread-count"), "80 new messages");
    assert.deepEqual(await marked(page), []);
    await page.screenshot({ path: `${SHOTS}/unread-bar.png` });
    await page.focus("#composer-text");
    await page.keyboard.press("Shift+PageUp");
    await page.waitForSelector(".msg-target");
    assert.equal(await page.textContent(".msg-target .msg-text"), "line 1");
    assert.equal(await page.evaluate(() => document.activeElement.querySelector(".msg-text").textContent), "line 1");
    assert.deepEqual(await marked(page), ["line 1"]);
    assert.ok((await ana.texts()).includes("before all"));
    await barIsHidden(page);
    await page.screenshot({ path: `${SHOTS}/unread-first.png` });
    await page.click("#log-newer button");
    await ana.sees("line 80");
    await barIsHidden(page); // the reader was there
    assert.deepEqual(ana.faults, []);
});

test("scrolling up to the mark is the same as jumping there", async () => {
    const { page } = ana;
    await readAll(ana, "materials");
    await say("materials", ["before all"]);
    await readAll(ana, "materials");
    await enter(ana, "general");
    await say("materials", Array.from({ length: 70 }, (_, i) => `line ${i + 1}`));
    await ana.waitForUnread("materials", "70");
    await enter(ana, "materials");
    await page.waitForSelector("#unread-bar:not([hidden])");
    await until(async () => {
        await page.evaluate(() => document.getElementById("log").scrollBy(0, -400));
        return page.isHidden("#unread-bar");
    }, "the mark comes into view", 60);
    assert.deepEqual(await marked(page), ["line 1"]);
    assert.deepEqual(ana.faults, []);
});

test("on coming back to a tab what came meanwhile is marked, and a mark of before is gone", async () => {
    const { page } = ana;
    await readAll(ana, "energy");
    await ana.isInFront(false);
    await say("energy", ["came meanwhile"]);
    await ana.sees("came meanwhile");
    assert.deepEqual(await marked(page), []);
    await ana.isInFront(true);
    await until(async () => (await marked(page)).length > 0, "a mark");
    assert.deepEqual(await marked(page), ["came meanwhile"]);
    await until(async () => (await roomState(page, "energy")).unread === 0, "it is read");
    await ana.isInFront(false);
    await ana.isInFront(true);
    await until(async () => (await marked(page)).length === 0, "no mark");
    assert.deepEqual(ana.faults, []);
});

test("one click says that all is read", async () => {
    const { page } = ana;
    await readAll(ana, "industrials");
    await say("industrials", ["before all"]);
    await readAll(ana, "industrials");
    await enter(ana, "general");
    await say("industrials", Array.from({ length: 60 }, (_, i) => `line ${i + 1}`));
    await ana.waitForUnread("industrials", "60");
    await enter(ana, "industrials");
    await page.click("#unread-read button");
    await barIsHidden(page);
    await until(async () => (await roomState(page, "industrials")).unread === 0, "all is read");
});

test("without scripts the mark is on the page, a link leads to it, and a form says that all is read", async () => {
    await readAll(ana, "financials");
    await say("financials", ["before all"]);
    await readAll(ana, "financials");
    await enter(ana, "general");
    await say("financials", Array.from({ length: 70 }, (_, i) => `line ${i + 1}`));
    const state = await ana.context.storageState();
    const plain = await Person.enter(browser, { options: { javaScriptEnabled: false, storageState: state, viewport: { width: 360, height: 740 } } });
    const { page } = plain;
    await plain.open(stack.room("financials"));
    assert.equal(await page.textContent("#unread-count"), "70 new messages");
    await page.screenshot({ path: `${SHOTS}/unread-noscript.png` });
    await page.click("#unread-jump");
    await page.waitForURL(/\/m\/\d+\/#m\d+$/);
    assert.deepEqual(await marked(page), ["line 1"]);
    assert.equal(await page.textContent(".msg-target .msg-text"), "line 1");
    await plain.open(stack.room("financials"));
    await page.click("#unread-read button");
    await page.waitForURL(stack.room("financials"));
    await barIsHidden(page);
    await plain.leave();
});
