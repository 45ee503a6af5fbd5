// Searching in the page and without a script. The windows are judged by axe at both widths and in both schemes.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { onePerson, Person, ROOT, until } from "./lib.mjs";

const SHOTS = `${ROOT}/build/screenshots`;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

let stack;
let browser;
let ana;
let close;

before(async () => {
    mkdirSync(SHOTS, { recursive: true });
    const first = async (site) => {
        await site.post("Brent needle is through 80", { room: "energy", username: "marta" });
        for (let number = 1; number <= 60; number++) {
            await site.post(`Tape line ${number}`, { username: "kofi" });
        }
        await site.post("Filled 2,000 at 84.15 <b>bold</b>", { username: "marta" });
    };
    ({ stack, browser, ana, close } = await onePerson({ conf: { rate_address_burst: "5000", rate_session_burst: "500", rate_search_burst: "1000" }, first }));
});
after(() => close?.());

const found = (page) => page.$$eval(".sheet-search .found-text", (list) => list.map((text) => text.textContent));

async function finds(page, expected) {
    await until(async () => JSON.stringify(await found(page)) === JSON.stringify(expected), `finds ${expected}`, 60);
}

test("results come while one types, and one leads to its message among those around it", async () => {
    const { page } = ana;
    await page.focus("#log");
    await page.keyboard.press("/");
    await page.waitForSelector(".sheet-search");
    await page.keyboard.type("tape line 7");
    await finds(page, ["Tape line 7"]);
    assert.equal(await page.textContent(".sheet-search .found mark >> nth=0"), "Tape");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".msg-target");
    assert.equal(await page.textContent(".msg-target .msg-text"), "Tape line 7");
    assert.match(page.url(), /\/m\/\d+\/$/);
    await page.goBack();
    await ana.sees("Filled 2,000 at 84.15 <b>bold</b>");
    await page.waitForURL(stack.url);
    assert.deepEqual(ana.faults, []);
});

test("a message is found by the name of its file, which is shown with what was found in it", async () => {
    const { page } = ana;
    await page.setInputFiles(".composer-files", [{ name: "Margins Q3.csv", mimeType: "text/csv", buffer: Buffer.from("day,close\n1,2\n") }]);
    await page.fill("#composer-text", "as a table");
    await page.waitForSelector(".upload-name");
    await page.waitForSelector(".composer-send:not([disabled])");
    await page.press("#composer-text", "Enter");
    await ana.sees("as a table");
    await page.keyboard.press("Control+k");
    await page.fill(".search-text", "margins");
    await finds(page, ["as a table"]);
    assert.equal(await page.textContent(".sheet-search .found-file"), "Margins Q3.csv");
    assert.equal(await page.textContent(".sheet-search .found-file mark"), "Margins");
    await page.fill(".search-text", "tape line 7");
    await finds(page, ["Tape line 7"]);
    await page.keyboard.press("Escape");
    assert.deepEqual(ana.faults, []);
});

test("a result in another room opens that room; the question is kept for the next time", async () => {
    const { page } = ana;
    await page.keyboard.press("Control+k");
    await page.waitForSelector(".sheet-search");
    assert.equal(await page.inputValue(".search-text"), "tape line 7");
    await page.fill(".search-text", "needle");
    await finds(page, ["Brent needle is through 80"]);
    await page.check(".search-here input");
    await finds(page, []);
    await page.uncheck(".search-here input");
    await finds(page, ["Brent needle is through 80"]);
    await page.click(".found-link");
    await page.waitForFunction(() => document.getElementById("room-title").textContent === "Energy");
    await page.waitForSelector(".msg-target");
    await page.goBack();
    await page.waitForFunction(() => document.getElementById("room-title").textContent === "General");
    assert.deepEqual(ana.faults, []);
});

test("what is found is text, and a question without sense is answered with a sentence", async () => {
    const { page } = ana;
    await page.click(".open-search");
    await page.waitForSelector(".sheet-search");
    await page.fill(".search-text", "bold");
    await finds(page, ["Filled 2,000 at 84.15 <b>bold</b>"]);
    await page.fill(".search-text", "before:soon");
    await page.waitForFunction(() => document.querySelector(".search-summary").textContent.includes("takes a date"));
    await page.fill(".search-text", "nobody said this");
    await page.waitForFunction(() => document.querySelector(".search-summary").textContent === "Nothing was found.");
    await page.keyboard.press("Escape");
    await page.waitForSelector(".sheet-search", { state: "detached" });
});

test("without a script the same is found, on a page of its own", async () => {
    const bo = await Person.enter(browser, { options: { javaScriptEnabled: false } });
    await bo.open(stack.url);
    await bo.follow(".open-search");
    await bo.page.fill("#search-text", "needle");
    await bo.follow(".search-form button");
    await bo.page.waitForURL(/search\/\?q=needle/);
    assert.equal(await bo.page.textContent(".found-text"), "Brent needle is through 80");
    await bo.follow(".found-link");
    await bo.page.waitForURL(/\/m\/\d+\/#m\d+$/);
    assert.equal(await bo.page.textContent(".msg-target .msg-text"), "Brent needle is through 80");
    await bo.leave();
});

// Whatever a reader may meet: another page or window is one more line.
const SIGHTS = [
    ["chat", async () => {}],
    ["search-window", async (page) => {
        await page.keyboard.press("Control+k");
        await page.fill(".search-text", "tape");
        await page.waitForSelector(".found-link");
    }],
    ["keys", async (page) => {
        await page.focus("#log");
        await page.keyboard.press("?");
        await page.waitForSelector(".sheet-help");
    }],
    ["search-page", (page) => page.goto(`${stack.url}search/?q=tape`)],
    ["search-page-empty", (page) => page.goto(`${stack.url}search/`)],
    ["permalink", async (page) => {
        await page.goto(`${stack.url}search/?q=needle`);
        await page.click(".found-link");
    }],
];

async function judge(page, name) {
    await page.screenshot({ path: `${SHOTS}/${name}.png` });
    const { violations } = await page.evaluate(`${AXE}; axe.run({ resultTypes: ["violations"] })`);
    assert.deepEqual(violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.target).join(" | ")}`), [], name);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(wide <= 0, `${name} is ${wide} px too wide`);
}

for (const [width, height] of [[360, 740], [1280, 800]]) {
    for (const colorScheme of ["light", "dark"]) {
        test(`axe finds nothing of any level at ${width} px, ${colorScheme}`, async () => {
            const eve = await Person.enter(browser, { options: { viewport: { width, height }, colorScheme, reducedMotion: "reduce" } });
            await eve.join(stack.url, `eve-${width}-${colorScheme}`);
            for (const [name, show] of SIGHTS) {
                await eve.open(stack.url);
                await eve.linkIs("live");
                await show(eve.page);
                await judge(eve.page, `${name}-${width}-${colorScheme}`);
            }
            assert.deepEqual(eve.faults, []);
            await eve.leave();
        });
    }
}
