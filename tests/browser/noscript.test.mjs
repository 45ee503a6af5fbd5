// The page with scripts off: read, page back, post, rooms, who is online.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, Person, SERVERS, Stack } from "./lib.mjs";

let browser;
before(async () => {
    browser = await launch();
});
after(() => browser.close());

for (const server of SERVERS) {
    test(`${server}: without scripts one can join, post, read, page back and change rooms`, async () => {
        const stack = await Stack.start({ server, conf: { rate_address_burst: "5000", rate_user_burst: "500" } });
        try {
            for (let i = 0; i < 60; i++) {
                await stack.post(`line ${i}`);
            }
            const ana = await Person.enter(browser, { options: { javaScriptEnabled: false, reducedMotion: "reduce", viewport: { width: 360, height: 740 } } });
            await ana.join(stack.url, "ana");

            assert.equal((await ana.texts()).at(-1), "line 59");
            assert.ok(await ana.page.isVisible("text=line 59"));
            await ana.page.fill("#composer-text", "posted by a form");
            await ana.follow(".composer-send");
            assert.equal(ana.page.url(), stack.room("general"));
            const last = (await ana.rows()).at(-1);
            assert.deepEqual([last.author, last.text], ["ana", "posted by a form"]);

            await ana.follow("#log-older a");
            assert.ok((await ana.texts()).includes("line 0"));
            assert.ok(!(await ana.texts()).includes("line 59"));
            await ana.follow("#log-newer a");
            assert.ok((await ana.texts()).includes("line 59"));

            const { reply_to: root } = await stack.post("is it?", { reply_to: (await stack.post("the dollar is up")).id });
            await ana.open(stack.room("general"));
            await ana.follow(`.msg[data-id="${root}"] .msg-replies`);
            await ana.page.fill("#thread-text", "answered by a form");
            await ana.follow("#thread .composer-send");
            assert.match(ana.page.url(), new RegExp(`/t/${root}/$`));
            assert.deepEqual(await ana.page.locator("#thread .msg-text").allTextContents(), ["the dollar is up", "is it?", "answered by a form"]);
            await ana.follow(".thread-close");
            assert.ok((await ana.texts()).includes("answered by a form"));

            await ana.page.click(".open-online");
            assert.ok(await ana.page.isVisible("#online"));
            await ana.page.click("#online .panel-close");
            await ana.page.waitForSelector("#online", { state: "hidden" });
            await ana.page.click(".open-rooms");
            await ana.follow('.room[data-room="energy"]');
            assert.equal(await ana.page.textContent("#room-title"), "Energy");
            assert.ok(await ana.page.isVisible("text=No messages here yet."));
            await ana.leave();
        } finally {
            await stack.stop();
        }
    });

    test(`${server}: a text that is too long comes back in a form`, async () => {
        const stack = await Stack.start({ server, conf: { message_max_chars: "20" } });
        try {
            const ana = await Person.enter(browser, { options: { javaScriptEnabled: false } });
            await ana.join(stack.url, "ana");
            const text = "a text of more than twenty characters";
            await ana.page.$eval("#composer-text", (box) => box.removeAttribute("maxlength"));
            await ana.page.fill("#composer-text", text);
            const answer = ana.page.waitForNavigation();
            await ana.follow(".composer-send");
            assert.equal((await answer).status(), 413);
            assert.equal(await ana.page.inputValue("#retry-text"), text);
            await ana.page.fill("#retry-text", "short enough");
            await ana.follow(".error-form button");
            assert.equal((await ana.texts()).at(-1), "short enough");
            await ana.leave();
        } finally {
            await stack.stop();
        }
    });
}
