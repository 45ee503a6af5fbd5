// Three pages of one person, each with another way to the server, lose their connection. Meanwhile people do
// everything that can be done; when it is back, each page shows what one shows that is opened then.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, Person, Stack, until } from "./lib.mjs";
import { BlockingProxy } from "./proxy.mjs";

const WAYS = {
    socket: {},
    stream: { socket: "refuse" },
    longpoll: { socket: "refuse", stream: "refuse" },
};
const ALL_CUT = { socket: "cut", stream: "cut", longpoll: "cut" };
const ALL_PASS = { socket: "pass", stream: "pass", longpoll: "pass" };
const PNG = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");

let stack;
let browser;
let pages;
const tokens = {};
const ids = {};

async function ask(who, method, path, body = {}, type = "application/json") {
    const answer = await fetch(`${stack.origin}/api/stocks/chat/${path}`, {
        method,
        headers: { "Content-Type": type, Authorization: `Bearer ${tokens[who]}` },
        body: method === "GET" ? undefined : type === "application/json" ? JSON.stringify(body) : body,
    });
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${answer.ok || (await answer.text())}`);
    return answer.status === 204 ? null : answer.json();
}

async function say(who, message, fields = {}) {
    return (await ask(who, "POST", "messages/create/", { message, room: "energy", ...fields })).message;
}

async function letIn(room, who) {
    await ask("ana", "PUT", `rooms/${room}/members/${ids[who]}/`);
    await ask(who, "PUT", `rooms/${room}/members/${ids[who]}/`);
}

const openRoom = async (title) => (await ask("ana", "POST", "rooms/", { title })).room.id;

const talk = async (name) => (await ask("ben", "POST", "direct/", { user_id: ids[name] })).room.id;

async function open(proxy) {
    const person = await Person.enter(browser, { cookies: [{ name: "host", value: tokens.ben, url: proxy.origin }] });
    await person.open(`${stack.url.replace(stack.origin, proxy.origin)}r/energy/`);
    return person;
}

async function sit(way, rules) {
    const proxy = await BlockingProxy.start(stack.origin);
    proxy.set(rules);
    const person = await open(proxy);
    const isUp = async () => {
        await person.page.evaluate(() => dispatchEvent(new Event("online")));
        return (await person.page.getAttribute("#link-state", "data-state")) === "live" && proxy.count(way) > 0;
    };
    await until(isUp, `reading by ${way}`, 90);
    return { way, rules, proxy, person };
}

before(async () => {
    stack = await Stack.start({ conf: { rate_address_burst: "5000", rate_user_burst: "5000", browser_token: "cookie:host" } });
    browser = await launch();
    for (const [number, [name, role]] of Object.entries({ ana: "", ben: "", cleo: "", mod: "moderator" }).entries()) {
        tokens[name] = await stack.token(number + 1, name, role);
        ids[name] = (await ask(name, "GET", "me/")).user.id;
        await say(name, `${name} is here`);
    }
});
after(async () => {
    await Promise.all((pages ?? []).map(({ proxy }) => proxy.stop()));
    await browser?.close();
    await stack?.stop();
});

// What a reader sees of the room, and of the list of rooms.
const shownBy = ({ page }) =>
    page.evaluate(() => {
        const text = (node) => node?.textContent.replace(/\s+/g, " ").trim() ?? "";
        const part = (row, name) => text(row.querySelector(name));
        const visible = (node) => node !== null && !node.hidden;
        return {
            title: text(document.querySelector("#room-title")),
            topic: text(document.querySelector("#room-topic")),
            rows: [...document.querySelectorAll("#rows .msg")].map((row) => ({
                id: row.dataset.id,
                author: part(row, ".msg-author"),
                markup: row.querySelector(".msg-text").innerHTML,
                edited: row.querySelector(".msg-edited") !== null,
                gone: row.classList.contains("msg-gone"),
                quote: part(row, ".msg-quote"),
                replies: part(row, ".msg-replies"),
                files: [...row.querySelectorAll(".files a")].map((link) => link.getAttribute("href")),
                reactions: [...row.querySelectorAll(".chip")].map(text),
            })),
            pins: visible(document.querySelector("#pins")) ? [...document.querySelectorAll("#pins .pin")].map(text) : [],
            rooms: [...document.querySelectorAll(".room")].map((room) => `${room.closest("ul").id}: ${text(room)}${room.classList.contains("is-muted") ? " muted" : ""}`),
            invitations: [...document.querySelectorAll("#invitations .invitation-title")].map(text),
        };
    });

async function cutOff() {
    for (const { proxy, person } of pages) {
        await person.context.setOffline(true);
        proxy.set(ALL_CUT);
    }
}

async function connect() {
    for (const { proxy, person, rules } of pages) {
        proxy.set({ ...ALL_PASS, ...rules });
        await person.context.setOffline(false);
    }
}

// Each, in the order of its events, of messages that were there and of new ones.
async function doEverything({ old, left, kept, entered, quiet, hidden }) {
    await ask("ana", "PATCH", `messages/${old[0].id}/`, { message: "now **bold** at $5", rev: 1 });
    await ask("ana", "DELETE", `messages/${old[1].id}/`);
    const reply = await say("cleo", "in reply", { reply_to: old[2].id });
    await say("ben", "in reply to that", { reply_to: reply.id });
    await ask("cleo", "PUT", `messages/${old[2].id}/reactions/%F0%9F%9A%80/`);
    await ask("ben", "PUT", `messages/${old[2].id}/reactions/%F0%9F%9A%80/`);
    await ask("ana", "DELETE", `messages/${old[3].id}/reactions/%F0%9F%91%8D/`);
    await ask("mod", "PUT", `messages/${old[2].id}/pin/`);
    await ask("mod", "DELETE", `messages/${old[3].id}/pin/`);
    const { upload } = await ask("ana", "POST", "uploads/", { room: "energy", name: "chart.png", size: PNG.length });
    await ask("ana", "PUT", `uploads/${upload.id}/?offset=0`, PNG, "application/octet-stream");
    await ask("ana", "POST", `uploads/${upload.id}/done/`);
    await say("ana", "a chart", { attachments: [upload.id] });
    await ask("ben", "PUT", `me/ignored/${ids.cleo}/`);
    await say("cleo", "not for ben");
    await ask("mod", "PATCH", "rooms/energy/", { topic: "Inventories at half past" });
    await ask("ana", "PATCH", `rooms/${kept}/`, { title: "Kept and renamed" });
    await say("ana", "unread", { room: kept });
    await ask("ben", "PUT", `rooms/${kept}/mute/`, { for: "forever" });
    await ask("ana", "DELETE", `rooms/${left}/members/${ids.ben}/`);
    await letIn(entered, "ben");
    await say("ana", "unread by who came in", { room: entered });
    await say("ana", "and this is for @ben", { room: entered });
    await ask("ana", "PUT", `rooms/${await openRoom("Waiting")}/members/${ids.ben}/`);
    const { room } = await ask("ana", "POST", "direct/", { user_id: ids.ben });
    await say("ana", "between us", { room: room.id });
    await ask("ben", "PUT", `rooms/${quiet}/hide/`);
    await say("mod", "here again", { room: hidden });
}

test("pages that were cut off while everything happened show what a new one shows", { timeout: 400000 }, async () => {
    const old = [];
    for (const text of ["to be edited", "to be deleted", "to be answered", "to be let go"]) {
        old.push(await say("ana", text));
    }
    await ask("ana", "PUT", `messages/${old[3].id}/reactions/%F0%9F%91%8D/`);
    await ask("mod", "PUT", `messages/${old[3].id}/pin/`);
    const [left, kept, entered] = [await openRoom("Left"), await openRoom("Kept"), await openRoom("Entered")];
    await letIn(left, "ben");
    await letIn(kept, "ben");
    const [quiet, hidden] = await Promise.all(["cleo", "mod"].map((name) => talk(name)));
    await ask("ben", "PUT", `rooms/${hidden}/hide/`);
    pages = await Promise.all(Object.entries(WAYS).map(([way, rules]) => sit(way, rules)));
    await cutOff();
    await doEverything({ old, left, kept, entered, quiet, hidden });
    await connect();
    const fresh = await open(pages[0].proxy);
    const wanted = await shownBy(fresh);
    assert.ok(wanted.rows.length === 9 && wanted.pins.length === 1 && wanted.invitations.length === 1, JSON.stringify(wanted));
    for (const { way, person } of pages) {
        let shown;
        const isSame = async () => JSON.stringify((shown = await shownBy(person))) === JSON.stringify(wanted);
        await until(isSame, `${way} shows the same`, 90).catch(() => assert.deepEqual(shown, wanted, way));
        assert.deepEqual(person.faults, [], way);
    }
});
