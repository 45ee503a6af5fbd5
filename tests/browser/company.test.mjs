// What people do together beside talking in one room: a conversation of several, links to messages, finding
// what another said, going to a day, another name, refusing strangers. Each has a page of their own and sees what the other does.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, Person, Stack, until } from "./lib.mjs";

const NAMES = ["ana", "ben", "cleo"];

let stack;
let browser;
const people = {};
const tokens = {};
const ids = {};

async function ask(who, method, path, body = {}) {
    const answer = await fetch(`${stack.origin}/api/stocks/chat/${path}`, {
        method,
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${tokens[who]}` },
        body: method === "GET" ? undefined : JSON.stringify(body),
    });
    assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
    return answer.status === 204 ? null : answer.json();
}

before(async () => {
    stack = await Stack.start({ conf: { rate_address_burst: "5000", rate_user_burst: "500", rate_search_burst: "500", browser_token: "cookie:host" } });
    browser = await launch();
    for (const [number, name] of NAMES.entries()) {
        tokens[name] = await stack.token(number + 1, name);
        people[name] = await Person.enter(browser, {
            options: { permissions: ["clipboard-read", "clipboard-write"] },
            cookies: [{ name: "host", value: tokens[name], url: stack.origin }],
        });
        await people[name].open(stack.url);
        await people[name].linkIs("live");
        await people[name].say(`${name} is here`);
        await people[name].sees(`${name} is here`);
        ids[name] = (await ask(name, "GET", "me/")).user.id;
    }
    tokens.mod = await stack.token(9, "mod", "moderator");
});
after(async () => {
    for (const person of Object.values(people)) {
        assert.deepEqual(person.faults, []);
    }
    await browser?.close();
    await stack?.stop();
});

const link = (person, slug) => person.page.locator(`.room[data-room="${slug}"]`);
const withText = (text) => `#rows .msg:not([data-seq=""]):has(.msg-text:text-is("${text}"))`;

async function enter(person, slug) {
    await link(person, slug).click();
    await person.page.waitForSelector(`.room[data-room="${slug}"][aria-current]`);
}

test("a conversation of three is in everybody's list at once, each hears the others, and who leaves is gone", async () => {
    const { ana, ben, cleo } = people;
    await ana.page.click("#new-room");
    const names = ana.page.locator(".sheet-new input").first();
    await names.fill("ben, cl");
    await ana.page.waitForSelector('.sheet-new datalist option[value="ben, cleo"]', { state: "attached" });
    await names.fill("ben, cleo");
    await ana.page.click('.sheet-new button:text-is("Start")');
    await ana.page.waitForSelector('.room[aria-current]:has(.room-name:text-is("ben, cleo"))');
    const room = { id: await ana.page.locator(".room[aria-current]").getAttribute("data-room") };
    for (const [person, title] of [[ana, "ben, cleo"], [ben, "ana, cleo"], [cleo, "ana, ben"]]) {
        await link(person, room.id).waitFor();
        assert.equal(await link(person, room.id).locator(".room-name").textContent(), title);
        await enter(person, room.id);
    }
    for (const [person, text] of [[ana, "three of us"], [ben, "two would do"], [cleo, "four is a crowd"]]) {
        await person.say(text);
        await Promise.all([ana, ben, cleo].map((reader) => reader.sees(text)));
    }
    await cleo.page.click("#room-about");
    await cleo.page.click('.sheet-about button:text-is("Leave this conversation")');
    await cleo.page.click('.sheet-confirm button:text-is("Leave")');
    await cleo.page.waitForSelector('.toast-line:text-is("You are no longer in ana, ben.")');
    await until(async () => (await link(cleo, room.id).count()) === 0, "it is off the list");
    await ana.page.waitForSelector('#room-title:text-is("ben")');
    await ana.say("two are left");
    await ben.sees("two are left");
    const plain = await Person.enter(browser, { options: { javaScriptEnabled: false }, cookies: await ben.context.cookies() });
    await plain.open(stack.room(room.id));
    await plain.follow("#room-about");
    await plain.follow('button:text-is("Leave this conversation")');
    assert.equal(await link(plain, room.id).count(), 0);
    await plain.leave();
    await ana.page.waitForSelector('#room-title:text-is("Just you")');
    await enter(ana, "general");
    for (const person of [ben, cleo]) {
        await person.page.waitForSelector('.room[data-room="general"][aria-current]');
    }
});

test("a hidden conversation is gone from every page of who hid it; a message brings it back, and so does its person", async () => {
    const { ana, ben } = people;
    const { room } = await ask("ana", "POST", "direct/", { user_id: ids.ben });
    const listed = (person) => person.page.locator(`#direct-list .room[data-room="${room.id}"]`);
    const away = (person) => person.page.locator(`#away-list .room[data-room="${room.id}"]`);
    const tab = await Person.enter(browser, { cookies: await ana.context.cookies() });
    await tab.open(stack.url);
    await tab.linkIs("live");
    await listed(ana).click();
    await ana.say("for later");
    await ben.page.waitForSelector(`#direct-list .room[data-room="${room.id}"].has-unread`);
    await enter(ana, "general");
    await listed(ben).click();
    await ben.say("as you like");
    await Promise.all([ana, tab].map((person) => person.waitForUnread(room.id, "1"))); // who looks reads it at once
    await listed(ana).click();
    await ana.sees("as you like");

    await ana.page.click("#room-about");
    await ana.page.click('.sheet-about button:text-is("Hide this conversation")');
    await ana.page.waitForSelector('.toast-line:text-is("ben is hidden until the next message.")');
    await ana.page.waitForSelector('#room-title:text-is("General")');
    for (const person of [ana, tab]) {
        await away(person).waitFor({ state: "attached" });
        assert.equal(await listed(person).count(), 0);
        await person.waitForUnread(room.id, "");
        assert.ok(!(await away(person).isVisible()), "the list of what is hidden is folded");
    }
    assert.equal(await listed(ben).count(), 1);
    await tab.page.click("#away summary");
    await away(tab).click();
    await tab.sees("as you like");
    await enter(tab, "general");

    await ben.say("one more thing");
    for (const person of [ana, tab]) {
        await listed(person).waitFor();
        await person.waitForUnread(room.id, "1");
        assert.ok(!(await person.page.locator("#away").isVisible()));
    }
    await ask("ana", "PUT", `rooms/${room.id}/hide/`);
    await away(ana).waitFor({ state: "attached" });
    await ana.page.click('.msg-author:text-is("ben")');
    await ana.page.click('.sheet-card button:text-is("Message")');
    await ana.sees("one more thing");
    await Promise.all([ana, tab].map((person) => listed(person).waitFor()));
    assert.deepEqual(tab.faults, []);

    const plain = await Person.enter(browser, { options: { javaScriptEnabled: false }, cookies: await ana.context.cookies() });
    await plain.open(stack.room(room.id));
    await plain.follow("#room-about");
    await plain.follow('button:text-is("Hide this conversation")');
    assert.equal(await plain.page.textContent("#room-title"), "General");
    assert.equal(await listed(plain).count(), 0);
    await Promise.all([ana, tab].map((person) => away(person).waitFor({ state: "attached" })));
    await plain.page.click("#away summary");
    await plain.follow(away(plain));
    await plain.follow("#room-about");
    await plain.follow('button:text-is("Show it in the list")');
    assert.ok(await listed(plain).isVisible());
    await Promise.all([ana, tab].map((person) => listed(person).waitFor()));
    await plain.leave();
    await tab.leave();
    await Promise.all([ana, ben].map((person) => enter(person, "general")));
});

test("each page lists rooms and conversations as one that is loaded now: new ones, and whichever was heard of last", async () => {
    const { ana, ben, cleo } = people;
    const namesOf = ({ page }) => page.$$eval("#room-list .room-name, #direct-list .room-name", (names) => names.map((name) => name.textContent));
    const sameAsFresh = async (person) => {
        const fresh = await Person.enter(browser, { options: { javaScriptEnabled: false }, cookies: await person.context.cookies() });
        await fresh.open(stack.url);
        const wanted = await namesOf(fresh);
        await fresh.leave();
        const isSame = async () => JSON.stringify(await namesOf(person)) === JSON.stringify(wanted);
        await until(isSame, "in this order").catch(async () => assert.deepEqual(await namesOf(person), wanted));
        return wanted;
    };
    await ask("ben", "POST", "direct/", { user_id: ids.ana });
    await sameAsFresh(ana);
    const { room } = await ask("cleo", "POST", "direct/", { user_id: ids.ana });
    const names = await sameAsFresh(ana);
    assert.ok(names.indexOf("cleo") < names.indexOf("ben"), "the new one is above");
    const other = ana.page.locator('#direct-list .room:has(.room-name:text-is("ben"))');
    await other.focus();
    await ask("ana", "POST", "messages/create/", { message: "up again", room: await other.getAttribute("data-room") });
    await ana.page.waitForSelector('#direct-list li:first-child .room-name:text-is("ben")');
    assert.ok(await other.evaluate((link) => link === document.activeElement), "the focus stays where it was");
    await sameAsFresh(ana);
    await sameAsFresh(ben);
    for (const title of ["Yield", "Options", "Arbitrage"]) {
        await cleo.page.click("#new-room");
        await cleo.page.fill("#new-room-title", title);
        await cleo.page.click('.sheet-new button:text-is("Open")');
        await cleo.page.waitForSelector(`#room-title:text-is("${title}")`);
        await sameAsFresh(cleo);
    }
    await ask("ana", "POST", "messages/create/", { message: "not to be missed", room: room.id });
    await cleo.waitForUnread(room.id, "1");
    await sameAsFresh(cleo);
    await enter(cleo, "general");
});

test("a link to a message leads the other to it among what was said around it, with and without scripts", async () => {
    const { ana, ben } = people;
    await ana.say("the one to remember");
    await ana.sees("the one to remember");
    for (let i = 0; i < 60; i++) {
        await ask("cleo", "POST", "messages/create/", { message: `noise ${i}` });
    }
    await Promise.all([ana.sees("noise 59"), ben.sees("noise 59")]);
    const row = ana.page.locator(withText("the one to remember"));
    await row.hover();
    await row.locator(".msg-more").click();
    await ana.page.click('.sheet-menu .menu-item:text-is("Copy link")');
    await ana.page.waitForSelector('.toast-line:text-is("Link copied.")');
    const address = await ana.page.evaluate(() => navigator.clipboard.readText());
    assert.match(address, /\/m\/\d+\/#m\d+$/);
    const plain = await Person.enter(browser, { options: { javaScriptEnabled: false }, cookies: await ben.context.cookies() });
    for (const reader of [ben, plain]) {
        await reader.open(address);
        assert.equal(await reader.page.locator(".msg-target .msg-text").textContent(), "the one to remember");
        await reader.page.locator(withText("noise 24")).waitFor();
        assert.equal(await reader.page.locator(withText("noise 40")).count(), 0);
    }
    await plain.leave();
    await ben.open(stack.url);
    await ben.linkIs("live");
});

test("what one just said the other finds, and what was taken back is found no more", async () => {
    const { ana, ben } = people;
    await ana.say("molybdenum is quiet");
    await ana.sees("molybdenum is quiet");
    await ben.page.click(".open-search");
    const found = ben.page.locator('.sheet-search .found-text:has-text("molybdenum is quiet")');
    await ben.page.fill(".search-text", "molybdenum");
    await found.waitFor();
    const row = ana.page.locator(withText("molybdenum is quiet"));
    await row.hover();
    await row.locator(".msg-more").click();
    await ana.page.click('.sheet-menu .menu-item:text-is("Delete")');
    await ana.page.click('.sheet-confirm button:text-is("Delete")');
    await ben.page.waitForSelector("#rows .msg-gone", { state: "attached" });
    await ben.page.fill(".search-text", "molybdenum is");
    await until(async () => (await found.count()) === 0, "it is found no more", 60);
    await ben.page.keyboard.press("Escape");
    await ben.page.waitForSelector(".sheet-search", { state: "detached" });
});

test("a day leads to the first that was said since, with and without scripts", async () => {
    const { ben } = people;
    const day = new Date(Date.now() - 2 * 86400000).toISOString().slice(0, 10); // whatever the clock says meanwhile
    await ben.page.click(".open-search");
    await ben.page.fill(".sheet-search .search-day input", day);
    await ben.page.click(".sheet-search .search-day button");
    await ben.page.waitForSelector('.msg-target .msg-text:text-is("ana is here")');
    const plain = await Person.enter(browser, { options: { javaScriptEnabled: false }, cookies: await ben.context.cookies() });
    await plain.open(`${stack.url}search/?room=general`);
    await plain.page.fill("#search-day", day);
    await plain.follow(".search-day button");
    assert.equal(await plain.page.locator(".msg-target .msg-text").textContent(), "ana is here");
    await plain.leave();
    await ben.open(stack.url);
    await ben.linkIs("live");
});

test("who is called otherwise is so in every page at once: rows, quotes, mentions, pins, lists", async () => {
    const { ana, ben, cleo } = people;
    await ask("cleo", "POST", "messages/create/", { message: "a question for @ben" });
    const { message } = await ask("ben", "POST", "messages/create/", { message: "my answer" });
    await ask("ana", "POST", "messages/create/", { message: "so that is it", reply_to: message.id });
    await ask("mod", "PUT", `messages/${message.id}/pin/`);
    const { room } = await ask("ana", "POST", "direct/", { user_id: ids.ben });
    await link(ana, room.id).waitFor();
    await ana.sees("so that is it");
    await ana.page.waitForSelector("#pins:not([hidden])");
    await ana.page.waitForSelector('.person-name:text-is("ben")');
    const away = await ana.apart(browser);
    await away.open(stack.url);
    await away.sees("so that is it");
    await away.context.setOffline(true);
    const shown = ({ page }) =>
        page.evaluate(() => {
            const texts = (list, selector) => list.flatMap((node) => [...node.querySelectorAll(selector)].map((one) => one.textContent));
            const rows = [...document.querySelectorAll("#rows .msg")].slice(-3);
            const initials = rows.map((row) => row.querySelector(".avatar").dataset.initial);
            const parts = [".msg-author", ".quote-author", ".quote-text", ".mention"].map((name) => texts(rows, name));
            return JSON.stringify([initials, parts, texts([document], "#direct-list .room-name, .person-name, #pins bdi").sort()]);
        });

    tokens.ben = await stack.token(2, "Benedict");
    await ask("ben", "GET", "me/");
    await until(async () => !/"@?ben\b/.test(await shown(ana)), "nothing says ben any more", 60);
    await away.context.setOffline(false);
    await until(async () => !/"@?ben\b/.test(await shown(away)), "nor where one was away", 90);
    await ana.page.waitForSelector('.mention:text-is("@Benedict")');
    await ana.page.waitForSelector('.person-name:text-is("Benedict")');
    await until(async () => (await ben.page.textContent(".me-name")) === "Benedict", "to themselves, too", 60);
    const fresh = await Person.enter(browser, { cookies: await ana.context.cookies() });
    await fresh.open(stack.url);
    await fresh.linkIs("live");
    for (const person of [ana, away]) {
        const same = async () => (await shown(person)) === (await shown(fresh));
        await until(same, "as on a page that is loaded now", 20).catch(async () => assert.equal(await shown(person), await shown(fresh)));
    }
    assert.deepEqual([fresh.faults, away.faults], [[], []]);
    await fresh.leave();
    await away.leave();
    assert.equal(await cleo.page.locator('.mention:text-is("@ben")').count(), 0);
});

test("who wants no messages of strangers gets none, and the stranger is told", async () => {
    const person = await Person.enter(browser, { cookies: [{ name: "host", value: await stack.token(4, "dan"), url: stack.origin }] });
    await person.open(stack.url);
    await person.linkIs("live");
    await people.cleo.open(`${stack.url}me/`);
    await people.cleo.page.selectOption("#account-direct", "nobody");
    await people.cleo.page.click('button:text-is("Save")');
    await people.cleo.page.waitForSelector("#account-direct");
    await people.cleo.open(stack.url);
    await people.cleo.linkIs("live");
    const before = await people.cleo.page.locator("#direct-list .room").count();
    await person.page.locator('#rows .msg:not(.msg-cont) .msg-author:text-is("cleo")').last().click();
    await person.page.click('.sheet-card button:text-is("Message")');
    await person.page.waitForSelector('.toast-line:text-is("This person does not take messages from you.")');
    await person.page.keyboard.press("Escape");
    assert.equal(await person.page.locator("#direct-list .room").count(), 0);
    await ask("ana", "POST", "messages/create/", { message: "later than that", room: "general" });
    await people.cleo.sees("later than that");
    assert.equal(await people.cleo.page.locator("#direct-list .room").count(), before);
    assert.deepEqual(person.faults, []);
    await person.leave();
});
