// Nobody is left out. axe on every page and in every window, by a list that must name each window of the client;
// the whole job by keyboard alone; forced colours, paper, right to left, 400 % zoom, and pictures that come late.

import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { launch, Person, ROOT, Stack, until } from "./lib.mjs";

const SHOTS = `${ROOT}/build/screenshots`;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PIXEL = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==", "base64");
const SHOWN = "An answer that was edited";
const HEBREW = "המחיר הוא $84.15 (עלייה של 2%)";
const ARABIC = "السعر 84.15 دولار, XLE +2%";

let stack;
let browser;
let tokens;

const api = (path) => `${stack.origin}/api/stocks/chat/${path}`;

async function ask(who, method, path, body) {
    const answer = await fetch(api(path), {
        method,
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${tokens[who]}` },
        body: body && JSON.stringify(body),
    });
    assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
    return answer.status === 204 ? null : answer.json();
}

const write = async (who, message, fields = {}) => (await ask(who, "POST", "messages/create/", { message, ...fields })).message;

before(async () => {
    stack = await Stack.start({ conf: { browser_token: "cookie:host", rate_address_burst: "9000", rate_user_burst: "9000", rate_search_burst: "2000" } });
    browser = await launch();
    mkdirSync(SHOTS, { recursive: true });
    tokens = { ana: await stack.token(1, "ana"), ben: await stack.token(2, "ben"), mod: await stack.token(3, "mia", "moderator") };
    await write("ana", "good morning", { room: "utilities" });
    await ask("mod", "GET", "me/");
    for (let i = 1; i <= 60; i++) {
        await write("ben", `Tape line ${i}`);
    }
    await show();
});
after(async () => {
    await browser?.close();
    await stack?.stop();
});

// What there is to be seen: an answer that was edited, with reactions of both; a picture; writing from the right.
async function show() {
    const asked = await write("ben", "A question");
    const answer = await write("ana", "An answer", { reply_to: asked.id });
    await ask("ana", "PATCH", `messages/${answer.id}/`, { message: SHOWN, rev: 1 });
    await ask("ana", "PUT", `messages/${answer.id}/reactions/${encodeURIComponent("👍")}/`);
    await ask("ben", "PUT", `messages/${answer.id}/reactions/${encodeURIComponent("🎉")}/`);
    const form = new FormData();
    form.append("message", "A picture");
    form.append("file", new Blob([PIXEL], { type: "image/png" }), "dot.png");
    const sent = await fetch(api("messages/create/"), { method: "POST", headers: { Authorization: `Bearer ${tokens.ben}` }, body: form });
    assert.ok(sent.ok, `a picture: ${sent.status}`);
    await write("ben", HEBREW);
    await write("ben", ARABIC);
    await write("ben", "and in English: 84.15 (+2%)");
    await write("ben", "@ana, see https://example.com/");
    return asked;
}

async function sit(who, options = {}) {
    const person = await Person.enter(browser, { options, cookies: [{ name: "host", value: tokens[who], url: stack.origin }] });
    await person.open(stack.url);
    await person.linkIs("live");
    return person;
}

async function judge(page, name) {
    await page.screenshot({ path: `${SHOTS}/${name}.png` });
    const { violations } = await page.evaluate(`${AXE}; axe.run({ resultTypes: ["violations"] })`);
    assert.deepEqual(violations.map((one) => `${one.id}: ${one.nodes.map((node) => `${node.target} ${node.failureSummary}`).join(" | ")}`), [], name);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(wide <= 0, `${name} is ${wide} px too wide`);
}

// ----- axe -----

const last = (page, text) => page.locator(`.msg:has(.msg-text:text-is("${text}"))`).last();

async function openMenu(page, text) {
    const row = last(page, text);
    await row.evaluate((node) => {
        node.tabIndex = -1;
        node.focus();
    });
    await page.keyboard.press("Enter");
    await page.waitForSelector(".sheet-menu");
}

async function choose(page, text, item) {
    await openMenu(page, text);
    await page.click(`.sheet-menu button:text-is("${item}")`);
}

// Each window by the name that openDialog() is given, and how it is opened; at the start the page is the chat.
const WINDOWS = {
    account: null, // where only scripts hold the token: tests/browser/account.test.mjs; the page is judged below
    revisions: (page) => choose(page, SHOWN, "Earlier versions"),
    emoji: (page) => page.click(".composer-emoji"),
    help: async (page) => {
        await page.focus("#log");
        await page.keyboard.press("?");
    },
    picture: (page) => page.click(".file-image"),
    mentions: async (page, narrow) => {
        await (narrow && page.click(".open-rooms"));
        await page.click("#mentions");
    },
    menu: (page) => openMenu(page, SHOWN),
    new: async (page, narrow) => {
        await (narrow && page.click(".open-rooms"));
        await page.click("#new-room");
    },
    notify: async (page, narrow) => {
        await (narrow && page.click(".open-rooms"));
        await page.click("#notify");
    },
    card: (page) => choose(page, "Tape line 60", "About this person"),
    about: (page) => page.click("#room-about"),
    search: async (page) => {
        await page.keyboard.press("Control+k");
        await page.fill(".search-text", "tape");
        await page.waitForSelector(".found-link");
    },
    confirm: (page) => choose(page, SHOWN, "Delete"),
};

test("every window that the client opens is in the list", () => {
    const folder = `${ROOT}/static/js`;
    const names = readdirSync(folder)
        .filter((file) => file.endsWith(".js"))
        .flatMap((file) => [...readFileSync(`${folder}/${file}`, "utf8").matchAll(/openDialog\("(\w+)"/g)].map(([, name]) => name));
    assert.deepEqual([...new Set(names)].sort(), Object.keys(WINDOWS).sort());
});

const PAGES = {
    "search-page": () => "search/?q=tape",
    "search-page-empty": () => "search/",
    thread: ({ asked }) => `t/${asked}/`,
    permalink: ({ answer }) => `m/${answer}/`,
    account: () => "me/",
    mentions: () => "mentions/",
    room: () => "r/general/about/",
    person: () => "u/2/",
    new: () => "new/",
    missing: () => "r/nowhere/",
};

// Each width and each scheme once; all four in the long form.
const LONG = process.env.OUTCRY_LONG === "1";

for (const [width, height] of [[360, 740], [1280, 800]]) {
    for (const colorScheme of LONG ? ["light", "dark"] : [width === 360 ? "dark" : "light"]) {
        const look = `${width}-${colorScheme}`;
        test(`axe finds nothing of any level on any page or window: ${look}`, { timeout: 400000 }, async () => {
            const person = await sit("ana", { viewport: { width, height }, colorScheme, reducedMotion: "reduce" });
            const { page } = person;
            await person.sees(SHOWN);
            const ids = await page.evaluate((shown) => {
                const answer = [...document.querySelectorAll(".msg")].find((row) => row.querySelector(".msg-text").textContent === shown);
                return { answer: answer.dataset.id, asked: answer.querySelector("a.msg-quote").dataset.id };
            }, SHOWN);
            await judge(page, `access-${look}-chat`);
            for (const [name, open] of Object.entries(WINDOWS).filter(([, way]) => way)) {
                await open(page, width < 768);
                await page.waitForSelector(`.sheet-${name}[open]`);
                await judge(page, `access-${look}-window-${name}`);
                await (name === "emoji" ? page.evaluate(() => document.querySelector("dialog[open]").close("")) : page.keyboard.press("Escape"));
                await page.waitForSelector(`.sheet-${name}`, { state: "detached" });
                await page.waitForSelector("#rooms .panel-close", { state: "hidden" }); // the drawer is shut, too
            }
            await page.click(`.msg[data-id="${ids.asked}"] .msg-replies`);
            await page.waitForSelector("#thread .msg");
            await judge(page, `access-${look}-panel-thread`);
            for (const [name, path] of Object.entries(PAGES)) {
                await person.open(`${stack.url}${path(ids)}`);
                await judge(page, `access-${look}-page-${name}`);
            }
            assert.deepEqual(person.faults, []);
            await person.leave();
        });
    }
}

// ----- other ways to see -----

test("in forced colours nothing is told by a ground alone", async () => {
    const person = await sit("ana", { forcedColors: "active", reducedMotion: "reduce" });
    const { page } = person;
    await person.sees(SHOWN);
    const css = (selector, property, pseudo) =>
        page.$eval(selector, (node, [name, part]) => getComputedStyle(node, part).getPropertyValue(name), [property, pseudo]);
    const ground = await css("body", "background-color");
    assert.notEqual(await css('.chip[aria-pressed="true"]', "background-color"), await css('.chip[aria-pressed="false"]', "background-color"));
    assert.notEqual(await css(".room[aria-current]", "background-color"), await css(".room:not([aria-current])", "background-color"));
    assert.notEqual(await css(".day", "background-color", "::before"), ground);
    assert.notEqual(await css(".link-dot", "background-color"), ground);
    for (const selector of [".avatar", ".chip"]) {
        assert.equal(await css(selector, "border-top-style"), "solid", selector);
    }
    await ask("ana", "PUT", "rooms/energy/read/", { up_to: 1 });
    await write("ben", "more", { room: "energy" });
    await person.waitForUnread("energy", "1");
    assert.equal(await css('.room[data-room="energy"] .room-unread', "border-top-style"), "solid");
    await page.focus("#room-about");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle), "solid");
    await page.screenshot({ path: `${SHOTS}/forced-colors.png` });
    await person.leave();
});

test("on paper there is the conversation, all of it, and nothing else", async () => {
    const person = await sit("ana");
    const { page } = person;
    await person.sees(SHOWN);
    await page.emulateMedia({ media: "print" });
    for (const selector of ["#rooms", "#online", "#composer", "#room-about", ".msg-more"]) {
        assert.equal(await page.locator(selector).first().isVisible(), false, selector);
    }
    const cut = await page.$eval("#log", (log) => getComputedStyle(log).overflowY !== "visible" || log.scrollHeight > log.clientHeight + 1);
    assert.equal(cut, false);
    const heights = await page.$$eval(".msg", (rows) => rows.map((row) => row.getBoundingClientRect().height));
    assert.ok(heights.length >= 50 && heights.every((height) => height > 0));
    const tops = await page.$$eval(".msg", (rows) => rows.map((row) => row.getBoundingClientRect().top));
    assert.deepEqual(tops, [...tops].sort((a, b) => a - b));
    assert.ok((await page.evaluate(() => document.documentElement.scrollHeight)) > 1000);
    await page.screenshot({ path: `${SHOTS}/print.png`, fullPage: true });
    await person.leave();
});

test("each message runs in its own direction, and so do names and quotes", async () => {
    const person = await sit("ben");
    const { page } = person;
    await person.say("שלום, מה דעתכם?");
    await person.sees("שלום, מה דעתכם?");
    const direction = (text) => last(page, text).locator(".msg-text").evaluate((node) => getComputedStyle(node).direction);
    assert.deepEqual(await Promise.all([HEBREW, ARABIC, "and in English: 84.15 (+2%)", "שלום, מה דעתכם?"].map(direction)), ["rtl", "rtl", "ltr", "rtl"]);
    await choose(page, HEBREW, "Reply");
    await page.fill("#composer-text", "In answer");
    await page.press("#composer-text", "Enter");
    await person.sees("In answer");
    const quote = last(page, "In answer").locator(".quote-text");
    assert.equal(await quote.evaluate((node) => getComputedStyle(node).direction), "rtl");
    await page.fill("#composer-text", "כן");
    assert.equal(await page.$eval("#composer-text", (box) => getComputedStyle(box).direction), "rtl");
    await page.screenshot({ path: `${SHOTS}/right-to-left.png` });
    await page.fill("#composer-text", "");
    await person.leave();
});

test("at 400 % one reads and writes without scrolling in two directions", async () => {
    const person = await sit("ana", { viewport: { width: 320, height: 256 } });
    const { page } = person;
    await person.sees(SHOWN);
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 320);
    await page.focus("#composer-text");
    await page.keyboard.type("Written at 400 %");
    const inSight = (selector) =>
        page.$eval(selector, (node) => {
            const { top, bottom, left, right } = node.getBoundingClientRect();
            return top >= 0 && left >= 0 && bottom <= innerHeight && right <= innerWidth;
        });
    assert.ok(await inSight("#composer-text"));
    assert.ok(await inSight(".composer-send"));
    await page.screenshot({ path: `${SHOTS}/zoom-400.png` });
    await page.keyboard.press("Enter");
    await person.sees("Written at 400 %");
    const height = await page.$eval("#log", (log) => log.clientHeight);
    assert.ok(height >= 64, `rows are to be seen, not ${height} px`);
    for (const path of ["search/?q=tape", "me/", "new/"]) {
        await person.open(`${stack.url}${path}`);
        assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 320, path);
    }
    await person.leave();
});

test("a picture that comes late moves nothing", async () => {
    const person = await Person.enter(browser, { cookies: [{ name: "host", value: tokens.ana, url: stack.origin }] });
    const { page } = person;
    let let_go;
    const held = new Promise((resolve) => (let_go = resolve));
    await page.route(/\/api\/stocks\/chat\/(files|thumbs)\//, async (route) => {
        await held;
        await route.continue();
    });
    await page.goto(stack.url, { waitUntil: "commit" });
    await person.linkIs("live");
    await page.waitForSelector(".file-image img");
    await page.$eval(".file-image", (link) => link.scrollIntoView({ block: "center" }));
    const places = () => page.$$eval(".msg", (rows) => rows.map((row) => Math.round(row.getBoundingClientRect().top)));
    const before = await places();
    let_go();
    await page.waitForFunction(() => [...document.querySelectorAll(".file-image img")].every((img) => img.complete && img.naturalWidth > 0));
    assert.deepEqual(await places(), before);
    await person.leave();
});
