// Emoji: by name, from the picker into the message box, and as any reaction; and that the picker's frame can
// do no more than tell one emoji.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, Person, SERVERS, Stack, twoPeople } from "./lib.mjs";

const frameOf = (person) => person.page.frameLocator(".emoji-frame");

// By keyboard alone.
async function find(person, word, emoji) {
    const search = frameOf(person).locator("input.search");
    const chosen = frameOf(person).locator('.emoji-menu [aria-selected="true"]');
    await search.fill(word);
    await frameOf(person).locator(".emoji-menu", { hasText: emoji }).first().waitFor();
    for (let steps = 0; steps < 30 && (await chosen.allTextContents())[0] !== emoji; steps++) {
        await search.press("ArrowDown");
    }
    await search.press("Enter");
}

for (const server of SERVERS) {
    describe(server, () => {
        let stack;
        let ana;
        let bo;
        let close;

        before(async () => {
            ({ stack, ana, bo, close } = await twoPeople({ server, conf: { rate_address_burst: "5000", rate_user_burst: "500" } }));
        });
        after(() => close?.());

        test(`${server}: an emoji is found by keyboard, goes where the cursor is, and the other sees it`, async () => {
            await ana.page.fill("#composer-text", "to the moon !");
            await ana.page.evaluate(() => document.getElementById("composer-text").setSelectionRange(12, 12));
            await ana.page.click(".composer-emoji");
            await find(ana, "rocket", "🚀");
            await ana.page.waitForFunction(() => document.getElementById("composer-text").value === "to the moon 🚀!");
            assert.equal(await ana.page.$(".emoji-frame"), null);
            assert.equal(await ana.page.evaluate(() => document.activeElement.id), "composer-text");
            await ana.page.press("#composer-text", "Enter");
            await bo.sees("to the moon 🚀!");
            assert.deepEqual(ana.faults, []);
        });

        test(`${server}: any emoji is a reaction, seen by both`, async () => {
            await ana.say("up :100: today");
            await bo.sees("up 💯 today");
            const row = bo.page.locator(".msg", { hasText: "up 💯 today" });
            await row.hover();
            await row.locator(".msg-more").click();
            await bo.page.click('.menu-emoji[aria-label="React with another emoji"]');
            await find(bo, "bank", "🏦");
            for (const person of [ana, bo]) {
                await person.page.locator(".msg", { hasText: "up 💯 today" }).locator('.chip[data-emoji^="🏦"]').waitFor();
            }
        });

        test(`${server}: Escape shuts the picker, and nothing is chosen`, async () => {
            await ana.page.fill("#composer-text", "hm");
            await ana.page.click(".composer-emoji");
            await frameOf(ana).locator("input.search").press("Escape");
            await ana.page.waitForSelector(".emoji-frame", { state: "detached" });
            assert.equal(await ana.page.inputValue("#composer-text"), "hm");
            await ana.page.fill("#composer-text", "");
        });

        test(`${server}: what a frame says that is no emoji is not taken`, async () => {
            for (const said of [{ type: "emoji", emoji: "<img src=x>" }, { type: "emoji", emoji: "1" }, { type: "emoji", emoji: "🚀".repeat(30) }, { type: "emoji", emoji: { a: 1 } }]) {
                await ana.page.click(".composer-emoji");
                const frame = await (await ana.page.waitForSelector(".emoji-frame")).contentFrame();
                await frame.waitForSelector("emoji-picker");
                await frame.evaluate((data) => parent.postMessage(data, location.origin), said);
                await ana.page.waitForSelector(".emoji-frame", { state: "detached" });
                assert.equal(await ana.page.inputValue("#composer-text"), "");
            }
            await ana.page.click(".composer-emoji");
            const frame = await (await ana.page.waitForSelector(".emoji-frame")).contentFrame();
            await frame.waitForSelector("emoji-picker");
            await ana.page.evaluate(() => window.postMessage({ type: "emoji", emoji: "🚀" }, location.origin)); // not from the frame
            await frame.evaluate(() => parent.postMessage({ type: "emoji", emoji: "" }, location.origin));
            await ana.page.waitForSelector(".emoji-frame", { state: "detached" });
            assert.equal(await ana.page.inputValue("#composer-text"), "");
        });

        test(`${server}: the frame has a policy of its own, and the page keeps its strict one`, async () => {
            const page = await fetch(stack.url);
            const frame = await fetch(`${stack.url}emoji/`);
            assert.ok(!page.headers.get("content-security-policy").includes("unsafe"));
            assert.match(page.headers.get("content-security-policy"), /require-trusted-types-for 'script'; trusted-types 'none'/);
            assert.match(frame.headers.get("content-security-policy"), /^default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self';.*frame-ancestors 'self'$/);
            assert.equal(frame.headers.get("x-frame-options"), "SAMEORIGIN");
        });
    });
}

test("the picker is loaded when it is opened, from here alone, and looks its part", async () => {
    const stack = await Stack.start();
    const browser = await launch();
    for (const [name, options] of [["phone-light", { viewport: { width: 360, height: 740 } }], ["desk-dark", { colorScheme: "dark" }]]) {
        const ana = await Person.enter(browser, { options });
        const loaded = [];
        ana.page.on("request", (request) => loaded.push(request.url()));
        await ana.join(stack.url, `ana-${name}`);
        await ana.linkIs("live");
        assert.deepEqual(loaded.filter((url) => url.includes("emoji")), []);
        await ana.page.click(".composer-emoji");
        await frameOf(ana).locator('.tabpanel [role="menuitem"]').first().waitFor();
        assert.deepEqual(loaded.filter((url) => !url.startsWith(stack.origin) && !url.startsWith("ws://") && !url.startsWith("data:") && !url.startsWith("blob:")), []);
        await ana.page.screenshot({ path: `build/screenshots/emoji-${name}.png` });
        assert.deepEqual(ana.faults, []);
        await ana.leave();
    }
    await browser.close();
    await stack.stop();
});
