// Several tabs of one person: one connection for all, handed over when the tab that has it closes or
// freezes; nothing lost, nothing doubled, and the person is where the tab is that is being used.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { holes, launch, Person, roomState, Stack, until } from "./lib.mjs";
import { BlockingProxy } from "./proxy.mjs";

let stack;
let browser;
let bo;
let tabs; // of ana
let name; // a new one in each test
let count = 0;

before(async () => {
    const rates = { rate_user_burst: "20000", rate_address_burst: "50000", rate_session_burst: "200" };
    stack = await Stack.start({ conf: rates });
    browser = await launch();
    bo = await Person.enter(browser);
    await bo.join(stack.url, "bo");
});
after(async () => {
    await browser?.close();
    await stack?.stop();
});
beforeEach(async () => {
    const ana = await Person.enter(browser);
    tabs = [ana];
    name = `ana-${++count}`;
    await ana.join(stack.url, name);
    await ana.linkIs("live");
});
afterEach(async () => {
    for (const tab of tabs) {
        assert.deepEqual(tab.faults, []);
    }
    await tabs[0].context.close();
});

// More tabs like the first, all at once.
async function openTabs(first, url, more) {
    const open = async () => {
        const tab = new Person(first.context, await first.context.newPage());
        await tab.page.goto(url, { timeout: 60000 });
        await tab.linkIs("live", 60000);
        return tab;
    };
    return [first, ...(await Promise.all(Array.from({ length: more }, open)))];
}

async function haveTabs(number) {
    tabs = await openTabs(tabs[0], stack.url, number - tabs.length);
}

async function close(tab) {
    tabs = tabs.filter((one) => one !== tab);
    await tab.page.close();
}

// The one whose socket is open.
const leader = () => tabs.find((tab) => tab.hasSocket);

const connections = async () => (await stack.tell("connections")).connections;

// Bo's is one more.
const allHoldOne = () => until(async () => (await connections()) === 2, "all tabs hold one connection");

// Each once, in order, in all these pages.
async function allSee(texts, people = tabs) {
    for (const person of people) {
        for (const text of texts.slice(-5)) {
            await person.sees(text, 60000);
        }
        const shown = (await person.texts()).filter((text) => texts.includes(text));
        assert.deepEqual(shown.toSorted(), texts.toSorted());
        assert.deepEqual(holes(await person.rows()), []);
    }
}

// Messages from outside, twenty in a second, until stop(), which returns their texts.
function pour() {
    const sent = [];
    const under = [];
    const timer = setInterval(() => {
        const text = `poured ${sent.length}`;
        sent.push(text);
        under.push(stack.post(text));
    }, 50);
    return async () => {
        clearInterval(timer);
        await Promise.all(under);
        return sent;
    };
}

test("ten tabs hold one connection, and what is said in one is in all", async () => {
    await haveTabs(10);
    await allHoldOne();
    await stack.post("to all ten");
    await tabs[0].say("from the first");
    await tabs[9].say("from the last");
    await allSee(["to all ten", "from the first", "from the last"], [...tabs, bo]);
    // All at once: it fades.
    const typing = tabs.map((tab) => tab.page.waitForFunction(() => document.getElementById("typing").textContent === "bo is typing…"));
    await bo.page.type("#composer-text", "hm");
    await Promise.all(typing);
    await bo.page.fill("#composer-text", "");
    await allHoldOne();
});

test("while messages pour in the leading tab is closed, and again: nothing is lost or doubled", async () => {
    await haveTabs(5);
    const said = [];
    const stop = pour();
    try {
        for (let round = 0; round < 3; round++) {
            await until(leader, "a tab leads", 60);
            await close(leader());
            said.push(`said ${said.length}`);
            await tabs.at(-1).say(said.at(-1));
        }
        await until(leader, "another tab leads", 60);
    } finally {
        await stop();
    }
    await allSee([...(await stop()), ...said], [...tabs, bo]);
    await allHoldOne();
});

test("a frozen leader is replaced, and follows when it thaws", async () => {
    await haveTabs(3);
    const frozen = leader();
    const others = tabs.filter((tab) => tab !== frozen);
    const devtools = await frozen.context.newCDPSession(frozen.page);
    const paused = new Promise((resolve) => devtools.once("Debugger.paused", resolve));
    await devtools.send("Debugger.enable");
    await devtools.send("Debugger.pause");
    await paused;
    const texts = ["while the leader is frozen", "said by another tab"];
    await stack.post(texts[0]);
    await others[0].say(texts[1]);
    await allSee(texts, [...others, bo]);
    await until(() => others.some((tab) => tab.hasSocket), "another tab leads", 60);
    await devtools.send("Debugger.disable");
    await stack.post("after it thawed");
    await allSee([...texts, "after it thawed"]);
    await allHoldOne();
});

test("a tab that comes back from the browser's cache of pages has missed nothing", async () => {
    await haveTabs(2);
    const away = leader();
    const show = (type) => away.page.evaluate((kind) => dispatchEvent(new PageTransitionEvent(kind, { persisted: true })), type);
    await show("pagehide");
    await until(() => leader() && leader() !== away, "the other tab leads");
    await stack.post("while it was away");
    await allSee(["while it was away"], [leader()]);
    await show("pageshow");
    await allSee(["while it was away"]);
    await stack.post("after it came back");
    await allSee(["after it came back"]);
    await allHoldOne();
});

test("the person is in the room of the tab that is being used, until the last tab is closed", async () => {
    await haveTabs(2);
    const [first, second] = tabs;
    await bo.open(stack.room("energy"));
    await second.page.click('.room[data-room="energy"]');
    await bo.peopleAre(["bo", name], 30000);
    await second.peopleAre(["bo", name], 30000);
    await first.page.click('.room[data-room="utilities"]');
    await bo.peopleAre(["bo"], 30000);
    await first.page.click('.room[data-room="energy"]');
    await bo.peopleAre(["bo", name], 30000);

    await bo.page.evaluate((who) => {
        window.left = false;
        const here = () => [...document.querySelectorAll(".person-name")].some((one) => one.textContent === who);
        new MutationObserver(() => (window.left ||= !here())).observe(document.getElementById("people"), { childList: true });
    }, name);
    await close(leader());
    await until(leader, "the other tab leads");
    await stack.post("still here", { room: "energy" });
    await tabs[0].sees("still here");
    assert.equal(await bo.page.evaluate(() => window.left), false);
    const context = tabs[0].context;
    await close(tabs[0]);
    await bo.peopleAre(["bo"], 15000);
    await bo.open(stack.url);
    tabs = [new Person(context, await context.newPage())];
});

test("what is read in one tab is read in all", async () => {
    const { seq } = await stack.post("read before", { room: "materials" });
    await tabs[0].page.click('.room[data-room="materials"]');
    await until(async () => (await roomState(tabs[0].page, "materials")).last_read_seq === seq, "it is read");
    await tabs[0].page.click('.room[data-room="general"]');
    await haveTabs(2);
    await stack.post("news", { room: "materials" });
    await Promise.all(tabs.map((tab) => tab.waitForUnread("materials", "1")));
    await tabs[1].page.click('.room[data-room="materials"]');
    await tabs[0].waitForUnread("materials", "");
});

test("a tab that is closed before its message is stored leaves it to one other, which sends it once", async () => {
    await haveTabs(3);
    await stack.tell("kill-sidecar");
    const [first, second, third] = tabs;
    await until(() => !leader(), "the socket is closed");
    await third.page.route("**/messages/create/", (route) => route.abort());
    await third.say("left behind");
    await third.page.waitForSelector(".msg-pending");
    assert.deepEqual([await first.page.$(".msg-pending"), await second.page.$(".msg-pending")], [null, null]);
    await close(third);
    await allSee(["left behind"], [first, second, bo]);
    await stack.tell("start-sidecar");
    await Promise.all([...tabs, bo].map((person) => person.linkIs("live", 60000)));
    await allSee(["left behind"], [first, second, bo]);
    const stored = (await stack.get("messages/?room=general")).messages;
    assert.equal(stored.filter((message) => message.message === "left behind").length, 1);
});

test("an older backup is restored: every tab shows the restored history, and goes on", async () => {
    await haveTabs(3);
    const backup = `${stack.dir}/var/backup.db`;
    await stack.tell(`outcry backup ${backup}`);
    await stack.post("not in the backup");
    await allSee(["not in the backup"]);
    await stack.tell(`outcry restore ${backup}`);
    for (const person of [...tabs, bo]) {
        await person.page.waitForFunction(
            () => ![...document.querySelectorAll(".msg-text")].some((row) => row.textContent === "not in the backup"),
            null,
            { timeout: 60000 },
        );
    }
    await stack.post("after the restore");
    await allSee(["after the restore"], [...tabs, bo]);
    await allHoldOne();
});

test("where somebody else comes, the tabs of who was here are theirs, and share", async () => {
    await tabs[0].context.clearCookies();
    const other = new Person(tabs[0].context, await tabs[0].context.newPage());
    await other.join(stack.url, "zoe");
    await other.linkIs("live");
    await tabs[0].page.waitForFunction(() => document.querySelector(".me-name")?.textContent === "zoe");
    await until(async () => (await connections()) === 2, "one connection for both", 60);
    await other.say("from zoe");
    await allSee(["from zoe"], [tabs[0], other, bo]);
});

test("ten tabs hold one stream where sockets are blocked, and stall nothing", async () => {
    const proxy = await BlockingProxy.start(stack.origin);
    proxy.set({ socket: "refuse" });
    try {
        const url = stack.url.replace(stack.origin, proxy.origin);
        const first = await Person.enter(browser);
        await first.join(url, "streamer");
        await first.linkIs("live", 60000);
        const ten = await openTabs(first, url, 9);
        await until(() => proxy.count("stream") === 1 && proxy.count("longpoll") === 0, "all tabs hold one stream", 60);
        await stack.post("by the stream");
        await ten[9].say("said by the last of ten");
        await allSee(["by the stream", "said by the last of ten"], [...ten, bo]);
        assert.equal(proxy.count("stream"), 1);
        await first.context.close();
    } finally {
        await proxy.stop();
    }
});
