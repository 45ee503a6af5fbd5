// A room of which much was loaded: its rows stand in blocks that are left out of layout while they are far away,
// and yet all of them are there.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { holes, launch, Person, Stack, until } from "./lib.mjs";

const OLD = 230;
const NEW = 160;

let stack;
let browser;
let ana;

before(async () => {
    stack = await Stack.start({ conf: { rate_user_burst: "20000", rate_address_burst: "50000" } });
    browser = await launch();
    ana = await Person.enter(browser);
    await ana.join(stack.url, "ana");
    for (let i = 0; i < OLD; i++) {
        await stack.post(`old news ${i}.`, { username: i % 3 ? "marta" : "kofi" });
    }
    await ana.open(stack.url);
    await ana.linkIs("live");
});
after(async () => {
    await browser?.close();
    await stack?.stop();
});

// How much of each block is laid out: "near" or "far".
const blocks = () => ana.page.$$eval(".rows-settled", (all) =>
    all.map((block) => (block.firstElementChild.checkVisibility({ contentVisibilityAuto: true }) ? "near" : "far")));

// What stands where, as a room without blocks would have it.
const shape = () => ana.page.$$eval("#rows .msg, #rows .day", (all) =>
    all.map((node) => (node.matches(".day") ? "day" : node.matches(".msg-cont") ? "goes on" : "head")).join(" "));

const isInView = (text) => ana.page.evaluate((said) => {
    const log = document.getElementById("log").getBoundingClientRect();
    const row = [...document.querySelectorAll(".msg")].find((one) => one.textContent.includes(said));
    const at = row.getBoundingClientRect();
    return at.top >= log.top && at.bottom <= log.bottom;
}, text);

test("all of what was loaded is there, in order, and what is far is not laid out", async () => {
    await ana.page.evaluate(async () => {
        const log = document.getElementById("log");
        while (document.getElementById("log-older")) {
            log.scrollTop = -log.scrollHeight;
            await new Promise(requestAnimationFrame);
        }
        log.scrollTop = 0;
    });
    await until(async () => (await blocks()).filter((block) => block === "far").length >= 2, "blocks rest", 60);
    const rows = await ana.rows();
    assert.deepEqual(holes(rows), []);
    assert.equal(rows.filter((row) => row.text.startsWith("old news")).length, OLD);
    assert.equal((await shape()).match(/day/g).length, 1);
    assert.equal(await shape(), `day${Array.from({ length: OLD }, (_, i) => (i % 3 === 2 ? " goes on" : " head")).join("")}`);
});

test("a search of the browser's finds what is far, and a link leads there", async () => {
    assert.equal(await ana.page.evaluate(() => window.find("old news 7.")), true);
    assert.match(await ana.page.evaluate(() => getSelection().anchorNode.parentElement.closest(".msg").textContent), /old news 7\./);
    await ana.page.evaluate(() => (document.getElementById("log").scrollTop = 0));
    await until(() => isInView(`old news ${OLD - 1}.`), "the newest row is in view");
    await ana.page.evaluate(() => document.querySelector("#rows .msg:nth-child(5)").scrollIntoView());
    await until(async () => (await blocks())[0] === "near", "the oldest block is drawn again");
});

test("while the reader is at the lower end, new rows come in below, and those above them are gathered", async () => {
    await ana.page.evaluate(() => (document.getElementById("log").scrollTop = 0));
    const before = (await blocks()).length;
    for (let i = 0; i < NEW; i++) {
        await stack.post(`late news ${i}.`, { username: i % 3 ? "marta" : "kofi" });
    }
    await ana.sees(`late news ${NEW - 1}.`);
    await until(async () => (await blocks()).length > before, "newer rows stand in a block");
    assert.deepEqual(holes(await ana.rows()), []);
    assert.equal((await ana.rows()).length, OLD + NEW);
    assert.ok(await isInView(`late news ${NEW - 1}.`));
    assert.deepEqual(ana.faults, []);
});
