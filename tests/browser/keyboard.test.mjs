// The whole of the main job by keyboard alone, from coming in to leaving.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, Person, Stack } from "./lib.mjs";

let stack;
let browser;

before(async () => {
    stack = await Stack.start({ conf: { rate_address_burst: "5000", rate_session_burst: "500", rate_search_burst: "1000" } });
    browser = await launch();
    await stack.post("Brent needle is through 80", { room: "energy", username: "marta" });
    await stack.post("Filled 2,000 at 84.15", { username: "marta" });
});
after(async () => {
    await browser?.close();
    await stack?.stop();
});

const PNG = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==", "base64");

// Somebody who has no mouse.
class Keys {
    constructor(person) {
        this.person = person;
        this.page = person.page;
    }

    async press(...keys) {
        for (const key of keys) {
            await this.page.keyboard.press(key);
        }
    }

    type(text) {
        return this.page.keyboard.type(text);
    }

    isAt(selector) {
        return this.page.evaluate((wanted) => document.activeElement.matches(wanted), selector);
    }

    waitAt(selector) {
        return this.page.waitForFunction((wanted) => document.activeElement.matches(wanted), selector);
    }

    async tabTo(selector, key = "Tab") {
        for (let presses = 0; presses < 120; presses++) {
            if (await this.isAt(selector)) {
                return;
            }
            await this.press(key);
        }
        assert.fail(`${key} does not lead to ${selector}; it is at ${await this.page.evaluate(() => document.activeElement.outerHTML.slice(0, 200))}`);
    }

    // From the message box to the row that says so, and its menu.
    async menuOf(text) {
        await this.tabTo("#log", "Shift+Tab");
        for (let presses = 0; presses < 30; presses++) {
            await this.press("ArrowUp");
            if ((await this.page.evaluate(() => document.activeElement.querySelector(".msg-text")?.textContent)) === text) {
                await this.press("Enter");
                await this.page.waitForSelector(".sheet-menu");
                return;
            }
        }
        assert.fail(`the arrow keys do not lead to ${text}`);
    }

    async choose(text, item) {
        await this.menuOf(text);
        for (let presses = 0; presses < 30; presses++) {
            if ((await this.page.evaluate(() => document.activeElement.textContent)) === item) {
                return this.press("Enter");
            }
            await this.press("ArrowDown");
        }
        return assert.fail(`the menu has no ${item}`);
    }
}

test("join, write, edit, react, answer, delete, follow a thread, attach, find, mute, look somebody up, ignore, help, leave", { timeout: 300000 }, async () => {
    const kim = await Person.enter(browser);
    const keys = new Keys(kim);
    const { page } = kim;
    // From now on, not from the keystroke on: the browser asks at once, and where nobody listens yet, nobody.
    const chooser = page.waitForEvent("filechooser", { timeout: 0 });
    const roomIs = (title) => page.waitForFunction((wanted) => document.getElementById("room-title").textContent === wanted, title);
    await kim.open(stack.url);
    await keys.tabTo("#join-name");
    await keys.type("kim");
    await keys.press("Enter");
    await page.waitForSelector("#composer");
    await kim.linkIs("live");

    await keys.tabTo("#composer-text");
    await keys.type("Copper first");
    await keys.press("Enter");
    await kim.sees("Copper first");
    await keys.press("ArrowUp");
    await page.waitForSelector(".edit-text");
    await keys.press("Control+a");
    await keys.type("Copper, corrected");
    await keys.press("Enter");
    await kim.sees("Copper, corrected");
    await keys.waitAt("#composer-text");

    await keys.menuOf("Filled 2,000 at 84.15");
    await keys.press("Enter"); // the first emoji
    await page.waitForSelector("button.chip");
    await keys.waitAt(".msg");
    await keys.press("Escape");
    await keys.waitAt("#composer-text");

    await keys.choose("Filled 2,000 at 84.15", "Reply");
    await keys.waitAt("#composer-text");
    await keys.type("An answer by keyboard");
    await keys.press("Enter");
    await kim.sees("An answer by keyboard");

    await keys.choose("Filled 2,000 at 84.15", "Thread");
    await keys.waitAt("#thread textarea");
    await keys.type("In the thread");
    await keys.press("Enter");
    await page.waitForSelector('#thread .msg:not([data-seq=""]) .msg-text:text-is("In the thread")');
    await keys.press("Escape");
    await page.waitForSelector("#thread", { state: "hidden" });

    await keys.tabTo("#composer-text");
    await keys.choose("In the thread", "Delete");
    await page.waitForSelector(".sheet-confirm");
    await keys.tabTo(".sheet-confirm .btn-danger");
    await keys.press("Enter");
    await kim.sees("This message was removed.");

    await keys.tabTo(".composer-files");
    await keys.press("Enter");
    await (await chooser).setFiles({ name: "chart.png", mimeType: "image/png", buffer: PNG });
    await page.waitForSelector(".upload:not(:has(progress:not([hidden])))");
    await keys.tabTo("#composer-text");
    await keys.type("With a chart");
    await page.waitForSelector(".composer-send:not([disabled])");
    await keys.press("Enter");
    await kim.sees("With a chart");
    await page.waitForSelector(".file-image");

    await keys.press("Control+k");
    await page.waitForSelector(".sheet-search");
    await keys.type("needle");
    await page.waitForSelector(".found-link");
    await keys.press("ArrowDown", "Enter");
    await roomIs("Energy");
    await keys.waitAt(".msg-target");

    await keys.tabTo("#room-about");
    await keys.press("Enter");
    await page.waitForSelector(".sheet-about .beside-mute");
    await keys.tabTo(".beside-mute button");
    await keys.press("Enter");
    await page.waitForSelector('.room[data-room="energy"].is-muted');
    await keys.press("Escape");
    await page.waitForSelector(".sheet-about", { state: "detached" });

    await keys.tabTo('.room[data-room="general"]');
    await keys.press("Enter");
    await roomIs("General");
    await keys.waitAt("#composer-text");

    await keys.choose("Filled 2,000 at 84.15", "About this person");
    await page.waitForSelector(".sheet-card");
    await keys.tabTo(".card-ignore");
    await keys.press("Enter");
    await page.waitForSelector(".sheet-confirm");
    await keys.tabTo(".sheet-confirm .btn-danger");
    await keys.press("Enter");
    await page.waitForSelector(".sheet-card", { state: "detached" });
    await page.waitForSelector('#rows .msg-text:text-is("Filled 2,000 at 84.15")', { state: "detached" });

    await keys.tabTo("#notify");
    await keys.press("Enter");
    await page.waitForSelector(".sheet-notify");
    await keys.waitAt(".sheet-notify input");
    await keys.press("Escape");
    await keys.waitAt("#notify");
    await keys.press("?");
    await page.waitForSelector(".sheet-help");
    await keys.press("Escape");

    await keys.tabTo('.me-line a[href$="/me/"]');
    await keys.press("Enter");
    await page.waitForSelector(".account");
    await keys.tabTo('form[action$="/session/leave/"] button');
    await keys.press("Enter");
    await page.waitForSelector("#join-name");
    assert.deepEqual(kim.faults, []);
    await kim.leave();
});
