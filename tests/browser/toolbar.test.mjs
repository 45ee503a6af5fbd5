// What is in reach on a message: by the mouse, and by the keyboard alone.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { twoPeople } from "./lib.mjs";

const withText = (text) => `#rows .msg:has(.msg-text:text-is("${text}"))`;

let all;
let ana;
let bo;

before(async () => {
    all = await twoPeople({ server: "lighttpd", conf: { rate_address_burst: "5000", rate_user_burst: "500" } });
    ({ ana, bo } = all);
    for (const text of ["first", "second", "third"]) {
        await bo.say(text);
        await ana.sees(text);
    }
});
after(() => all?.close());

test("the mouse finds reply, react and thread on the row that it is over, and on no other", async () => {
    await ana.page.hover(withText("second"));
    await ana.page.waitForSelector(`${withText("second")} .msg-tools`);
    assert.equal(await ana.page.locator(".msg-tools").count(), 1);
    const labels = await ana.page.locator(".msg-tools .tool").evaluateAll((tools) => tools.map((tool) => tool.getAttribute("aria-label")));
    assert.deepEqual(labels, ["React", "Reply", "Thread"]);
    const tool = await ana.page.locator('.tool[aria-label="React"]').boundingBox();
    await ana.page.click('.tool[aria-label="React"]');
    const emoji = await ana.page.locator(".sheet-menu").boundingBox();
    assert.ok(emoji.x + emoji.width > tool.x && emoji.y > tool.y, "the emoji are beside their button");
    await ana.page.click('.menu-emoji:text-is("🚀")');
    await bo.page.waitForSelector(`${withText("second")} .chip[data-emoji="🚀"]`);
    await ana.page.hover(withText("third"));
    await ana.page.waitForSelector(`${withText("third")} .msg-tools`);
    await ana.page.click('.tool[aria-label="Reply"]');
    await ana.say("an answer");
    await bo.page.waitForSelector(`${withText("an answer")} .msg-quote:has-text("third")`);
    await ana.page.hover("#room-title");
    await ana.page.waitForSelector(".msg-tools", { state: "detached" });
});

test("the keyboard walks the rows, finds the same there, and comes back", async () => {
    await ana.page.focus("#log");
    for (let i = 0; i < 4; i++) {
        await ana.page.keyboard.press("ArrowUp");
    }
    await ana.page.waitForSelector(`${withText("first")} .msg-tools`);
    await ana.page.keyboard.press("Tab");
    await ana.page.keyboard.press("Enter");
    await ana.page.waitForSelector(".sheet-menu");
    await ana.page.keyboard.press("Escape");
    await ana.page.waitForFunction(() => document.activeElement.getAttribute("aria-label") === "React");
    await ana.page.keyboard.press("Tab");
    await ana.page.keyboard.press("Tab");
    assert.equal(await ana.page.evaluate(() => document.activeElement.getAttribute("aria-label")), "Thread");
    await ana.page.keyboard.press("Enter");
    await ana.page.waitForSelector('#thread .msg-text:text-is("first")');
    await ana.page.waitForFunction(() => document.activeElement.id === "thread-text");
    await ana.page.keyboard.press("Escape");
    await ana.page.waitForFunction(() => document.activeElement.closest(".msg") !== null);
    await ana.page.focus(withText("first"));
    await ana.page.keyboard.press("Enter");
    await ana.page.waitForSelector(".sheet-menu");
    await ana.page.keyboard.press("Escape");
    await ana.page.waitForSelector(".sheet-menu", { state: "detached" });
    await ana.page.focus(withText("first"));
    await ana.page.keyboard.press("Escape");
    await ana.page.waitForFunction(() => document.activeElement.id === "composer-text");
    await ana.page.waitForSelector(".msg-tools", { state: "detached" });
});

test("nothing went wrong in the pages meanwhile", () => {
    assert.deepEqual(ana.faults, []);
    assert.deepEqual(bo.faults, []);
});
