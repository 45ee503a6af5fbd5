// Whoever leaves, or is followed by somebody else in the same browser, leaves nothing behind; an account
// that ends takes along what was written.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { launch, Person, ROOT, Stack, until } from "./lib.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SHOTS = `${ROOT}/build/screenshots`;

let stack;
let browser;

before(async () => {
    stack = await Stack.start({ conf: { rate_session_burst: "500", rate_address_burst: "5000", browser_token: "cookie:host" } });
    browser = await launch();
});
after(async () => {
    await browser?.close();
    await stack?.stop();
});

// Of whom something is kept, by their numbers: "draft:7".
const kept = (page) =>
    page.evaluate(() =>
        Object.keys(localStorage)
            .map((key) => key.match(/(out|draft|reply):\w+/)?.[0])
            .filter(Boolean)
            .sort(),
    );

test("a guest who leaves is forgotten in every tab, and may come back under the same name", async () => {
    const ana = await Person.enter(browser);
    await ana.join(stack.url, "leaving");
    await ana.linkIs("live");
    await ana.page.fill("#composer-text", "half a thought");
    await until(async () => (await kept(ana.page)).length === 1, "the draft is kept");
    const picked = () => ana.page.evaluate(async () => (await indexedDB.databases()).some(({ name }) => name.startsWith("emoji-picker")));
    await ana.page.click(".composer-emoji");
    await ana.page.frameLocator(".emoji-frame").locator("emoji-picker button.emoji").first().click();
    await until(picked, "the picker keeps what was used");
    const other = await ana.context.newPage();
    await other.goto(stack.url);
    await other.waitForSelector("#composer");
    await other.goto(`${stack.url}me/`);
    await other.click('button:text-is("Leave the chat")');
    await other.waitForSelector("#join");
    assert.equal(new URL(other.url()).search, "");
    assert.equal(await other.inputValue("#join-name"), "");
    await ana.page.waitForSelector("#join");
    assert.deepEqual(await kept(ana.page), []);
    await until(async () => !(await picked()), "the emoji that were used are forgotten");
    await ana.join(stack.url, "leaving");
    assert.equal(await ana.page.inputValue("#composer-text"), "");
    assert.deepEqual(ana.faults, []);
    await ana.leave();
});

test("somebody else who signs in finds nothing of who was here before, and neither do other tabs", async () => {
    const sign = async (id, name) => ({ name: "host", value: await stack.token(id, name), url: stack.origin });
    const person = await Person.enter(browser, { cookies: [await sign("71", "first")] });
    await person.open(stack.url);
    await person.linkIs("live");
    await person.page.fill("#composer-text", "for my eyes only");
    await until(async () => (await kept(person.page)).length === 1, "the draft is kept");
    const before = await kept(person.page);
    await person.reload(); // the same person keeps it
    await person.page.waitForFunction(() => document.getElementById("composer-text").value === "for my eyes only");
    await person.context.addCookies([await sign("72", "second")]);
    const tab = await person.context.newPage();
    await tab.goto(stack.url);
    await until(async () => !(await kept(tab)).includes(before[0]), "the former person's draft is gone");
    await person.page.waitForFunction(() => document.querySelector(".me-name")?.textContent === "second");
    assert.equal(await person.page.inputValue("#composer-text"), "");
    assert.deepEqual(person.faults, []);
    await person.leave();
});

test("an account is deleted on its page, and everybody sees its messages go", async () => {
    const [cleo, ben] = [await Person.enter(browser), await Person.enter(browser)];
    await cleo.join(stack.url, "cleo");
    await ben.join(stack.url, "ben");
    await ben.linkIs("live");
    await cleo.say("I was never here");
    await ben.sees("I was never here");
    await cleo.open(`${stack.url}me/`);
    await cleo.page.selectOption("#account-direct", "nobody");
    await cleo.follow('button:text-is("Save")');
    assert.equal(await cleo.page.inputValue("#account-direct"), "nobody");
    const [file] = await Promise.all([cleo.page.waitForEvent("download"), cleo.page.click("text=Download my data")]);
    const data = JSON.parse(readFileSync(await file.path(), "utf8"));
    assert.deepEqual([data.messages.length, data.messages[0].message, data.prefs.direct], [1, "I was never here", "nobody"]);
    await cleo.page.fill("#account-confirm", "not cleo");
    await cleo.page.click('button:text-is("Delete my account")');
    await cleo.page.waitForSelector("text=Type your name");
    await cleo.open(`${stack.url}me/`);
    await cleo.page.fill("#account-confirm", "cleo");
    await cleo.page.click('button:text-is("Delete my account")');
    await cleo.page.waitForSelector("#join");
    await ben.page.waitForSelector(".msg-gone");
    await ben.reload();
    assert.ok(!(await ben.page.content()).includes("I was never here"));
    assert.equal(await ben.page.locator(".msg-gone .msg-author").last().textContent(), "Deleted user");
    assert.deepEqual([...cleo.faults, ...ben.faults], []);
    await cleo.leave();
    await ben.leave();
});

for (const width of [360, 1280]) {
    for (const colorScheme of ["light", "dark"]) {
        test(`the account's page is presentable at ${width}, ${colorScheme}`, async () => {
            const options = { viewport: { width, height: 740 }, colorScheme };
            const dora = await Person.enter(browser, { options });
            await dora.join(stack.url, `dora${width}${colorScheme}`);
            const { user_id: id } = await stack.post("noise", { username: "noisy" });
            await dora.page.evaluate(async (target) => {
                const { csrf } = await (await fetch("/api/stocks/chat/me/")).json();
                await fetch(`/api/stocks/chat/me/ignored/${target}/`, { method: "PUT", headers: { "X-CSRF-Token": csrf } });
            }, id);
            await dora.open(`${stack.url}me/`);
            await dora.page.waitForSelector('.account-name:text-is("noisy")');
            mkdirSync(SHOTS, { recursive: true });
            await dora.page.screenshot({ path: `${SHOTS}/account-${width}-${colorScheme}.png` });
            const { violations } = await dora.page.evaluate(`${AXE}; axe.run({ resultTypes: ["violations"] })`);
            assert.deepEqual(violations.map((one) => one.id), []);
            assert.ok((await dora.page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0);
            await dora.leave();
        });
    }
}
