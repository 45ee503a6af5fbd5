// Two people, and what each does to messages: the other sees it live, and who was away sees it later.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Person, roomState, SERVERS, twoPeople, until } from "./lib.mjs";

// Of the row with this text, or by its number once the text is gone.
const withText = (text) => `.msg:has(.msg-text:text-is("${text}"))`;

async function choose(person, text, label) {
    const row = person.page.locator(withText(text)).last();
    await row.hover();
    await row.locator(".msg-more").click();
    await person.page.click(`.sheet-menu .menu-item:text-is("${label}")`);
}

async function rowId(person, text) {
    return person.page.locator(withText(text)).last().getAttribute("data-id");
}

for (const server of SERVERS) {
    describe(server, () => {
        let stack;
        let browser;
        let ana;
        let bo;
        let close;

        before(async () => {
            ({ stack, browser, ana, bo, close } = await twoPeople({ server, conf: { rate_address_burst: "5000", rate_user_burst: "500", browser_token: "cookie:host" } }));
        });
        after(() => close?.());

        // Both have it, with its number.
        async function said(person, text) {
            await person.say(text);
            await Promise.all([ana.sees(text), bo.sees(text)]);
            return rowId(person, text);
        }

        test(`${server}: a deleted message becomes a stub for everybody, and for who comes later`, async () => {
            const id = await said(ana, "said in haste");
            const away = await bo.apart(browser);
            await away.open(stack.url);
            await away.sees("said in haste");
            await away.context.setOffline(true);
            await choose(ana, "said in haste", "Delete");
            await ana.page.click('.sheet-confirm button:text-is("Delete")');
            for (const person of [ana, bo]) {
                await person.page.waitForSelector(`.msg-gone[data-id="${id}"]`);
                assert.ok(!(await person.page.content()).includes("said in haste"));
            }
            await away.context.setOffline(false);
            await away.page.waitForSelector(`.msg-gone[data-id="${id}"]`, { timeout: 40000 });
            await away.leave();
        });

        test(`${server}: a message is edited in place, and everybody sees that it was`, async () => {
            const id = await said(ana, "buy at 84.51");
            await ana.page.press("#composer-text", "ArrowUp");
            await ana.page.fill(".edit-text", "buy at 84.15");
            await ana.page.press(".edit-text", "Enter");
            await Promise.all([ana.sees("buy at 84.15"), bo.sees("buy at 84.15")]);
            await bo.page.waitForSelector(`.msg[data-id="${id}"] .msg-edited`);
            await ana.page.waitForFunction(() => document.activeElement.id === "composer-text");
            await choose(ana, "buy at 84.15", "Earlier versions");
            await ana.page.waitForSelector(".sheet-revisions");
            assert.deepEqual(await ana.page.locator(".sheet .revision-text").allTextContents(), ["buy at 84.51", "buy at 84.15"]);
            await ana.page.keyboard.press("Escape");
            await choose(ana, "buy at 84.15", "Edit");
            await ana.page.fill(".edit-text", "never mind");
            await ana.page.press(".edit-text", "Escape");
            await ana.page.waitForSelector(".edit", { state: "detached" });
            await ana.sees("buy at 84.15");
        });

        test(`${server}: an edit over a newer one shows that one and keeps what was written`, async () => {
            const id = await said(ana, "version one");
            const other = await ana.apart(browser);
            await other.open(stack.url);
            await other.sees("version one");
            await choose(ana, "version one", "Edit");
            await ana.page.fill(".edit-text", "version three");
            await choose(other, "version one", "Edit");
            await other.page.fill(".edit-text", "version two");
            await other.page.press(".edit-text", "Enter");
            await bo.sees("version two");
            await ana.page.press(".edit-text", "Enter");
            await ana.page.waitForSelector('.edit-other:text-is("version two")');
            assert.equal(await ana.page.inputValue(".edit-text"), "version three");
            await ana.page.press(".edit-text", "Enter");
            await bo.sees("version three");
            assert.equal(await rowId(bo, "version three"), id);
            await other.leave();
        });

        test(`${server}: reactions are counted for everybody, and one's own are marked`, async () => {
            const id = await said(ana, "through 85 at last");
            const chip = (emoji) => `.msg[data-id="${id}"] .chip[data-emoji="${emoji}"]`;
            await bo.page.locator(withText("through 85 at last")).last().hover();
            await bo.page.locator(withText("through 85 at last")).last().locator(".msg-more").click();
            await bo.page.click('.menu-emoji:text-is("🚀")');
            for (const person of [ana, bo]) {
                await person.page.waitForSelector(chip("🚀"));
            }
            assert.equal(await bo.page.getAttribute(chip("🚀"), "aria-pressed"), "true");
            assert.equal(await ana.page.getAttribute(chip("🚀"), "aria-pressed"), "false");
            await ana.page.click(chip("🚀"));
            await bo.page.waitForSelector(`${chip("🚀")}:has-text("2")`);
            assert.match(await bo.page.getAttribute(chip("🚀"), "title"), /you/);
            await bo.reload();
            await bo.page.waitForSelector(`${chip("🚀")}[aria-pressed="true"]`);
            await bo.page.click(chip("🚀"));
            await ana.page.waitForSelector(`${chip("🚀")}:has-text("1")`);
            await ana.page.click(chip("🚀"));
            for (const person of [ana, bo]) {
                await person.page.waitForSelector(`.msg[data-id="${id}"] .msg-reactions`, { state: "detached" });
            }
        });

        test(`${server}: a moderator pins a message, and everybody finds it in the room's head`, async () => {
            const id = await said(ana, "house rules: be kind");
            const mod = await Person.enter(browser, { cookies: [{ name: "host", value: await stack.token("9", "mod", "moderator"), url: stack.origin }] });
            await mod.open(stack.url);
            await mod.linkIs("live");
            await choose(mod, "house rules: be kind", "Pin");
            await bo.page.waitForSelector("#pins:not([hidden])");
            await bo.page.click("#pins summary");
            assert.equal(await bo.page.textContent(`.pin[data-id="${id}"] .pin-text`), "house rules: be kind");
            await bo.page.click(`.pin[data-id="${id}"]`);
            await bo.page.waitForSelector(`.msg-target[data-id="${id}"]`);
            await bo.reload();
            assert.equal(await bo.page.textContent("#pins .pins-count"), "1");
            await choose(mod, "house rules: be kind", "Unpin");
            for (const person of [ana, bo]) {
                await person.page.waitForSelector("#pins", { state: "hidden" });
            }
            assert.deepEqual(mod.faults, []);
            await mod.leave();
        });

        test(`${server}: whoever opened a room pins in it`, async () => {
            const token = await stack.token("20", "olga");
            const answer = await fetch(`${stack.origin}/api/stocks/chat/rooms/`, {
                method: "POST",
                headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
                body: JSON.stringify({ title: "Desk" }),
            });
            const { room } = await answer.json();
            const olga = await Person.enter(browser, { cookies: [{ name: "host", value: token, url: stack.origin }] });
            await olga.open(stack.room(room.id));
            await olga.say("our rules");
            await olga.sees("our rules");
            await choose(olga, "our rules", "Pin");
            await olga.page.waitForSelector("#pins:not([hidden])");
            await olga.open(stack.url);
            await olga.page.locator("#rows .msg").last().hover();
            await olga.page.locator("#rows .msg .msg-more").last().click();
            assert.equal(await olga.page.locator('.sheet-menu .menu-item:text-is("Pin")').count(), 0);
            assert.deepEqual(olga.faults, []);
            await olga.leave();
        });

        test(`${server}: a reply shows what it answers, also after that was edited, and leads to it`, async () => {
            const id = await said(ana, "is the desk open?");
            await choose(bo, "is the desk open?", "Reply");
            await bo.page.waitForSelector('.reply-line:has-text("Replying to ana is the desk open?")');
            await bo.reload(); // it is kept like a draft
            await bo.page.waitForSelector(".reply-line:not([hidden])");
            await bo.page.fill("#composer-text", "from nine on");
            await bo.page.press("#composer-text", "Enter");
            await ana.sees("from nine on");
            await bo.page.waitForSelector(".reply-line", { state: "hidden" });
            const quote = `.msg-quote[data-id="${id}"]`;
            assert.equal(await ana.page.textContent(`${quote} .quote-text`), "is the desk open?");
            await choose(ana, "is the desk open?", "Edit");
            await ana.page.fill(".edit-text", "is the desk open today?");
            await ana.page.press(".edit-text", "Enter");
            for (const person of [ana, bo]) {
                await person.page.waitForSelector(`${quote} .quote-text:text-is("is the desk open today?")`);
            }
            await bo.page.click(quote);
            await bo.page.waitForSelector(`.msg-target[data-id="${id}"]`);
        });

        test(`${server}: a quoted message far up is loaded with those around it, and there is a way back`, async () => {
            const id = await said(ana, "the first of many");
            for (let i = 0; i < 60; i++) {
                await stack.post(`in between ${i}`);
            }
            await stack.post("about the first", { reply_to: Number(id) });
            await Promise.all([ana.sees("about the first"), bo.sees("about the first")]);
            await bo.reload();
            await bo.sees("about the first");
            assert.equal(await bo.page.locator(`.msg[data-id="${id}"]`).count(), 0);
            await bo.page.click(`.msg-quote[data-id="${id}"]`);
            await bo.page.waitForSelector(`.msg-target[data-id="${id}"]`);
            await bo.page.click('#log-newer button:text-is("Newest messages")');
            await bo.sees("about the first");
            await bo.page.waitForSelector("#log-newer", { state: "detached" });
        });

        test(`${server}: a message deleted before it was read is unread no longer`, async () => {
            await bo.page.click('.room[data-room="utilities"]');
            await bo.page.waitForSelector("#empty");
            const first = await stack.post("seen", { room: "utilities" });
            await bo.sees("seen");
            await until(async () => (await roomState(bo.page, "utilities")).last_read_seq >= first.seq, "it is read");
            await bo.page.click('.room[data-room="general"]');
            await bo.page.waitForURL(stack.room("general"));
            await ana.page.click('.room[data-room="utilities"]');
            await ana.sees("seen");
            await ana.say("taken back");
            await bo.waitForUnread("utilities", "1");
            await choose(ana, "taken back", "Delete");
            await ana.page.click('.sheet-confirm button:text-is("Delete")');
            await bo.waitForUnread("utilities", "");
            await ana.page.click('.room[data-room="general"]');
            await ana.page.waitForURL(stack.room("general"));
        });

        test(`${server}: nobody is offered to delete another's message`, async () => {
            await said(ana, "ana's own");
            await bo.page.locator(withText("ana's own")).last().hover();
            await bo.page.locator(withText("ana's own")).last().locator(".msg-more").click();
            await bo.page.waitForSelector(".sheet-menu");
            assert.ok(!(await bo.page.locator(".sheet-menu").allTextContents()).join().includes("Delete"));
            await bo.page.keyboard.press("Escape");
            await bo.page.waitForSelector(".sheet-menu", { state: "detached" });
        });

        test(`${server}: the keyboard alone deletes a message`, async () => {
            const id = await said(ana, "by keyboard");
            await ana.page.focus("#log");
            await ana.page.keyboard.press("ArrowUp");
            await ana.page.keyboard.press("Enter");
            await ana.page.waitForSelector(".sheet-menu");
            await ana.page.keyboard.press("ArrowUp"); // from the first to the last: Delete
            await ana.page.keyboard.press("Enter");
            await ana.page.waitForSelector(".sheet-confirm");
            await ana.page.keyboard.press("Tab");
            await ana.page.keyboard.press("Enter");
            await bo.page.waitForSelector(`.msg-gone[data-id="${id}"]`);
            await ana.page.keyboard.press("Escape"); // from the row back to the message box
            await ana.page.waitForFunction(() => document.activeElement.id === "composer-text");
        });

        test(`${server}: without scripts a message is reacted to, edited and deleted on its own page`, async () => {
            const cleo = await Person.enter(browser, { options: { javaScriptEnabled: false } });
            await cleo.join(stack.url, "cleo");
            await cleo.page.fill("#composer-text", "posted and regretted");
            await cleo.follow(".composer-send");
            await bo.sees("posted and regretted");
            await cleo.follow(cleo.page.locator(withText("posted and regretted")).last().locator(".msg-more"));
            await cleo.page.waitForSelector(".msg-target");
            await cleo.follow('.msg-acts button[value="👍"]');
            assert.equal(await cleo.page.textContent(".msg-target .chip"), "👍 1");
            await cleo.page.fill('.msg-target textarea[id^="edit-"]', "posted and mended");
            await cleo.follow('button:text-is("Save")');
            assert.equal(await cleo.page.textContent(".msg-target .msg-text"), "posted and mended");
            assert.deepEqual(await cleo.page.locator(".revision-text").allTextContents(), ["posted and regretted", "posted and mended"]);
            await bo.sees("posted and mended");
            await cleo.follow('button:text-is("Delete this message")');
            await cleo.page.waitForSelector(".msg-target.msg-gone");
            await bo.page.waitForFunction(() => !document.body.textContent.includes("posted and mended"));
            await cleo.leave();
        });

        test(`${server}: nothing went wrong in either page`, () => {
            assert.deepEqual(ana.faults, []);
            assert.deepEqual(bo.faults, []);
        });
    });
}
