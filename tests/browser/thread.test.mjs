// Threads beside their room: what one person answers the other sees as it comes, and who was away later.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { SERVERS, twoPeople } from "./lib.mjs";

const inRoom = (text) => `#rows .msg:has(.msg-text:text-is("${text}"))`;
const inThread = (text) => `#thread .msg:not([data-seq=""]):has(.msg-text:text-is("${text}"))`;
const count = (text, words) => `${inRoom(text)} .msg-replies:text-is("${words}")`;

async function openThread(person, text) {
    const row = person.page.locator(inRoom(text)).last();
    await row.hover();
    await row.locator(".msg-more").click();
    await person.page.click('.sheet-menu .menu-item:text-is("Thread")');
    await person.page.waitForSelector(inThread(text));
}

async function answer(person, text) {
    await person.page.fill("#thread-text", text);
    await person.page.press("#thread-text", "Enter");
    await person.page.waitForSelector(inThread(text));
}

const texts = (person) => person.page.$$eval("#thread .msg-text", (rows) => rows.map((row) => row.textContent));

for (const server of SERVERS) {
    describe(server, () => {
        let all;
        let ana;
        let bo;

        before(async () => {
            all = await twoPeople({ server, conf: { rate_address_burst: "5000", rate_user_burst: "500" } });
            ({ ana, bo } = all);
        });
        after(() => all?.close());

        async function said(person, text) {
            await person.say(text);
            await Promise.all([ana.sees(text), bo.sees(text)]);
        }

        test(`${server}: what is answered in a thread comes into everybody's, and is counted`, async () => {
            await said(ana, "is it the dollar?");
            await openThread(bo, "is it the dollar?");
            await ana.page.locator(inRoom("is it the dollar?")).hover();
            await answer(bo, "it is");
            await ana.page.waitForSelector(count("is it the dollar?", "1 reply"));
            await ana.page.click(count("is it the dollar?", "1 reply"));
            await ana.page.waitForSelector(inThread("it is"));
            await answer(ana, "and the yen");
            await bo.page.waitForSelector(inThread("and the yen"));
            await bo.page.waitForSelector(count("is it the dollar?", "2 replies"));
            assert.deepEqual(await texts(bo), ["is it the dollar?", "it is", "and the yen"]);
            assert.equal(await bo.page.textContent("#thread .thread-count"), "2 replies");
            await ana.page.waitForSelector(`${inRoom("and the yen")} .msg-quote`);
        });

        test(`${server}: a reply to a reply is of the same thread, and says what it answers`, async () => {
            await bo.page.locator(inThread("and the yen")).hover();
            await bo.page.click(`${inThread("and the yen")} .msg-more`);
            await bo.page.click('.sheet-menu .menu-item:text-is("Reply")');
            await answer(bo, "which one?");
            await ana.page.waitForSelector(`${inThread("which one?")} .msg-quote:has-text("and the yen")`);
            await ana.page.waitForSelector(count("is it the dollar?", "3 replies"));
        });

        test(`${server}: edits, reactions and removals are seen in the thread as in the room`, async () => {
            await bo.page.press("#thread-text", "ArrowUp");
            await bo.page.fill("#thread .edit-text", "which yen?");
            await bo.page.press("#thread .edit-text", "Enter");
            await ana.page.waitForSelector(inThread("which yen?"));
            await ana.page.waitForSelector(inRoom("which yen?"));
            await ana.page.locator(inThread("which yen?")).hover();
            await ana.page.click(`${inThread("which yen?")} .msg-more`);
            await ana.page.click('.menu-emoji:text-is("📈")');
            await bo.page.waitForSelector(`${inThread("which yen?")} .chip[data-emoji="📈"]`);
            await bo.page.waitForSelector(`${inRoom("which yen?")} .chip[data-emoji="📈"]`);
            await bo.page.locator(inThread("which yen?")).hover();
            await bo.page.click(`${inThread("which yen?")} .msg-more`);
            await bo.page.click('.sheet-menu .menu-item:text-is("Delete")');
            await bo.page.click('.sheet-confirm button:text-is("Delete")');
            for (const person of [ana, bo]) {
                await person.page.waitForSelector("#thread .msg-gone");
                await person.page.waitForSelector(count("is it the dollar?", "2 replies"));
                assert.equal(await person.page.textContent("#thread .thread-count"), "2 replies");
            }
        });

        test(`${server}: Escape closes the thread, and the focus is where it was`, async () => {
            await bo.page.focus("#thread-text");
            await bo.page.keyboard.press("Escape");
            await bo.page.waitForSelector("#thread", { state: "hidden" });
            await bo.page.waitForFunction(() => document.activeElement.classList.contains("msg-more"));
            await bo.page.waitForSelector("#online");
            await said(bo, "back in the room");
        });

        test(`${server}: who was away has the thread and its count as everybody`, async () => {
            const away = await bo.apart(all.browser);
            await away.open(all.stack.url);
            await openThread(away, "is it the dollar?");
            await away.context.setOffline(true);
            await answer(ana, "said meanwhile");
            await away.context.setOffline(false);
            await away.page.waitForSelector(inThread("said meanwhile"), { timeout: 60000 });
            await away.page.waitForSelector(count("is it the dollar?", "3 replies"));
            assert.deepEqual(await texts(away), await texts(ana));
            const fresh = await bo.apart(all.browser);
            await fresh.open(all.stack.url);
            await fresh.page.waitForSelector(count("is it the dollar?", "3 replies"));
            await away.leave();
            await fresh.leave();
        });

        test(`${server}: a thread's address opens it, and reloading shows it again`, async () => {
            const href = await ana.page.getAttribute("#thread .thread-link", "href");
            const other = await bo.apart(all.browser);
            await other.open(all.stack.origin + href);
            await other.page.waitForSelector(inThread("said meanwhile"));
            await other.reload();
            await other.page.waitForSelector(inThread("said meanwhile"));
            await other.page.waitForFunction(() => document.querySelector("#thread").contains(document.activeElement));
            await answer(other, "from its own page");
            await ana.page.waitForSelector(inThread("from its own page"));
            await other.page.keyboard.press("Escape");
            await other.page.waitForSelector("#thread", { state: "hidden" });
            assert.match(other.page.url(), /\/r\/general\/$/);
            assert.deepEqual(other.faults, []);
            await other.leave();
        });

        test(`${server}: a reply that could not be sent waits in the thread and goes out once`, async () => {
            const other = await bo.apart(all.browser);
            await other.open(all.stack.url);
            await openThread(other, "is it the dollar?");
            await other.context.setOffline(true);
            await other.page.fill("#thread-text", "from a tunnel");
            await other.page.press("#thread-text", "Enter");
            await other.page.waitForSelector('#thread .msg[data-seq=""]');
            await other.context.setOffline(false);
            await ana.page.waitForSelector(inThread("from a tunnel"), { timeout: 60000 });
            await other.page.waitForSelector(inThread("from a tunnel"));
            assert.equal((await texts(ana)).filter((text) => text === "from a tunnel").length, 1);
            assert.equal((await texts(other)).filter((text) => text === "from a tunnel").length, 1);
            await other.leave();
        });

        test(`${server}: nothing went wrong in the pages meanwhile`, async () => {
            assert.deepEqual(ana.faults, []);
            assert.deepEqual(bo.faults, []);
        });
    });
}
