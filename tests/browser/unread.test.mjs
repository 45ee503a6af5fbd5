// Three devices of one person, each with another way to the server: whatever is read, posted, deleted,
// ignored or muted, by whom and where ever, and whatever rooms are entered and left, all three show the
// same, and what is true.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, Person, Stack, until } from "./lib.mjs";
import { BlockingProxy } from "./proxy.mjs";

const LONG = process.env.OUTCRY_LONG === "1";
const STEPS = LONG ? 500 : 100;
const SEED = Number(process.env.OUTCRY_SEED ?? 20261124);
const PUBLIC = ["energy", "utilities"];
const STRANGERS = ["ben", "cleo", "dan"];
const WAYS = {
    socket: {},
    stream: { socket: "refuse" },
    longpoll: { socket: "cut", stream: "hold" },
};

// Numbers in [0, 1) that are the same for the same seed (mulberry32).
function random(seed) {
    let state = seed >>> 0;
    return () => {
        state = (state + 0x6d2b79f5) >>> 0;
        let t = state;
        t = Math.imul(t ^ (t >>> 15), t | 1);
        t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
        return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
}

// What the server is asked to do, and what must be true then. One of the rooms is private: ana is let into
// it and leaves it again.
class World {
    constructor(stack, tokens) {
        Object.assign(this, { stack, tokens });
        this.rooms = new Map();
        this.ignored = new Set();
        PUBLIC.forEach((slug) => this.add(slug));
    }

    add(slug, isPrivate = false) {
        this.rooms.set(slug, { mark: 0, head: 0, messages: [], isPrivate, isIn: !isPrivate, muted: false });
    }

    async openPrivate() {
        const { room } = await this.ask("ben", "POST", "rooms/", { title: "Block desk" });
        this.add(room.id, true);
        for (const who of ["cleo", "dan"]) {
            await this.letIn(room.id, who);
        }
    }

    async letIn(slug, who) {
        await this.ask("ben", "PUT", `rooms/${slug}/members/${this.ids[who]}/`);
        await this.ask(who, "PUT", `rooms/${slug}/members/${this.ids[who]}/`);
    }

    // Whoever comes in has read what is there; the event that says so is behind the mark.
    async enter(slug) {
        const room = this.rooms.get(slug);
        await this.letIn(slug, "ana");
        const there = await this.listed(slug);
        Object.assign(room, { isIn: true, mark: there.last_read_seq, head: there.seq });
    }

    async leave(slug) {
        await this.ask("ana", "DELETE", `rooms/${slug}/members/${this.ids.ana}/`);
        Object.assign(this.rooms.get(slug), { isIn: false, muted: false });
    }

    async mute(slug) {
        const room = this.rooms.get(slug);
        await this.ask("ana", "PUT", `rooms/${slug}/mute/`, { for: room.muted ? "off" : "forever" });
        room.muted = !room.muted;
    }

    async listed(slug) {
        const { rooms } = await this.ask("ana", "GET", "rooms/");
        return rooms.find((room) => room.id === slug);
    }

    async ask(who, method, path, body = {}) {
        const answer = await fetch(`${this.stack.origin}/api/stocks/chat/${path}`, {
            method,
            headers: { "Content-Type": "application/json", Authorization: `Bearer ${this.tokens[who]}` },
            body: method === "GET" ? undefined : JSON.stringify(body),
        });
        assert.ok(answer.ok, `${method} ${path}: ${answer.status}`);
        return answer.status === 204 ? null : answer.json();
    }

    async post(who, slug) {
        const { message } = await this.ask(who, "POST", "messages/create/", { message: `by ${who}`, room: slug });
        const room = this.rooms.get(slug);
        room.messages.push({ id: message.id, seq: message.seq, who });
        room.head = message.seq;
    }

    async remove(slug, message) {
        const { seq } = await this.ask(message.who, "DELETE", `messages/${message.id}/`);
        message.deleted = true;
        this.rooms.get(slug).head = seq;
    }

    async read(slug, seq) {
        await this.ask("ana", "PUT", `rooms/${slug}/read/`, { up_to: seq });
        this.note(slug, seq);
    }

    note(slug, seq) {
        const room = this.rooms.get(slug);
        room.mark = Math.max(room.mark, seq);
    }

    async ignore(who) {
        const on = !this.ignored.has(who);
        await this.ask("ana", on ? "PUT" : "DELETE", `me/ignored/${this.ids[who]}/`);
        this.ignored[on ? "add" : "delete"](who);
    }

    // As the list of rooms shows it; what is not there is not in the list.
    label(slug) {
        const { mark, messages, isIn, muted } = this.rooms.get(slug);
        const counts = ({ seq, who, deleted }) => seq > mark && who !== "ana" && !deleted && !this.ignored.has(who);
        const count = messages.filter(counts).length;
        const label = count > 99 ? "99+" : count > 0 ? String(count) : "";
        return isIn ? `${label}${muted ? " muted" : ""}` : "absent";
    }

    labels() {
        return [...this.rooms.keys()].map((slug) => this.label(slug));
    }
}

let stack;
let browser;
let devices;
let world;

before(async () => {
    const most = "1000000";
    const rates = Object.fromEntries(["user", "address"].flatMap((of) => [[`rate_${of}_burst`, most], [`rate_${of}_per_minute`, most]]));
    stack = await Stack.start({ conf: { ...rates, browser_token: "cookie:host" } });
    browser = await launch();
    const names = ["ana", "ben", "cleo", "dan"];
    const tokens = Object.fromEntries(await Promise.all(names.map(async (name, i) => [name, await stack.token(i + 1, name)])));
    world = new World(stack, tokens);
    const known = await Promise.all(names.map(async (name) => [name, (await world.ask(name, "GET", "me/")).user.id]));
    world.ids = Object.fromEntries(known);
    for (const room of PUBLIC) {
        await world.post("ben", room);
        await world.post("cleo", room); // who was never seen cannot be ignored
        await world.post("dan", room); // and may not be known of either
        await world.read(room, world.rooms.get(room).head);
    }
    await world.openPrivate();
    devices = await Promise.all(Object.entries(WAYS).map(([way, rules]) => sit(way, rules)));
});
after(async () => {
    await Promise.all((devices ?? []).map(({ proxy }) => proxy.stop()));
    await browser?.close();
    await stack?.stop();
});

// A device of ana's that can have no other way than this one, in a room where nobody speaks.
async function sit(way, rules) {
    const proxy = await BlockingProxy.start(stack.origin);
    proxy.set(rules);
    const cookie = { name: "host", value: world.tokens.ana, url: proxy.origin };
    const person = await Person.enter(browser, { cookies: [cookie] });
    await person.open(`${stack.url.replace(stack.origin, proxy.origin)}r/materials/`);
    const device = { way, proxy, person, page: person.page };
    const isUp = async () => {
        await person.page.evaluate(() => dispatchEvent(new Event("online")));
        return (await person.page.getAttribute("#link-state", "data-state")) === "live" && proxy.count(way) > 0;
    };
    await until(isUp, `reading by ${way}`, 90);
    return device;
}

const shownBy = ({ page }) =>
    page.evaluate(
        (slugs) =>
            slugs.map((slug) => {
                const room = document.querySelector(`.room[data-room="${slug}"]`);
                const label = room?.querySelector(".room-unread").firstChild?.textContent ?? "";
                return room ? `${label}${room.classList.contains("is-muted") ? " muted" : ""}` : "absent";
            }),
        [...world.rooms.keys()],
    );

// How long each device took, in ms.
function agree(what) {
    const wanted = world.labels();
    const began = performance.now();
    return Promise.all(
        devices.map(async (device) => {
            let shown;
            const isTrue = async () => String((shown = await shownBy(device))) === String(wanted);
            await until(isTrue, what, 60).catch(() => assert.deepEqual(shown, wanted, `${what}, by ${device.way}`));
            return performance.now() - began;
        }),
    );
}

// All that is there is read by looking at it, and the device goes back.
async function look(device, slug) {
    const { page } = device;
    const mark = world.rooms.get(slug).head;
    const name = `.room[data-room="${slug}"]`;
    await page.click(name);
    await page.waitForSelector(`${name}[aria-current]`);
    await until(async () => (await world.listed(slug)).last_read_seq >= mark, `${device.way} has read ${slug}`);
    world.note(slug, mark);
    await page.click('.room[data-room="materials"]');
    await page.waitForSelector('.room[data-room="materials"][aria-current]');
}

test("three devices agree on what is unread, whatever happens to messages, people and rooms", { timeout: 1000000 }, async (t) => {
    const next = random(SEED);
    const pick = (list) => list[Math.floor(next() * list.length)];
    const [desk] = [...world.rooms.keys()].filter((slug) => world.rooms.get(slug).isPrivate);
    const acts = {
        post: (slug) => world.post(pick([...STRANGERS, ...(world.rooms.get(slug).isIn ? ["ana"] : [])]), slug),
        remove: async (slug) => {
            const gone = ({ who, deleted }) => deleted || (who === "ana" && !world.rooms.get(slug).isIn);
            const there = world.rooms.get(slug).messages.filter((message) => !gone(message));
            await (there.length > 0 ? world.remove(slug, pick(there.slice(-8))) : null);
        },
        read: async (slug) => {
            const { mark, head, isIn } = world.rooms.get(slug);
            await (isIn && world.read(slug, mark + Math.floor(next() * (head - mark + 1))));
        },
        ignore: () => world.ignore(pick(["ben", "cleo"])),
        mute: async (slug) => world.rooms.get(slug).isIn && world.mute(slug),
        move: () => (world.rooms.get(desk).isIn ? world.leave(desk) : world.enter(desk)),
        look: async (slug) => world.rooms.get(slug).isIn && look(pick(devices), slug),
    };
    const often = { post: 6, remove: 2, read: 2, ignore: 1, mute: 1, move: 2, look: 1 };
    const kinds = Object.entries(often).flatMap(([kind, times]) => Array(times).fill(kind));
    const took = [];
    for (let step = 0; step < STEPS; step++) {
        const kind = pick(kinds);
        const slug = pick([...world.rooms.keys()]);
        await acts[kind](slug);
        const each = await agree(`seed ${SEED}, step ${step}: ${kind} in ${slug}`);
        each.forEach((ms, i) => took.push({ ms, kind, way: devices[i].way }));
    }
    took.sort((a, b) => a.ms - b.ms);
    const [median, slowest] = [took[took.length >> 1], took.at(-1)];
    const late = took.filter(({ ms }) => ms > 1000).length;
    t.diagnostic(
        `${STEPS} steps: a device agreed after ${median.ms.toFixed(0)} ms (median), ${slowest.ms.toFixed(0)} ms at most ` +
            `(${slowest.kind}, ${slowest.way}); ${late} of ${took.length} took more than a second`,
    );
    devices.forEach(({ person }) => assert.deepEqual(person.faults, []));
});
