// Private rooms and conversations: opening, inviting, entering and leaving, live for both sides and
// without scripts; how the windows look, and axe on them.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { launch, Person, ROOT, Stack, until } from "./lib.mjs";

const SHOTS = `${ROOT}/build/screenshots`;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const LOOKS = [
    { viewport: { width: 360, height: 740 }, colorScheme: "light" },
    { viewport: { width: 1280, height: 800 }, colorScheme: "dark" },
];

let stack;
let browser;
let people;

async function enter(number, name, options = {}) {
    const value = await stack.token(number, name);
    return Person.enter(browser, { options, cookies: [{ name: "host", value, url: stack.origin }] });
}

before(async () => {
    stack = await Stack.start({ conf: { rate_address_burst: "5000", browser_token: "cookie:host" } });
    browser = await launch();
    people = {};
    for (const [number, name] of ["ana", "ben", "eve"].entries()) {
        people[name] = await enter(number + 1, name);
        await people[name].open(stack.url);
        await people[name].linkIs("live");
        await people[name].say(`${name} is here`);
        await people[name].sees(`${name} is here`);
    }
});
after(async () => {
    for (const person of Object.values(people)) {
        assert.deepEqual(person.faults, []);
    }
    await browser?.close();
    await stack?.stop();
});

const listed = (person, title) => person.page.locator(`#room-list .room:has(.room-name:text-is("${title}"))`);
const away = (person, title) => person.page.locator(`#away-list .room:has(.room-name:text-is("${title}"))`);
const link = (person, title) => person.page.locator(`.room:has(.room-name:text-is("${title}"))`);

async function openRoom(person, title) {
    await person.page.click("#new-room");
    await person.page.fill("#new-room-title", title);
    await person.page.click('.sheet-new button:text-is("Open")');
    await person.page.waitForSelector(`#room-title:text-is("${title}")`);
}

// By the window about the room in view.
async function invite(person, name) {
    await person.page.click("#room-about");
    await person.page.fill(".sheet-about .sheet-form input", name.slice(0, 2));
    await person.page.waitForSelector(`.sheet-about datalist option[value="${name}"]`, { state: "attached" });
    await person.page.fill(".sheet-about .sheet-form input", name);
    await person.page.click('.sheet-about button:text-is("Invite")');
    await person.page.waitForSelector(`.sheet-about li:has-text("${name}")`);
    await person.page.keyboard.press("Escape");
}

test("a private room: opened, entered by invitation, and left for good when one is removed", async () => {
    const { ana, ben, eve } = people;
    await openRoom(ana, "Block desk");
    await invite(ana, "ben");
    await ben.page.waitForSelector('.invitation-title:text-is("Block desk")');
    assert.equal(await ben.page.textContent(".invitation-by"), "ana");
    await ben.page.click('.invitation button:text-is("Accept")');
    await ben.page.waitForSelector('#room-title:text-is("Block desk")');
    await ben.page.waitForSelector("#invitations", { state: "hidden" });
    await ana.say("only for us");
    await ben.sees("only for us");
    await ben.say("understood");
    await ana.sees("understood");
    assert.equal(await link(eve, "Block desk").count(), 0);

    await ana.page.click("#room-about");
    await ana.page.click('.sheet-about button[aria-label="Remove: ben"]');
    await ben.page.waitForSelector('.toast-line:text-is("You are no longer in Block desk.")');
    await until(async () => (await link(ben, "Block desk").count()) === 0, "the room is off the list");
    await ben.page.waitForSelector('#room-title:text-is("General")');
    assert.ok(!(await ben.texts()).includes("only for us"));
    await ana.page.keyboard.press("Escape");
});

test("a room is left by whoever wants to, and the other sees it at once", async () => {
    const { ana, ben } = people;
    await openRoom(ben, "Futures");
    await invite(ben, "ana");
    await ana.page.click('.invitation:has(.invitation-title:text-is("Futures")) button:text-is("Accept")');
    await ana.page.waitForSelector('#room-title:text-is("Futures")');
    await ben.page.click("#room-about");
    await ben.page.waitForSelector('.sheet-about li:has-text("ana")');
    await ana.page.click("#room-about");
    await ana.page.click('.sheet-about button:text-is("Leave this room")');
    await ana.page.click('.sheet-confirm button:text-is("Leave")');
    await ana.page.waitForSelector('.toast-line:text-is("You are no longer in Futures.")');
    await ben.page.waitForSelector('.sheet-about li:has-text("ana")', { state: "detached" });
    await ben.page.keyboard.press("Escape");
});

test("what an owner changes is seen at once, and a muted room keeps quiet in every page of its reader", async () => {
    const { ana, ben } = people;
    await openRoom(ana, "Options");
    await invite(ana, "ben");
    await ben.page.click('.invitation:has(.invitation-title:text-is("Options")) button:text-is("Accept")');
    await ben.page.waitForSelector('#room-title:text-is("Options")');
    await ana.page.click("#room-about");
    await ana.page.click('.sheet-about button:text-is("Settings")');
    await ana.page.fill("#set-title", "Index options");
    await ana.page.fill("#set-topic", "Expiry week");
    await ana.page.selectOption("#set-post_policy", "moderators");
    await ana.page.click('.sheet-about button:text-is("Save")');
    await ben.page.waitForSelector('#room-title:text-is("Index options")');
    await ben.page.waitForSelector('#room-topic:text-is("Expiry week")');
    await ben.say("may I?");
    await ben.page.waitForSelector('.msg-failed:has-text("Only moderators write in this room.")');
    await ben.page.click('.msg-failed button[data-action="edit"], .msg-failed button >> nth=-1');

    const second = await Person.enter(browser, { cookies: await ben.context.cookies() });
    await second.open(stack.url);
    await second.linkIs("live");
    await ben.page.click("#room-about");
    await ben.page.click('.sheet-about button:text-is("until the market closes")');
    await ben.page.waitForSelector('.sheet-about button:text-is("Hear it again")');
    await ben.page.keyboard.press("Escape");
    await second.page.waitForSelector('.room.is-muted:has(.room-name:text-is("Index options"))');
    await ben.page.waitForSelector('.room.is-muted:has(.room-name:text-is("Index options"))');
    await second.leave();
});

test("a room is archived and opened again by its owner, and whoever is in it sees that at once", async () => {
    const { ana, ben } = people;
    await openRoom(ana, "Earnings");
    await invite(ana, "ben");
    await ben.page.click('.invitation:has(.invitation-title:text-is("Earnings")) button:text-is("Accept")');
    await ben.page.waitForSelector('#room-title:text-is("Earnings")');
    await ben.say("the call is over");
    await ana.sees("the call is over");
    await ana.page.click("#room-about");
    await ana.page.click('.sheet-about button:text-is("Archive this room")');
    await ben.page.waitForSelector('.toast-line:text-is("This room was archived: its messages stay, and nobody writes here.")');
    await until(async () => (await listed(ben, "Earnings").count()) === 0, "it is off the list");
    assert.ok(await away(ben, "Earnings").isHidden());
    await ben.sees("the call is over");
    const later = await Person.enter(browser, { cookies: await ben.context.cookies() });
    await later.open(stack.url);
    await later.linkIs("live");
    await later.page.click("#away summary");
    await away(later, "Earnings").click();
    await later.sees("the call is over");
    await later.page.waitForSelector('#room-title:text-is("Earnings")');
    for (const person of [ben, later]) {
        await person.page.waitForSelector('#room-topic:text-is("Archived: nobody writes here.")');
    }
    await ben.say("too late");
    await ben.page.waitForSelector('.msg-failed:has-text("This room is archived.")');
    await ana.page.click('.sheet-about button:text-is("Open this room again")');
    await ana.page.keyboard.press("Escape");
    await Promise.all([ben, later].map((person) => listed(person, "Earnings").waitFor()));
    await until(async () => (await ben.page.textContent("#room-topic")) === "", "it says so no more");
    assert.deepEqual(later.faults, []);
    await later.leave();
    await ben.page.click('.msg-failed button:text-is("Try again")');
    await ana.sees("too late");
    await link(ana, "General").click();
    await ana.page.click("#room-about");
    await ana.page.waitForSelector(".beside-mute");
    assert.equal(await ana.page.locator('.sheet-about button:text-is("Archive this room")').count(), 0, "the default room stays");
    await ana.page.keyboard.press("Escape");
});

test("a conversation begins at a person's name, and the other has it live", async () => {
    const { ana, eve } = people;
    await link(eve, "General").click();
    await eve.page.click('.msg-author:text-is("ana")');
    await eve.page.click('.sheet-card button:text-is("Message")');
    await eve.page.waitForSelector('#room-title:text-is("ana")');
    await eve.say("just between us");
    await eve.sees("just between us");
    await link(ana, "eve").waitFor();
    await ana.page.waitForFunction(() => document.querySelector("#direct-list .room.has-unread .room-unread")?.firstChild?.textContent === "1");
    await link(ana, "eve").click();
    await ana.sees("just between us");
    await ana.say("heard");
    await eve.sees("heard");
    assert.equal(await ana.page.textContent("#room-title"), "eve");
});

test("without scripts: a room is opened, entered and left by forms", async () => {
    const plain = { javaScriptEnabled: false };
    const [gil, hal] = [await enter(21, "gil", plain), await enter(22, "hal", plain)];
    for (const person of [gil, hal]) {
        await person.open(stack.url);
        await person.page.fill("#composer-text", "no scripts here");
        await person.follow("#composer button");
        await person.page.waitForSelector(".msg");
    }
    await gil.follow("#new-room");
    await gil.page.fill("#room-name", "Plain room");
    await gil.follow('form:has(#room-name) button');
    assert.equal(await gil.page.textContent("#room-title"), "Plain room");
    await gil.follow("#room-about");
    await gil.page.fill("#invite-name", "HAL");
    await gil.follow('button:text-is("Invite")');
    await hal.open(stack.url);
    await hal.follow('.invitation button:text-is("Accept")');
    assert.equal(await hal.page.textContent("#room-title"), "Plain room");
    await hal.follow("#room-about");
    assert.match(await hal.page.textContent(".beside-list"), /gil.*owner.*hal/s);
    assert.equal(await hal.page.locator('button:text-is("Archive this room")').count(), 0);
    await gil.follow("#room-about");
    await gil.follow('button:text-is("Archive this room")');
    await hal.open(stack.url);
    assert.equal(await listed(hal, "Plain room").count(), 0);
    await hal.page.click("#away summary");
    await hal.follow(away(hal, "Plain room"));
    assert.equal(await hal.page.textContent("#room-title"), "Plain room");
    assert.equal((await hal.page.textContent("#room-topic")).trim(), "Archived: nobody writes here.");
    assert.ok(await away(hal, "Plain room").isVisible(), "the list is open where one is in it");
    await gil.follow('button:text-is("Open this room again")');
    await hal.open(stack.url);
    await hal.follow(link(hal, "Plain room"));
    await hal.follow("#room-about");
    await hal.follow('button:text-is("Leave this room")');
    assert.equal(await link(hal, "Plain room").count(), 0);

    await hal.follow("#new-room");
    await hal.page.fill("#talk-name", "gil");
    await hal.follow('form:has(#talk-name) button');
    assert.equal(await hal.page.textContent("#room-title"), "gil");
    await gil.open(stack.url);
    await gil.follow(link(gil, "hal"));
    assert.equal(await gil.page.textContent("#room-title"), "hal");
    await gil.leave();
    await hal.leave();
});

async function judge(person, name) {
    mkdirSync(SHOTS, { recursive: true });
    await person.page.screenshot({ path: `${SHOTS}/rooms-${name}.png` });
    const { violations } = await person.page.evaluate(`${AXE}; axe.run({ resultTypes: ["violations"] })`);
    const bad = violations.filter((one) => ["serious", "critical"].includes(one.impact));
    assert.deepEqual(
        bad.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" | ")}`),
        [],
        name,
    );
}

// Each label stands above its field, and not in the ring that the field has with the focus.
async function clearOfLabels(page, place) {
    for (const input of await page.locator(`${place} .form-control`).all()) {
        await input.focus();
        const room = await input.evaluate((field) => {
            const { outlineOffset, outlineWidth } = getComputedStyle(field);
            const gap = field.getBoundingClientRect().top - field.labels[0].getBoundingClientRect().bottom;
            return gap - parseFloat(outlineOffset) - parseFloat(outlineWidth);
        });
        assert.ok(room >= 2, `${await input.getAttribute("id")}: ${room} px between label and ring`);
    }
}

for (const look of LOOKS) {
    const name = `${look.viewport.width}-${look.colorScheme}`;
    test(`${name}: lists and windows leave nobody out`, async () => {
        const { ana, ben } = people;
        await openRoom(ben, `Week ahead ${name}`);
        await invite(ben, "ana");
        const person = await enter(1, "ana", look);
        await person.open(stack.url);
        await person.linkIs("live");
        const openList = () => look.viewport.width < 768 && person.page.click(".open-rooms");
        await openList();
        await judge(person, `${name}-list`);
        await person.page.click("#new-room");
        await person.page.waitForSelector(".sheet-new");
        await judge(person, `${name}-new`);
        await clearOfLabels(person.page, ".sheet-new");
        await person.page.click(".sheet-close");
        await openList();
        await link(person, "Block desk").click();
        await person.page.waitForSelector('#room-title:text-is("Block desk")');
        await person.page.click("#room-about");
        await person.page.waitForSelector(".sheet-about");
        await judge(person, `${name}-about`);
        await person.page.keyboard.press("Escape");
        await person.page.click(".msg-author >> nth=0");
        await person.page.waitForSelector(".sheet-card");
        await judge(person, `${name}-card`);
        for (const [page, path] of [["about", "r/general/about/"], ["person", "u/2/"], ["new", "new/"]]) {
            await person.open(`${stack.url}${path}`);
            await judge(person, `${name}-page-${page}`);
            await clearOfLabels(person.page, "main");
        }
        await person.leave();
        await ana.page.bringToFront();
    });
}
