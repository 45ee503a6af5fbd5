// People talking to each other, on both web servers.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { holes, launch, Person, SERVERS, Stack, twoPeople } from "./lib.mjs";

for (const server of SERVERS) {
    describe(server, () => {
        let stack;
        let browser;
        let ana;
        let bo;
        let close;

        before(async () => {
            // The grace of a reload is longer than one takes on a slow machine.
            ({ stack, browser, ana, bo, close } = await twoPeople({ server, conf: { presence_grace_ms: "12000" } }));
        });
        after(() => close?.());

        test(`${server}: two pages exchange messages both ways over the socket`, async () => {
            await ana.say("hello from ana");
            await bo.sees("hello from ana");
            await bo.say("hello from bo");
            await ana.sees("hello from bo");
            await ana.sees("hello from ana");
            assert.equal(await ana.page.getAttribute("#link-state", "data-state"), "live");
        });

        test(`${server}: a message posted from outside appears in both without reload`, async () => {
            await stack.post("posted with curl");
            await Promise.all([ana.sees("posted with curl"), bo.sees("posted with curl")]);
        });

        test(`${server}: a frame in the first feature's format appears in both`, async () => {
            await ana.page.evaluate(async (url) => {
                const socket = new WebSocket(url);
                await new Promise((resolve, reject) => {
                    socket.onopen = resolve;
                    socket.onerror = reject;
                });
                socket.send(JSON.stringify({ type: "message", message: "Hello traders!", username: "trader123" }));
                await new Promise((resolve) => {
                    socket.onmessage = (event) => JSON.parse(event.data).type === "message" && resolve();
                });
                socket.close();
            }, `${stack.origin.replace("http", "ws")}/ws/chat/`);
            await Promise.all([ana.sees("Hello traders!"), bo.sees("Hello traders!")]);
        });

        test(`${server}: the online list follows a page that opens and closes`, async () => {
            const cleo = await Person.enter(browser);
            await cleo.join(stack.url, "cleo");
            await ana.peopleAre(["ana", "bo", "cleo"]);
            await cleo.leave();
            await ana.peopleAre(["ana", "bo"]);
        });

        test(`${server}: a reload does not flicker in the online list`, async () => {
            await ana.peopleAre(["ana", "bo"]);
            await ana.page.evaluate(() => {
                window.changes = [];
                const list = document.getElementById("people");
                new MutationObserver(() => window.changes.push(list.textContent)).observe(list, { childList: true });
            });
            await bo.reload();
            await bo.linkIs("live");
            await bo.say("back again");
            await ana.sees("back again");
            assert.deepEqual(await ana.page.evaluate(() => window.changes), []);
        });

        test(`${server}: who is typing is said, and is over with the message`, async () => {
            await bo.page.type("#composer-text", "hm");
            await ana.page.waitForFunction(() => document.getElementById("typing").textContent === "bo is typing…");
            await bo.page.press("#composer-text", "Enter");
            await ana.sees("hm");
            await ana.page.waitForFunction(() => document.getElementById("typing").textContent === "");
        });

        test(`${server}: after kill -9 of the sidecar every message is shown once and in order`, async () => {
            const said = [];
            const both = async (text) => {
                said.push(`ana ${text}`, `bo ${text}`);
                await Promise.all([ana.say(`ana ${text}`), bo.say(`bo ${text}`)]);
            };
            await both("before");
            await stack.tell("kill-sidecar");
            await both("while it is down");
            await stack.post("from outside, while it is down");
            said.push("from outside, while it is down");
            for (const text of said) {
                await Promise.all([ana.sees(text, 30000), bo.sees(text, 30000)]);
            }
            await stack.tell("start-sidecar");
            await both("just after");
            await Promise.all([ana.linkIs("live", 40000), bo.linkIs("live", 40000)]);
            await both("live again");
            for (const text of said) {
                await Promise.all([ana.sees(text), bo.sees(text)]);
            }
            for (const person of [ana, bo]) {
                const rows = await person.rows();
                assert.deepEqual(holes(rows), []);
                for (const text of said) {
                    assert.equal(rows.filter((row) => row.text === text).length, 1, text);
                }
            }
            const stored = (await stack.get("messages/?room=general&limit=200")).messages;
            assert.deepEqual(
                (await ana.rows()).map((row) => row.seq),
                stored.map((message) => message.seq),
            );
        });

        test(`${server}: a killed worker costs no acknowledged message`, async () => {
            for (let i = 0; i < 5; i++) {
                await ana.say(`around a killed worker ${i}`);
                if (i === 2) {
                    await stack.tell("kill-workers");
                }
            }
            for (let i = 0; i < 5; i++) {
                await bo.sees(`around a killed worker ${i}`, 30000);
            }
            assert.deepEqual(holes(await bo.rows()), []);
        });

        test(`${server}: nothing went wrong in either page`, () => {
            assert.deepEqual(ana.faults, []);
            assert.deepEqual(bo.faults, []);
        });
    });
}

// A host that tolerates no daemon: everything by polls, which it holds back until there is something.
describe("without a sidecar", () => {
    let stack;
    let browser;
    let ana;
    let bo;

    before(async () => {
        stack = await Stack.start({ sidecar: false });
        browser = await launch();
        [ana, bo] = [await Person.enter(browser), await Person.enter(browser)];
        await ana.join(stack.url, "ana");
        await bo.join(stack.url, "bo");
    });
    after(async () => {
        await browser?.close();
        await stack?.stop();
    });

    test("without a sidecar: people talk all the same", async () => {
        await ana.say("hello from ana");
        await bo.sees("hello from ana");
        await bo.say("hello from bo");
        await ana.sees("hello from bo");
        await stack.post("posted with curl");
        await Promise.all([ana.sees("posted with curl"), bo.sees("posted with curl")]);
        assert.deepEqual(holes(await ana.rows()), []);
        await ana.linkIs("live");
    });

    test("without a sidecar: a closed page is gone within 15 s", async () => {
        await ana.peopleAre(["ana", "bo"]);
        await bo.leave();
        await ana.peopleAre(["ana"], 15000);
        assert.deepEqual(ana.faults, []);
    });
});

// A host that says so: pages do not even try.
test("sidecar = off: no socket is opened, and people talk", async () => {
    const stack = await Stack.start({ sidecar: false, conf: { sidecar: "off" } });
    const browser = await launch();
    try {
        const ana = await Person.enter(browser);
        const sockets = [];
        ana.page.on("websocket", (socket) => sockets.push(socket.url()));
        ana.page.on("request", (request) => request.url().includes("/ws/") && sockets.push(request.url()));
        await ana.join(stack.url, "ana");
        await ana.say("hello from ana");
        await stack.post("posted with curl");
        await ana.sees("posted with curl");
        await ana.linkIs("live");
        assert.deepEqual(sockets, []);
        assert.deepEqual(ana.faults, []);
    } finally {
        await browser.close();
        await stack.stop();
    }
});
