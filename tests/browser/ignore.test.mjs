// A person who is not to be heard any more: gone from every tab at once, and back when the reader says so.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Person, SERVERS, twoPeople } from "./lib.mjs";

const withText = (text) => `.msg:has(.msg-text:text-is("${text}"))`;

for (const server of SERVERS) {
    describe(server, () => {
        let stack;
        let browser;
        let ana;
        let ben;
        let close;

        before(async () => {
            ({ stack, browser, ana, bo: ben, close } = await twoPeople({ server, conf: { rate_address_burst: "5000", rate_session_burst: "500" }, second: "ben" }));
        });
        after(() => close?.());

        const isGone = (page, text) => page.waitForSelector(withText(text), { state: "detached" });

        test(`${server}: an ignored person's messages go from every tab, and come back on demand`, async () => {
            await ben.say("buy now or cry later");
            await ana.sees("buy now or cry later");
            const second = await ana.context.newPage();
            const away = await ana.apart(browser);
            await second.goto(stack.url);
            await away.open(stack.url);
            await away.sees("buy now or cry later");
            const row = ana.page.locator(withText("buy now or cry later")).last();
            await row.hover();
            await row.locator(".msg-more").click();
            await ana.page.click('.sheet-menu .menu-item:text-is("Ignore this person")');
            await ana.page.click('.sheet-confirm button:text-is("Ignore")');
            for (const page of [ana.page, second, away.page]) {
                await isGone(page, "buy now or cry later");
            }
            await ben.say("are you listening");
            await ben.page.fill("#composer-text", "am I?");
            await stack.post("everybody else is heard");
            for (const page of [ana.page, second, away.page]) {
                await page.waitForSelector(withText("everybody else is heard"));
                assert.equal(await page.locator(withText("are you listening")).count(), 0);
                assert.equal(await page.textContent("#typing"), "");
            }
            await second.goto(`${stack.url}me/`);
            await second.click('.account-row button:has-text("Stop ignoring")');
            await second.waitForSelector(".account-none");
            await ana.sees("are you listening");
            await away.sees("are you listening");
            await second.close();
            await away.leave();
            await ben.page.fill("#composer-text", "");
        });

        test(`${server}: a quote of an ignored person is not shown, to those who load and those who are there`, async () => {
            const said = await stack.post("a rumour", { username: "rumours" });
            const { user_id: id } = said;
            await ana.sees("a rumour");
            await ana.page.evaluate(async (target) => {
                const { csrf } = await (await fetch("/api/stocks/chat/me/")).json();
                await fetch(`/api/stocks/chat/me/ignored/${target}/`, { method: "PUT", headers: { "X-CSRF-Token": csrf } });
            }, id);
            await isGone(ana.page, "a rumour");
            await stack.post("that is not so", { reply_to: said.id, username: "sober" });
            await ana.sees("that is not so");
            const quote = `${withText("that is not so")} .msg-quote`;
            assert.equal(await ana.page.textContent(quote), "In reply to somebody you ignore");
            await ana.reload();
            assert.equal(await ana.page.textContent(quote), "In reply to somebody you ignore");
            await ben.sees("a rumour");
        });

        test(`${server}: without scripts a person is ignored on the page of what they said`, async () => {
            const cleo = await Person.enter(browser, { options: { javaScriptEnabled: false } });
            await cleo.join(stack.url, "cleo");
            await ben.say("no script can save you");
            await ana.sees("no script can save you");
            await cleo.open(stack.url);
            await cleo.follow(cleo.page.locator(withText("no script can save you")).last().locator(".msg-more"));
            await cleo.follow('button:text-is("Ignore ben")');
            await cleo.page.waitForSelector('.account-name:text-is("ben")');
            await cleo.follow('a:text-is("Back to the chat")');
            assert.equal(await cleo.page.locator(withText("no script can save you")).count(), 0);
            await cleo.follow('.me a:text-is("Account")');
            await cleo.follow('.account-row button:has-text("Stop ignoring")');
            await cleo.page.waitForSelector(".account-none");
            await cleo.leave();
        });

        test(`${server}: nothing went wrong in either page`, () => {
            assert.deepEqual(ana.faults, []);
            assert.deepEqual(ben.faults, []);
        });
    });
}
