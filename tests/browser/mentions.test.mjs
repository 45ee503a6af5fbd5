// Mentions: what the mentioned sees, live and later, with and without scripts.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Person, SERVERS, twoPeople, until } from "./lib.mjs";

const row = (text) => `#rows .msg:has(.msg-text:has-text("${text}"))`;

for (const server of SERVERS) {
    describe(server, () => {
        let stack;
        let browser;
        let ana;
        let ben;
        let close;

        before(async () => {
            ({ stack, browser, ana, bo: ben, close } = await twoPeople({ server, conf: { rate_address_burst: "5000", rate_session_burst: "500" }, second: "ben" }));
            await ana.say("here I am"); // whoever spoke is known to all; that somebody came is told a moment later
            await ben.page.locator(row("here I am")).waitFor();
        });
        after(() => close?.());

        const badge = (person, slug) => person.page.textContent(`.room[data-room="${slug}"] .room-mentions`);
        const classes = (locator) => locator.evaluate((node) => [...node.classList].sort().join(" "));

        test(`${server}: who is mentioned sees it at once, and as on a fresh page`, async () => {
            await ben.say("good morning, @ana");
            const seen = ana.page.locator(row("good morning"));
            await seen.waitFor();
            assert.match(await classes(seen), /msg-called/);
            assert.equal(await seen.locator(".mention").textContent(), "@ana");
            assert.equal(await classes(seen.locator(".mention")), "mention mention-me");
            const own = ben.page.locator(row("good morning"));
            await own.locator("a.mention").waitFor();
            assert.doesNotMatch(await classes(own), /msg-called/);
            const away = await ana.apart(browser);
            await away.open(stack.url);
            const fresh = away.page.locator(row("good morning"));
            await fresh.waitFor();
            for (const part of [".msg-text", ".mention"]) {
                const html = (one) => one.locator(part).evaluate((node) => node.outerHTML.replace(/ data-text="[^"]*"/, ""));
                assert.equal(await html(fresh), await html(seen));
            }
            assert.match(await classes(fresh), /msg-called/);
            await away.leave();
            await own.locator("a.mention").click();
            await ben.page.waitForSelector('.sheet-card[aria-label="About ana"]');
            await ben.page.keyboard.press("Escape");
        });

        test(`${server}: an edit that mentions, or does so no more, changes the row`, async () => {
            await ben.say("about you");
            await ben.sees("about you"); // what has no number yet cannot be edited
            const seen = ana.page.locator(row("about you"));
            await seen.waitFor();
            assert.doesNotMatch(await classes(seen), /msg-called/);
            await ben.page.press("#composer-text", "ArrowUp");
            await ben.page.fill(".edit-text", "about you, @ana");
            await ben.page.press(".edit-text", "Enter");
            await ana.page.waitForSelector(`.msg-called${row("about you").slice(10)}`);
            await ben.sees("about you, @ana");
            await ben.page.press("#composer-text", "ArrowUp");
            await ben.page.fill(".edit-text", "about you all");
            await ben.page.press(".edit-text", "Enter");
            await ana.page.waitForSelector(row("about you all"));
            assert.doesNotMatch(await classes(seen), /msg-called/);
        });

        test(`${server}: a mention elsewhere is counted until it is read, on every device`, async () => {
            await ana.page.click('.room[data-room="materials"]');
            await ana.page.waitForSelector('.room[data-room="materials"][aria-current]');
            await stack.post("so that there is a mark", { room: "materials", username: "editor" });
            await ana.sees("so that there is a mark");
            await ana.page.click('.room[data-room="general"]');
            await ana.page.waitForSelector('.room[data-room="general"][aria-current]');
            const away = await ana.apart(browser);
            await away.open(stack.url);
            await away.linkIs("live");
            await stack.post("one, @ana", { room: "materials", username: "editor" });
            await stack.post("nobody", { room: "materials", username: "editor" });
            const gone = await stack.post("two, @ana", { room: "materials", username: "editor" });
            for (const person of [ana, away]) {
                await until(async () => (await badge(person, "materials")) === "@2 mention you", "two mentions");
                await until(async () => (await person.page.textContent("#mentions .room-mentions")) === "2 unread", "two in all");
            }
            const moderator = await stack.token(99, "mod", "moderator");
            const answer = await fetch(`${stack.origin}/api/stocks/chat/messages/${gone.id}/`, {
                method: "DELETE",
                headers: { Authorization: `Bearer ${moderator}` },
            });
            assert.equal(answer.status, 200);
            for (const person of [ana, away]) {
                await until(async () => (await badge(person, "materials")) === "@1 mention you", "one mention");
            }
            await ana.page.click('.room[data-room="materials"]');
            await ana.sees("one, @ana");
            for (const person of [ana, away]) {
                await until(async () => (await badge(person, "materials")) === "", "no mention");
                await until(async () => (await person.page.textContent("#mentions .room-mentions")) === "", "none in all");
            }
            await away.leave();
            await ana.page.click('.room[data-room="general"]');
        });

        test(`${server}: the list of mentions leads to each, and grows while it is open`, async () => {
            await ana.page.click("#mentions");
            const list = ana.page.locator(".sheet-mentions .found");
            await list.first().waitFor();
            const before = await list.count();
            await stack.post("while you look, @ana", { room: "materials", username: "editor" });
            await until(async () => (await list.count()) === before + 1, "one more");
            assert.match(await list.first().textContent(), /editor Materials .*while you look, @ana/);
            await ana.page.keyboard.press("ArrowDown");
            await ana.page.keyboard.press("ArrowUp");
            await list.first().locator("button").click();
            await ana.page.waitForSelector(`.msg-target${row("while you look").slice(10)}`);
            assert.equal(await ana.page.textContent("#room-title"), "Materials");
        });

        test(`${server}: without scripts there are the same links, and a page of mentions`, async () => {
            const cookies = await ana.context.cookies();
            const plain = await Person.enter(browser, { options: { javaScriptEnabled: false }, cookies });
            await plain.page.goto(stack.url);
            await plain.follow("#mentions");
            assert.equal(await plain.page.textContent("h1"), "Mentions");
            await plain.follow('.found-link:has-text("one, @ana")');
            const target = plain.page.locator(".msg-target");
            assert.match(await target.textContent(), /one, @ana/);
            assert.match(await classes(target), /msg-called/);
            await plain.leave();
        });
    });
}
