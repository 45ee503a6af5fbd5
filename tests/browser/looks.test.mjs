// How the page looks and whom it leaves out: screenshots of a full room at a phone's and a desk's size,
// light and dark, to build/screenshots/ (open them), and axe on every one of them.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { launch, Person, ROOT, Stack } from "./lib.mjs";

const SHOTS = `${ROOT}/build/screenshots`;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SIZES = [
    { width: 360, height: 740 },
    { width: 1280, height: 800 },
];
const BUDGET = 120 * 1024;

// A morning's talk: [who, text].
const TALK = [
    ["marta", "Opening auction looks heavy, 4.2m imbalance on the sell side"],
    ["kofi", "Anyone else seeing the spread on XLE blow out?"],
    ["kofi", "3 ticks wide since 09:28"],
    ["deepvalue", "Index rebalance. It should clear within the first five minutes."],
    ["lin", "Filled 2,000 at 84.15, leaving 500 on the bid"],
    ["marta", "Nice. I am waiting for the 10y auction at 17:00, calendar is here: https://example.com/calendar?week=12"],
    ["sofie_k", "Rates: 10y 4.312, +2.1bp"],
    ["deepvalue", "That print was real: 1.2m shares crossed at 131.40 and the tape has been one-sided ever since. I would not fade it before lunch. The last three times the reversal only came after the London close."],
    ["kofi", "Agreed, @deepvalue"],
    ["lin", "Watching 4,180 on the future.\nBelow that I am out."],
    ["sofie_k", "Good discipline"],
    ["marta", "Spread is back to one tick"],
];

// Each visit is by somebody else, who has something of their own to say.
const VISITORS = {
    "360-light": ["mei", "Same level here. Stop moved to break-even.", "Taking half off into strength"],
    "360-dark": ["joao", "Euro close in ten minutes", "Expect the usual roll in the front month"],
    "1280-light": ["ana", "Crude inventories at 16:30: consensus is a 1.8m draw", "I am flat until then"],
    "1280-dark": ["priya", "Anyone working size in the 84.00 puts?", "Offered at 1.15, 300 up"],
};

let stack;
let browser;
let friends;

before(async () => {
    stack = await Stack.start({ conf: { rate_address_burst: "5000", rate_session_burst: "500" } });
    browser = await launch();
    friends = new Map();
    for (const name of ["marta", "kofi", "deepvalue"]) {
        const friend = await Person.enter(browser);
        await friend.join(stack.url, name);
        await friend.linkIs("live");
        friends.set(name, friend);
    }
    for (const [username, text] of TALK) {
        const friend = friends.get(username);
        await (friend ? friend.say(text) : stack.post(text, { username }));
        await friends.get("marta").sees(text);
    }
    mkdirSync(SHOTS, { recursive: true });
});
after(async () => {
    await browser?.close();
    await stack?.stop();
});

async function judge(person, name) {
    await person.page.screenshot({ path: `${SHOTS}/${name}.png` });
    // As an isolated world: the page's own policy allows no foreign script.
    const result = await person.page.evaluate(`${AXE}; axe.run({ resultTypes: ["violations"] })`);
    const bad = result.violations.filter((one) => ["serious", "critical"].includes(one.impact));
    assert.deepEqual(
        bad.map((one) => `${one.id}: ${one.nodes.map((node) => `${node.target} ${node.failureSummary}`).join(" | ")}`),
        [],
        name,
    );
    const wide = await person.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(wide <= 0, `${name} is ${wide} px too wide`);
}

async function visit(viewport, colorScheme, more = {}) {
    const phone = viewport.width < 768;
    return Person.enter(browser, {
        options: { viewport, colorScheme, reducedMotion: "reduce", hasTouch: phone, isMobile: phone, deviceScaleFactor: phone ? 2 : 1, ...more },
    });
}

async function enterRoom(person, slug) {
    if (await person.page.isVisible(".open-rooms")) {
        await person.page.click(".open-rooms");
    }
    await person.page.click(`.room[data-room="${slug}"]`);
    await person.page.waitForURL(stack.room(slug));
    await person.page.waitForSelector("#log:not([aria-busy])"); // what is still asked for is lost with the connection
}

for (const viewport of SIZES) {
    for (const scheme of ["light", "dark"]) {
        const title = `${viewport.width}-${scheme}`;

        test(`${viewport.width}×${viewport.height}, ${scheme}: every state of the page is presentable and accessible`, async () => {
            const ana = await visit(viewport, scheme);
            await ana.open(stack.url);
            await judge(ana, `${title}-join`);
            const [name, ...lines] = VISITORS[title];
            await ana.join(stack.url, name);
            await ana.linkIs("live");
            await enterRoom(ana, "energy");
            await enterRoom(ana, "general");
            await ana.sees(TALK.at(-1)[1]);
            for (const text of lines) {
                await ana.page.fill("#composer-text", text);
                await ana.page.click(".composer-send");
                await ana.sees(text);
            }
            await stack.post(`@${name}, what is your level?`, { username: "lin" });
            await ana.page.waitForSelector(".msg-called .mention-me");
            await stack.post(`Brent is through 80, @${name}`, { room: "energy" });
            await ana.waitForUnread("energy", "1");
            await ana.peopleAre([name, ...friends.keys()]);
            await judge(ana, title);

            await ana.page.fill("#composer-text", "A longer thought\nover several lines\nbefore it is sent");
            await judge(ana, `${title}-writing`);
            await ana.page.fill("#composer-text", "");
            await ana.page.focus("#composer-text");
            await ana.page.keyboard.type("What does @");
            await ana.page.waitForSelector("#mention-list:not([hidden])");
            await judge(ana, `${title}-naming`);
            await ana.page.fill("#composer-text", "");

            const asked = await stack.post("Is that the whole order?", { username: "lin" });
            await stack.post("Half of it", { reply_to: asked.id });
            await ana.page.click(`.msg[data-id="${asked.id}"] .msg-replies`);
            await ana.page.waitForSelector('#thread .msg-text:text-is("Half of it")');
            const tops = await ana.page.$$eval("#chat, #thread", (parts) => parts.map((part) => part.getBoundingClientRect().top));
            assert.deepEqual(tops, [0, 0], "the thread stands beside the room");
            await judge(ana, `${title}-thread`);
            await ana.page.click(".thread-close");

            if (viewport.width < 768) {
                await ana.page.click(".open-rooms");
                await judge(ana, `${title}-rooms`);
                await ana.page.keyboard.press("Escape");
                await ana.page.click(".open-online");
                await judge(ana, `${title}-online`);
                await ana.page.click("#online .panel-close");
            }
            if (viewport.width < 768) {
                await ana.page.click(".open-rooms");
            }
            await ana.page.click("#mentions");
            await ana.page.waitForSelector(".sheet-mentions .found");
            await judge(ana, `${title}-mentions`);
            await ana.page.keyboard.press("Escape");
            await enterRoom(ana, "utilities");
            await ana.page.waitForSelector("#empty");
            await judge(ana, `${title}-empty`);

            await enterRoom(ana, "energy");
            await ana.context.setOffline(true);
            await stack.tell("kill-sidecar");
            await ana.page.fill("#composer-text", "Is anybody receiving this?");
            await ana.page.click(".composer-send");
            await ana.linkIs("offline");
            await judge(ana, `${title}-offline`);
            await ana.context.setOffline(false);
            await stack.tell("start-sidecar");
            await ana.sees("Is anybody receiving this?", 30000);

            await ana.open(stack.room("no-such-room"));
            await judge(ana, `${title}-missing`);
            assert.deepEqual(ana.faults, []);
            await ana.leave();
        });
    }
}

async function firstLoad(url) {
    const ana = await visit(SIZES[0], "light");
    await ana.open(url);
    await ana.page.waitForLoadState("networkidle").catch(() => {});
    const sizes = await ana.page.evaluate(() =>
        [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
            .filter((entry) => !entry.name.includes("/api/"))
            .map((entry) => [new URL(entry.name).pathname, entry.encodedBodySize]),
    );
    const total = sizes.reduce((sum, [, size]) => sum + size, 0);
    assert.ok(total > 0 && total <= BUDGET, `${total} bytes: ${JSON.stringify(sizes)}`);
    for (const kind of [".css", ".js"]) {
        assert.equal(sizes.filter(([name]) => name.endsWith(kind)).length, 1, kind);
    }
    await ana.leave();
}

test("the first load stays within its budget behind lighttpd", () => firstLoad(stack.url));

test("the first load stays within its budget behind Apache", async () => {
    const apache = await Stack.start({ server: "apache" });
    try {
        await firstLoad(apache.url);
    } finally {
        await apache.stop();
    }
});

test("at 200 % zoom nothing is lost", async () => {
    const ana = await visit({ width: 640, height: 400 }, "light");
    await ana.join(stack.url, "zoomed");
    await judge(ana, "zoom-200");
    assert.ok(await ana.page.isVisible("#composer-text"));
    const send = await ana.page.locator(".composer-send").boundingBox();
    assert.ok(send.y + send.height <= 400);
    await ana.leave();
});

test("a thumb can hit every control of the phone's page", async () => {
    const ana = await visit(SIZES[0], "light");
    await ana.join(stack.url, "thumb");
    for (const selector of [".composer-send", ".open-rooms", ".open-online", "#composer-text"]) {
        const box = await ana.page.locator(selector).boundingBox();
        assert.ok(box.height >= 44 && box.width >= 44, `${selector} ${box.width}×${box.height}`);
    }
    await ana.leave();
});

test("the keyboard's way: skip link, then the message box; a drawer gives the focus back", async () => {
    const ana = await visit(SIZES[0], "light");
    await ana.join(stack.url, "keys");
    await ana.linkIs("live");
    await ana.page.evaluate(() => document.activeElement.blur());
    await ana.page.keyboard.press("Tab");
    assert.equal(await ana.page.evaluate(() => document.activeElement.className), "skip");
    await ana.page.keyboard.press("Enter");
    await ana.page.keyboard.press("Tab");
    assert.equal(await ana.page.evaluate(() => document.activeElement.id), "composer-text");
    await ana.page.focus(".open-rooms");
    await ana.page.keyboard.press("Enter");
    assert.equal(await ana.page.evaluate(() => document.activeElement.className), "icon-btn panel-close");
    await ana.page.keyboard.press("Escape");
    assert.ok(await ana.page.evaluate(() => document.activeElement.matches(".open-rooms")));
    await ana.leave();
});
