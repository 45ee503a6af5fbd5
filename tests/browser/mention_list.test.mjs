// Names completed in the message box: by keyboard and by touch, in the room, in a thread and in an edit.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { onePerson, Person, until } from "./lib.mjs";

const OPEN = "#mention-list:not([hidden])";

describe("completion", () => {
    let stack;
    let browser;
    let ana;
    let close;

    before(async () => {
        const first = async (site) => {
            for (const username of ["Ben Baker", "Bea", "Carla", "Benedict"]) {
                await site.post("here", { username });
            }
        };
        ({ stack, browser, ana, close } = await onePerson({ conf: { rate_address_burst: "5000", rate_session_burst: "500" }, first }));
    });
    after(() => close?.());

    const names = (person) => person.page.$$eval(`${OPEN} bdi`, (list) => list.map((one) => one.textContent));
    const namesAre = (person, wanted) => until(async () => (await names(person)).join() === wanted.join(), `the names ${wanted}`);
    const chosen = (person) => person.page.textContent(`${OPEN} [aria-selected="true"] bdi`);

    async function type(person, text, box = "#composer-text") {
        await person.page.focus(box);
        await person.page.keyboard.type(text);
    }

    test("arrow keys choose and Enter takes, without sending; then Enter sends", async () => {
        await type(ana, "Morning @be");
        await namesAre(ana, ["Bea", "Ben Baker", "Benedict"]);
        assert.equal(await chosen(ana), "Bea");
        await ana.page.keyboard.press("ArrowDown");
        assert.equal(await chosen(ana), "Ben Baker");
        const active = await ana.page.getAttribute("#composer-text", "aria-activedescendant");
        assert.equal(await ana.page.textContent(`#${active} bdi`), "Ben Baker");
        await ana.page.keyboard.press("ArrowUp");
        await ana.page.keyboard.press("ArrowUp");
        assert.equal(await chosen(ana), "Benedict");
        await ana.page.keyboard.press("ArrowUp");
        await ana.page.keyboard.press("Enter");
        assert.equal(await ana.page.inputValue("#composer-text"), "Morning @Ben Baker ");
        assert.equal(await ana.page.isVisible("#mention-list"), false);
        await ana.page.keyboard.type("and all");
        await ana.page.keyboard.press("Enter");
        await ana.sees("Morning @Ben Baker and all");
        assert.equal(await ana.page.textContent('.msg:has-text("and all") a.mention'), "@Ben Baker");
    });

    test("a name goes on behind a blank, Tab takes it, and what nobody is called asks no more", async () => {
        await type(ana, "@ben b");
        await namesAre(ana, ["Ben Baker"]);
        await ana.page.keyboard.press("Tab");
        assert.equal(await ana.page.inputValue("#composer-text"), "@Ben Baker ");
        assert.equal(await ana.page.evaluate(() => document.activeElement.id), "composer-text");
        await ana.page.fill("#composer-text", "");
        const asked = [];
        ana.page.on("request", (request) => request.url().includes("/users/") && asked.push(new URL(request.url()).searchParams.get("q")));
        const nobody = ana.page.waitForResponse((response) => response.url().includes("q=z"));
        await type(ana, "@z");
        assert.deepEqual((await (await nobody).json()).users, []);
        await type(ana, "eddy says @carl");
        await namesAre(ana, ["Carla"]);
        assert.deepEqual(asked.filter((q) => q.startsWith("z")), ["z"]);
        await ana.page.fill("#composer-text", "");
    });

    test("Escape lets it be, until another name is begun; an address and a price begin none", async () => {
        await type(ana, "@be");
        await namesAre(ana, ["Bea", "Ben Baker", "Benedict"]);
        await ana.page.keyboard.press("Escape");
        assert.equal(await ana.page.isVisible("#mention-list"), false);
        await ana.page.keyboard.type("a");
        assert.equal(await ana.page.isVisible("#mention-list"), false);
        await ana.page.fill("#composer-text", "");
        await type(ana, "@car");
        await namesAre(ana, ["Carla"]);
        await ana.page.fill("#composer-text", "");
        await type(ana, "ben@be");
        await type(ana, " 100 @ 84");
        assert.equal(await ana.page.isVisible("#mention-list"), false);
        await ana.page.fill("#composer-text", "");
    });

    test("a name that is whole is sent by Enter as it is", async () => {
        await type(ana, "@carla");
        await namesAre(ana, ["Carla"]);
        await ana.page.keyboard.press("Enter");
        await ana.sees("@Carla");
        assert.equal(await ana.page.inputValue("#composer-text"), "");
        assert.equal(await ana.page.isVisible("#mention-list"), false);
    });

    test("what was sent before the names came opens no list", async () => {
        await ana.page.route("**/users/?*", async (route) => {
            await held;
            await route.continue();
        });
        let release;
        const held = new Promise((resolve) => {
            release = resolve;
        });
        const asked = ana.page.waitForRequest((request) => request.url().includes("q=carla"));
        await type(ana, "Hear, hear, @carla");
        await asked;
        await ana.page.keyboard.press("Enter");
        await ana.sees("Hear, hear, @Carla");
        const answered = ana.page.waitForResponse((response) => response.url().includes("q=carla"));
        release();
        await answered;
        await ana.page.unroute("**/users/?*");
        await type(ana, "@bea");
        await namesAre(ana, ["Bea"]);
        await ana.page.keyboard.press("Escape");
        await ana.page.fill("#composer-text", "");
    });

    test("in a thread and in an edit it is the same, and Escape closes the list alone", async () => {
        await ana.say("to be changed");
        await ana.sees("to be changed");
        await ana.page.press("#composer-text", "ArrowUp");
        await ana.page.fill(".edit-text", "");
        await type(ana, "@bea", ".edit-text");
        await namesAre(ana, ["Bea"]);
        await ana.page.keyboard.press("Escape");
        assert.equal(await ana.page.isVisible(".edit-text"), true);
        await ana.page.fill(".edit-text", "");
        await type(ana, "ask @be", ".edit-text");
        await namesAre(ana, ["Bea", "Ben Baker", "Benedict"]);
        await ana.page.keyboard.press("Enter");
        assert.equal(await ana.page.inputValue(".edit-text"), "ask @Bea ");
        await ana.page.keyboard.press("Enter");
        await ana.sees("ask @Bea");

        const { id } = await stack.post("a thread");
        await stack.post("its answer", { reply_to: id });
        await ana.page.click(`.msg[data-id="${id}"] .msg-replies`);
        await ana.page.waitForSelector("#thread .composer-text");
        await type(ana, "@carl", "#thread .composer-text");
        await namesAre(ana, ["Carla"]);
        await ana.page.keyboard.press("Escape");
        assert.equal(await ana.page.isVisible("#mention-list"), false);
        assert.equal(await ana.page.isVisible("#thread .composer-text"), true);
        await ana.page.click(".thread-close");
    });

    test("by touch on a phone", async () => {
        const phone = await Person.enter(browser, {
            options: { viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true },
        });
        await phone.join(stack.url, "pia");
        await phone.linkIs("live");
        await phone.page.tap("#composer-text");
        await phone.page.keyboard.type("Hi @be");
        await namesAre(phone, ["Bea", "Ben Baker", "Benedict"]);
        const box = await phone.page.locator(OPEN).boundingBox();
        assert.ok(box.x >= 0 && box.x + box.width <= 360 && box.y >= 0);
        await phone.page.tap(`${OPEN} li:has-text("Benedict")`);
        assert.equal(await phone.page.inputValue("#composer-text"), "Hi @Benedict ");
        assert.equal(await phone.page.evaluate(() => document.activeElement.id), "composer-text");
        assert.deepEqual(phone.faults, []);
        await phone.leave();
    });
});
