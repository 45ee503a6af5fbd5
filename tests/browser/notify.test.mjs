// What calls for a reader who looks elsewhere: notifications, a sound, a dot on the icon; and when none of it does.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { launch, Person, ROOT, roomState, Stack, until } from "./lib.mjs";

const SHOTS = `${ROOT}/build/screenshots`;

let stack;
let browser;
let tokens;
let ids;

before(async () => {
    stack = await Stack.start({ conf: { browser_token: "cookie:host", rate_address_burst: "5000", rate_user_burst: "5000" } });
    browser = await launch();
    mkdirSync(SHOTS, { recursive: true });
    tokens = { ana: await stack.token(1, "ana"), ben: await stack.token(2, "ben") };
    ids = {};
    for (const name of ["ana", "ben"]) {
        ids[name] = (await ask(name, "GET", "me/")).user.id;
    }
    await write("utilities", "here I am", "ana"); // whom nobody ever heard of cannot be written to
});
after(async () => {
    await browser?.close();
    await stack?.stop();
});

async function ask(who, method, path, body) {
    const answer = await fetch(`${stack.origin}/api/stocks/chat/${path}`, {
        method,
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${tokens[who]}` },
        body: body && JSON.stringify(body),
    });
    assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
    return answer.status === 204 ? null : answer.json();
}

const write = (room, message, who = "ben") => stack.post(message, { room }, { Authorization: `Bearer ${tokens[who]}` });

// In the place of the browser's own: what is shown can be seen, and what it answers when it is asked is known.
function pretend({ answer, throws }) {
    globalThis.shown = [];
    globalThis.asked = 0;
    globalThis.tones = 0;
    globalThis.Notification = class {
        static permission = "default";
        static async requestPermission() {
            globalThis.asked++;
            this.permission = answer;
            return answer;
        }
        constructor(title, options) {
            if (throws) {
                throw new TypeError("Illegal constructor. Use ServiceWorkerRegistration.showNotification() instead.");
            }
            globalThis.shown.push(Object.assign(this, { title, body: options.body, tag: options.tag, open: true }));
        }
        addEventListener(type, call) {
            this[`on${type}`] = call;
        }
        close() {
            this.open = false;
        }
    };
    const start = OscillatorNode.prototype.start;
    OscillatorNode.prototype.start = function (...when) {
        globalThis.tones++;
        return start.apply(this, when);
    };
}

// Ana, with these settings, in a browser that answers so.
async function sit(behaviour, prefs) {
    await ask("ana", "PATCH", "me/", { prefs: { notify: "off", notify_text: "off", sound: "off", ...prefs } });
    const person = await Person.enter(browser, { cookies: [{ name: "host", value: tokens.ana, url: stack.origin }] });
    await person.context.addInitScript(pretend, { answer: "granted", throws: false, ...behaviour });
    await person.open(stack.room("general"));
    await person.linkIs("live");
    return person;
}

async function openSettings({ page }) {
    await page.click("#notify");
    await page.waitForSelector(".sheet-notify");
}

const pref = async (name) => (await ask("ana", "GET", "me/")).prefs[name];

async function switchTo(person, on) {
    await openSettings(person);
    await person.page.setChecked(".sheet-notify input >> nth=0", on);
    await until(async () => (await pref("notify")) === (on ? "on" : "off"), "the choice is kept");
    await person.page.waitForFunction((shown) => !shown || globalThis.shown.length > 0, on);
    await person.page.keyboard.press("Escape");
    await person.page.waitForSelector(".sheet-notify", { state: "detached" });
}

// Of all tabs of somebody: what is shown, without the sample.
async function shown(...people) {
    const all = await Promise.all(people.map(({ page }) => page.evaluate(() => globalThis.shown.filter(({ tag }) => tag !== "outcry:sample").map(({ title, body, open }) => ({ title, body, open })))));
    return all.flat();
}

const direct = async () => (await ask("ben", "POST", "direct/", { user_id: ids.ana })).room.id;

test("nobody is asked, and nothing is shown, until somebody switches it on; then direct messages and mentions call", { timeout: 240000 }, async () => {
    const ana = await sit({});
    const { page } = ana;
    const room = await direct();
    await page.waitForSelector(`.room[data-room="${room}"]`, { state: "attached" });
    await write(room, "before");
    await ana.waitForUnread(room, "1");
    assert.deepEqual([await page.evaluate(() => globalThis.asked), await shown(ana), await page.evaluate(() => globalThis.tones)], [0, [], 0]);

    await switchTo(ana, true);
    assert.equal(await page.evaluate(() => globalThis.asked), 1);
    await write(room, "a **secret** word");
    await until(async () => (await shown(ana)).length === 1, "a direct message calls");
    assert.deepEqual(await shown(ana), [{ title: "ben", body: "Sent you a message", open: true }]);

    await openSettings(ana);
    await page.screenshot({ path: `${SHOTS}/notify-settings.png` });
    await page.setChecked(".sheet-notify input >> nth=1", true);
    await until(async () => (await pref("notify_text")) === "on", "the choice is kept");
    await page.keyboard.press("Escape");
    const mention = await write("energy", "look at crude, @ana");
    await until(async () => (await shown(ana)).length === 2, "a mention calls");
    assert.deepEqual((await shown(ana))[1], { title: "ben in Energy", body: "look at crude, @ana", open: true });

    await page.evaluate(() => globalThis.shown.at(-1).onclick());
    await page.waitForSelector(`.msg-target[data-id="${mention.id}"]`);
    assert.equal(await page.textContent("#room-title"), "Energy");
    await until(async () => !(await shown(ana))[1].open, "what was opened is not left behind");

    await page.click(`.room[data-room="${room}"]`);
    await until(async () => (await shown(ana)).every(({ open }) => !open), "what is read calls no longer");
    assert.deepEqual(ana.faults, []);
    await ana.leave();
});

// Whatever must not call is followed by something that does: until that is shown, the other would have been.
test("one's own, muted rooms, what is in view and what others say to others do not call", { timeout: 240000 }, async () => {
    const ana = await sit({}, { notify: "on", notify_text: "on" });
    await ana.page.evaluate(() => Notification.requestPermission());
    const room = await direct();
    const calls = (await shown(ana)).length;
    await ask("ana", "PUT", "rooms/materials/mute/", { for: "forever" });
    await until(async () => (await ana.page.getAttribute('.room[data-room="materials"]', "class")).includes("is-muted"), "muted here, too").catch(() => ana.reload());
    await ana.linkIs("live");
    await ana.page.evaluate(() => Notification.requestPermission());
    await write(room, "by myself", "ana");
    await write("energy", "@ana, by myself", "ana");
    await write("materials", "@ana, in a muted room");
    await write("general", "@ana, in view");
    await write("utilities", "nobody in particular");
    await write(room, "the last one");
    await until(async () => (await shown(ana)).length > calls, "the last one calls");
    assert.deepEqual((await shown(ana)).map(({ body }) => body), ["the last one"]);
    assert.deepEqual(ana.faults, []);
    await ana.leave();
});

test("of several tabs one calls, and the icon has a dot in all of them", { timeout: 240000 }, async () => {
    const first = await sit({}, { notify: "on", notify_text: "on" });
    const second = new Person(first.context, await first.context.newPage());
    await second.open(stack.room("utilities"));
    await second.linkIs("live");
    for (const { page } of [first, second]) {
        await page.evaluate(() => Notification.requestPermission());
    }
    const room = await direct();
    const icon = ({ page }) => page.getAttribute("link[rel=icon]", "href");
    for (const slug of [room, "energy", "materials"]) {
        const { seq } = await roomState(first.page, slug);
        await ask("ana", "PUT", `rooms/${slug}/read/`, { up_to: seq });
    }
    await until(async () => (await Promise.all([first, second].map(icon))).every((href) => !href.includes("icon-new")), "all is read");
    const before = (await shown(first, second)).length;
    await write(room, "to one of them");
    await until(async () => (await shown(first, second)).length > before, "one calls");
    await until(async () => (await Promise.all([first, second].map(icon))).every((href) => href.includes("icon-new")), "a dot");
    await write(room, "and once more");
    await until(async () => (await shown(first, second)).some(({ body }) => body === "and once more"), "one calls again");
    assert.equal((await shown(first, second)).filter(({ body }) => body === "to one of them").length, 1);
    assert.deepEqual([first.faults, second.faults], [[], []]);
    await first.leave();
});

test("a sound is heard where it was chosen, and not before", { timeout: 240000 }, async () => {
    const ana = await sit({});
    const tones = () => ana.page.evaluate(() => globalThis.tones);
    await openSettings(ana);
    await ana.page.selectOption(".sheet-notify select", "all");
    await until(async () => (await pref("sound")) === "all", "the choice is kept");
    await until(async () => (await tones()) === 2, "it is played once, to be known");
    await ana.page.keyboard.press("Escape");
    await until(async () => {
        await write("energy", "nobody in particular");
        return (await tones()) > 2;
    }, "a message is heard");
    assert.deepEqual(await shown(ana), []);
    assert.deepEqual(ana.faults, []);
    await ana.leave();
});

for (const [name, behaviour, words] of [
    ["a browser that refuses says so", { answer: "denied" }, /refuses notifications/],
    ["a browser that only pretends to have notifications breaks nothing", { throws: true }, /offers no notifications/],
]) {
    test(name, { timeout: 240000 }, async () => {
            const ana = await sit(behaviour);
        await openSettings(ana);
        await ana.page.check(".sheet-notify input >> nth=0");
        await until(async () => words.test(await ana.page.textContent(".notify-note")), "it says why");
        await ana.page.screenshot({ path: `${SHOTS}/notify-${behaviour.throws ? "none" : "denied"}.png` });
        await ana.page.keyboard.press("Escape");
        const room = await direct();
        await write(room, "all the same");
        await until(async () => Number(await ana.unread(room)) > 0, "it is unread");
        assert.deepEqual([await shown(ana), ana.faults], [[], []]);
        await ana.leave();
    });
}
