// What the browser tests stand on: a whole chat behind a real web server (tests/lib/stack.py), and
// people in Chromium pages.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const SERVERS = ["lighttpd", "apache"];

const CHROMIUM = "/usr/bin/chromium";
const CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

export class Stack {
    // conf: {key: value} of outcry.conf
    static async start({ server = "lighttpd", conf = {}, sidecar = true } = {}) {
        const args = ["tests/lib/stack.py", "--server", server];
        if (!sidecar) {
            args.push("--no-sidecar");
        }
        for (const [key, value] of Object.entries(conf)) {
            args.push("--conf", `${key}=${value}`);
        }
        const child = spawn("/usr/bin/python3", args, { cwd: ROOT, stdio: ["pipe", "pipe", "inherit"] });
        const stack = new Stack(child);
        Object.assign(stack, await stack.#line());
        return stack;
    }

    constructor(child) {
        this.child = child;
        this.lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
        this.ended = new Promise((resolve) => child.once("exit", resolve));
    }

    async #line() {
        const { value, done } = await this.lines.next();
        if (done) {
            throw new Error("the stack ended");
        }
        return JSON.parse(value);
    }

    // kill-sidecar, start-sidecar, kill-workers, token USER NAME …
    async tell(command) {
        this.child.stdin.write(`${command}\n`);
        const answer = await this.#line();
        if (answer.error) {
            throw new Error(`${command}: ${answer.error}`);
        }
        return answer;
    }

    async token(user, name, role = "") {
        return (await this.tell(`token ${user} ${name} ${role}`.trim())).token;
    }

    // A message from outside any browser, as curl would post it.
    async post(message, fields = {}, headers = {}) {
        const answer = await fetch(`${this.origin}/api/stocks/chat/messages/create/`, {
            method: "POST",
            headers: { "Content-Type": "application/json", ...headers },
            body: JSON.stringify({ message, username: "outsider", ...fields }),
        });
        if (!answer.ok) {
            throw new Error(`posting: ${answer.status} ${await answer.text()}`);
        }
        return (await answer.json()).message;
    }

    async get(path) {
        return (await fetch(`${this.origin}/api/stocks/chat/${path}`)).json();
    }

    room(slug) {
        return `${this.url}r/${slug}/`;
    }

    async stop() {
        this.child.stdin.end("stop\n");
        await this.ended;
    }
}

// Until the condition holds; fails with `what` after so many seconds.
export async function until(condition, what, seconds = 30) {
    const deadline = Date.now() + seconds * 1000;
    while (!(await condition())) {
        if (Date.now() > deadline) {
            throw new Error(`not within ${seconds} s: ${what}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
    }
}

export function launch() {
    return chromium.launch({ executablePath: CHROMIUM, args: CHROMIUM_ARGS });
}

// Somebody with a browser of their own. Whatever goes wrong in their page is in `faults`.
export class Person {
    static async enter(browser, { options = {}, cookies = [] } = {}) {
        const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
        await context.addCookies(cookies);
        const person = new Person(context, await context.newPage());
        person.hasScripts = options.javaScriptEnabled !== false;
        return person;
    }

    constructor(context, page) {
        this.context = context;
        this.page = page;
        this.hasScripts = true;
        this.faults = [];
        this.sockets = new Set();
        page.on("websocket", (socket) => {
            this.sockets.add(socket);
            socket.on("close", () => this.sockets.delete(socket));
        });
        page.setDefaultTimeout(60000);
        page.on("pageerror", (error) => this.faults.push(error.stack ?? String(error)));
        page.on("console", (message) => {
            if (message.text().includes("Content Security Policy") || message.text().includes("TrustedHTML")) {
                this.faults.push(message.text());
            }
        });
        page.on("dialog", (dialog) => {
            this.faults.push(`dialog: ${dialog.message()}`);
            dialog.dismiss();
        });
    }

    // The same person in a second browser whose sockets are refused, so that it posts.
    async apart(browser) {
        const context = await browser.newContext({
            viewport: { width: 1280, height: 800 },
            storageState: await this.context.storageState(),
        });
        const person = new Person(context, await context.newPage());
        await person.page.routeWebSocket(/\/ws\/chat\//, (socket) => socket.close({ code: 1012 }));
        return person;
    }

    get hasSocket() {
        return this.sockets.size > 0;
    }

    async open(url) {
        await this.page.goto(url);
        await this.isAlive();
    }

    async reload() {
        await this.page.reload();
        await this.isAlive();
    }

    // A click on what this selector or locator names, which leads to another page, and all of that page: its
    // parts can be found, and be empty, before they have come whole.
    async follow(what) {
        await (typeof what === "string" ? this.page.click(what) : what.click());
        await this.page.waitForLoadState();
    }

    // Until all of the page is there and its own script at work, or has said why not: it starts a moment after
    // all is loaded, and a click or a key of before is a link's or the browser's own.
    async isAlive() {
        await this.page.waitForLoadState();
        if (this.hasScripts) {
            await this.page.waitForFunction(() => !document.getElementById("link-state") || document.querySelector(".link-dot, .notice-bad"));
        }
    }

    // Into the chat as a guest of this name.
    async join(url, name) {
        await this.open(url);
        await this.page.fill("#join-name", name);
        await this.page.click("#join button");
        await this.page.waitForSelector("#composer");
        await this.isAlive();
    }

    // As if another tab of the window were in front of this one, or this one again.
    async isInFront(front) {
        await this.page.evaluate((state) => {
            Object.defineProperty(document, "visibilityState", { get: () => state, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }, front ? "visible" : "hidden");
    }

    // As a person closes a page: it gets to say goodbye.
    async leave() {
        await this.page.close();
        await this.context.close();
    }

    linkIs(state, timeout = 60000) {
        return this.page.waitForSelector(`#link-state[data-state="${state}"]`, { timeout });
    }

    async say(text) {
        await this.page.fill("#composer-text", text);
        await this.page.press("#composer-text", "Enter");
    }

    // Until a stored (numbered) message with this text is in the list.
    sees(text, timeout = 60000) {
        return this.page.waitForFunction(
            (wanted) => [...document.querySelectorAll('.msg:not([data-seq=""]) .msg-text')].some((row) => row.textContent === wanted),
            text,
            { timeout },
        );
    }

    // [{seq, author, text}] in the order of the page.
    rows() {
        return this.page.$$eval(".msg", (rows) =>
            rows.map((row) => ({
                seq: Number(row.dataset.seq) || null,
                author: row.querySelector(".msg-author").textContent,
                text: row.querySelector(".msg-text").textContent,
            })),
        );
    }

    async texts() {
        return (await this.rows()).map((row) => row.text);
    }

    peopleAre(names, timeout = 30000) {
        return this.page.waitForFunction(
            (wanted) => {
                const shown = [...document.querySelectorAll(".person-name")].map((name) => name.textContent);
                return JSON.stringify(shown.sort()) === wanted;
            },
            JSON.stringify([...names].sort()),
            { timeout },
        );
    }

    unread(slug) {
        return this.page.$eval(`.room[data-room="${slug}"] .room-unread`, (badge) => badge.firstChild?.textContent ?? "");
    }

    waitForUnread(slug, count) {
        return this.page.waitForFunction(
            ([name, wanted]) => (document.querySelector(`.room[data-room="${name}"] .room-unread`).firstChild?.textContent ?? "") === wanted,
            [slug, count],
        );
    }
}

// One person who reads a room by a socket. first(stack): what was there before. close() ends all of it.
export async function onePerson({ server, conf, first } = {}) {
    const stack = await Stack.start({ server, conf });
    let browser;
    const close = async () => {
        await browser?.close();
        await stack.stop();
    };
    try {
        await first?.(stack);
        browser = await launch();
        const ana = await Person.enter(browser);
        await ana.join(stack.url, "ana");
        await ana.linkIs("live");
        return { stack, browser, ana, close };
    } catch (error) {
        await close();
        throw error;
    }
}

// Two, in the same room.
export async function twoPeople({ server, conf, second = "bo" }) {
    const one = await onePerson({ server, conf });
    try {
        const bo = await Person.enter(one.browser);
        await bo.join(one.stack.url, second);
        await bo.linkIs("live");
        return { ...one, bo };
    } catch (error) {
        await one.close();
        throw error;
    }
}

// The server's account of a room, for the person whose page it is. waitForFunction() does not wait for
// promises: use it with until().
export function roomState(page, slug) {
    return page.evaluate(async (name) => {
        const answer = await fetch("/api/stocks/chat/rooms/");
        return (await answer.json()).rooms.find((room) => room.id === name);
    }, slug);
}

// Numbers 1, 2, 3 … as a list of rows must show them: none missing, none twice, in order.
export function holes(rows) {
    const seqs = rows.map((row) => row.seq);
    return seqs.filter((seq, i) => i > 0 && seq !== seqs[i - 1] + 1).map((seq) => `… ${seq}`);
}
