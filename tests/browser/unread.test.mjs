// Three devices of one person, each with another way to the server: whatever is read, posted, deleted or
// ignored, by whom and where ever, all three show the same, and what is true.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, Person, Stack, until } from "./lib.mjs";
import { BlockingProxy } from "./proxy.mjs";

const LONG = process.env.OUTCRY_LONG === "1";
const STEPS = LONG ? 500 : 100;
const SEED = Number(process.env.OUTCRY_SEED ?? 20261124);
const ROOMS = ["energy", "utilities"];
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

// What the server is asked to do, and what must be true then.
class World {
    constructor(stack, tokens) {
        Object.assign(this, { stack, tokens });
        this.rooms = new Map(ROOMS.map((room) => [room, { mark: 0, head: 0, messages: [] }]));
        this.ignored = new Set();
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

    async ignore(who, ids) {
        const on = !this.ignored.has(who);
        await this.ask("ana", on ? "PUT" : "DELETE", `me/ignored/${ids[who]}/`);
        this.ignored[on ? "add" : "delete"](who);
    }

    label(slug) {
        const { mark, messages } = this.rooms.get(slug);
        const seen = ({ seq, who, deleted }) => seq > mark && who !== "ana" && !deleted && !this.ignored.has(who);
        const count = messages.filter(seen).length;
        return count > 99 ? "99+" : count > 0 ? String(count) : "";
    }
}

let stack;
let browser;
let devices;
let world;
let ids;

before(async () => {
    const most = "1000000";
    const rates = Object.fromEntries(["user", "address"].flatMap((of) => [[`rate_${of}_burst`, most], [`rate_${of}_per_minute`, most]]));
    stack = await Stack.start({ conf: { ...rates, browser_token: "cookie:host" } });
    browser = await launch();
    const names = ["ana", "ben", "cleo", "dan"];
    const tokens = Object.fromEntries(await Promise.all(names.map(async (name, i) => [name, await stack.token(i + 1, name)])));
    world = new World(stack, tokens);
    const known = await Promise.all(names.map(async (name) => [name, (await world.ask(name, "GET", "me/")).user.id]));
    ids = Object.fromEntries(known);
    for (const room of ROOMS) {
        await world.post("ben", room);
        await world.post("cleo", room); // who was never seen cannot be ignored
        await world.read(room, world.rooms.get(room).head);
    }
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

async function agree(what) {
    const wanted = ROOMS.map((room) => world.label(room));
    for (const { way, person } of devices) {
        const shown = () => Promise.all(ROOMS.map((room) => person.unread(room)));
        await until(async () => String(await shown()) === String(wanted), `${what}: ${way} shows ${await shown()}, not ${wanted}`, 60).catch(
            async () => assert.deepEqual(await shown(), wanted, `${what}, by ${way}`),
        );
    }
}

// All that is there is read by looking at it, and the device goes back.
async function look(device, slug) {
    const { page } = device;
    const mark = world.rooms.get(slug).head;
    const name = `.room[data-room="${slug}"]`;
    await page.click(name);
    await page.waitForSelector(`${name}[aria-current]`);
    await until(async () => {
        const { rooms } = await world.ask("ana", "GET", "rooms/");
        return rooms.find((room) => room.id === slug).last_read_seq >= mark;
    }, `${device.way} has read ${slug}`);
    world.note(slug, mark);
    await page.click('.room[data-room="materials"]');
    await page.waitForSelector('.room[data-room="materials"][aria-current]');
}

test("three devices agree on what is unread through random reads, posts, deletions and ignored people", { timeout: 1000000 }, async (t) => {
    const next = random(SEED);
    const pick = (list) => list[Math.floor(next() * list.length)];
    const acts = {
        post: (slug) => world.post(pick(["ben", "cleo", "dan", "ana"]), slug),
        remove: async (slug) => {
            const there = world.rooms.get(slug).messages.filter(({ deleted }) => !deleted);
            await (there.length > 0 ? world.remove(slug, pick(there.slice(-8))) : null);
        },
        read: (slug) => {
            const { mark, head } = world.rooms.get(slug);
            return world.read(slug, mark + Math.floor(next() * (head - mark + 1)));
        },
        ignore: () => world.ignore(pick(["ben", "cleo"]), ids),
        look: (slug) => look(pick(devices), slug),
    };
    const kinds = ["post", "post", "post", "post", "post", "post", "remove", "remove", "read", "read", "ignore", "look"];
    const took = [];
    for (let step = 0; step < STEPS; step++) {
        const kind = pick(kinds);
        const slug = pick(ROOMS);
        await acts[kind](slug);
        const began = performance.now();
        await agree(`seed ${SEED}, step ${step}: ${kind} in ${slug}`);
        took.push(performance.now() - began);
    }
    took.sort((a, b) => a - b);
    t.diagnostic(`${STEPS} steps; agreed after ${took[STEPS >> 1].toFixed(0)} ms (median), ${took.at(-1).toFixed(0)} ms at most`);
    devices.forEach(({ person }) => assert.deepEqual(person.faults, []));
});
