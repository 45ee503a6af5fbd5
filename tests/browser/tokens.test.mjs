// How the host site's token gets from the browser to the chat: in a cookie that scripts never see, or
// in storage that they read; and what happens when it ends.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { sign } from "./host_token.mjs";
import { launch, Person, ROOT, Stack, until } from "./lib.mjs";

let browser;
before(async () => {
    browser = await launch();
});
after(() => browser.close());

describe("a token in an HttpOnly cookie", () => {
    let stack;
    const conf = { guests: "off", browser_token: "cookie:access", refresh_url: "/auth/refresh/", login_url: "/login/" };
    const cookie = (value) => ({ name: "access", value, url: stack.origin, httpOnly: true, sameSite: "Lax" });

    before(async () => {
        stack = await Stack.start({ conf });
    });
    after(() => stack.stop());

    test("the cookie alone opens the page and the socket, and posts", async () => {
        const ana = await Person.enter(browser, { cookies: [cookie(sign(stack.jwt_secret, 7, "ana", 600))] });
        await ana.open(stack.url);
        await ana.linkIs("live");
        await ana.say("with a cookie");
        await ana.sees("with a cookie");
        assert.equal((await ana.rows()).at(-1).author, "ana");
        assert.deepEqual(ana.faults, []);
        await ana.leave();
    });

    test("before the token ends it is renewed, and the socket stays", async () => {
        const ana = await Person.enter(browser, { cookies: [cookie(sign(stack.jwt_secret, 7, "ana", 20))] });
        let sockets = 0;
        ana.page.on("websocket", () => sockets++);
        await ana.page.route("**/auth/refresh/", async (route) => {
            await ana.context.addCookies([cookie(sign(stack.jwt_secret, 7, "ana", 600))]);
            await route.fulfill({ status: 200, json: {} });
        });
        const ticket = ana.page.waitForResponse((answer) => answer.url().includes("ws-ticket"), { timeout: 60000 });
        await ana.open(stack.url);
        await ana.linkIs("live");
        assert.equal((await ticket).status(), 200);
        await ana.say("renewed");
        await ana.sees("renewed");
        assert.equal(sockets, 1);
        assert.deepEqual(ana.faults, []);
        await ana.leave();
    });

    test("a stream is opened anew with the next token, before the one that it has ends", async () => {
        const ana = await Person.enter(browser, { cookies: [cookie(sign(stack.jwt_secret, 7, "ana", 20))] });
        // This tab knows already that sockets are blocked here.
        await ana.context.addInitScript(() => {
            const rests = JSON.stringify({ socket: Date.now() + 290000 });
            sessionStorage.setItem("outcry:/api/stocks/chat/rests", rests);
        });
        let renewals = 0;
        await ana.page.route("**/auth/refresh/", async (route) => {
            renewals++;
            await ana.context.addCookies([cookie(sign(stack.jwt_secret, 7, "ana", 600))]);
            await route.fulfill({ status: 200, json: {} });
        });
        let streams = 0;
        const second = (request) => request.url().includes("/ws/chat/stream/") && ++streams === 2;
        const twice = ana.page.waitForRequest(second, { timeout: 60000 });
        await ana.open(stack.url);
        await ana.linkIs("live");
        await twice;
        await ana.say("renewed on a stream");
        await ana.sees("renewed on a stream");
        assert.deepEqual([streams, renewals], [2, 1]);
        await ana.linkIs("live");
        assert.deepEqual(ana.faults, []);
        await ana.leave();
    });

    test("whoever has no token is sent to the login page, and told where to come back", async () => {
        const nobody = await Person.enter(browser);
        await nobody.page.route("**/login/**", (route) => route.fulfill({ contentType: "text/html", body: "<title>Login</title>" }));
        await nobody.open(stack.room("energy"));
        const url = new URL(nobody.page.url());
        assert.equal(url.pathname, "/login/");
        assert.match(url.searchParams.get("next"), /\/stocks\/chat\/r\/energy\//);
        await nobody.leave();
    });
});

describe("a token in storage", () => {
    let stack;
    const conf = { guests: "off", browser_token: "storage:access", login_url: "/login/" };

    before(async () => {
        stack = await Stack.start({ conf });
    });
    after(() => stack.stop());

    async function enter(token) {
        const person = await Person.enter(browser);
        await person.context.addInitScript((value) => localStorage.getItem("access") ?? localStorage.setItem("access", value), token);
        return person;
    }

    test("the empty shell fills itself, and both ways carry the token", async () => {
        const ana = await enter(sign(stack.jwt_secret, 7, "ana", 600));
        const bo = await enter(sign(stack.jwt_secret, 8, "bo", 600));
        await ana.open(stack.url);
        await ana.linkIs("live");
        await ana.say("from storage");
        await ana.sees("from storage");
        await bo.open(stack.url);
        await bo.sees("from storage");
        await bo.linkIs("live");
        await bo.say("and back");
        await ana.sees("and back");
        await ana.peopleAre(["ana", "bo"]);
        assert.equal((await ana.page.$$(".room")).length, 12);
        await ana.page.click('.room[data-room="energy"]');
        await ana.page.waitForURL(stack.room("energy"));
        await ana.reload();
        await ana.linkIs("live");
        assert.equal(await ana.page.textContent("#room-title"), "Energy");
        assert.equal(await ana.page.textContent(".me-name"), "ana");
        assert.deepEqual([...ana.faults, ...bo.faults], []);
        await ana.leave();
        await bo.leave();
    });

    test("the account is a window here", async () => {
        const cleo = await enter(sign(stack.jwt_secret, 31, "cleo", 600));
        const dan = await enter(sign(stack.jwt_secret, 32, "dan", 600));
        await cleo.open(stack.url);
        await dan.open(stack.url);
        await dan.linkIs("live");
        await cleo.linkIs("live");
        await dan.say("never mind me");
        await cleo.sees("never mind me");
        const row = cleo.page.locator('.msg:has(.msg-text:text-is("never mind me"))');
        await row.hover();
        await row.locator(".msg-more").click();
        await cleo.page.click('.sheet-menu .menu-item:text-is("Ignore this person")');
        await cleo.page.click('.sheet-confirm button:text-is("Ignore")');
        await row.waitFor({ state: "detached" });
        await cleo.page.click(".me-account");
        const [file] = await Promise.all([cleo.page.waitForEvent("download"), cleo.page.click('button:text-is("Download my data")')]);
        assert.equal(JSON.parse(readFileSync(await file.path(), "utf8")).ignored[0].username, "dan");
        await cleo.page.click('button:text-is("Stop ignoring")');
        await cleo.sees("never mind me");
        await cleo.page.screenshot({ path: `${ROOT}/build/screenshots/account-window.png` });
        await cleo.page.selectOption(".sheet-account select", "nobody");
        await until(async () => (await cleo.page.evaluate(() => fetch("/api/stocks/chat/me/", { headers: { Authorization: `Bearer ${localStorage.getItem("access")}` } }).then((answer) => answer.json()))).prefs.direct === "nobody", "the setting is kept");
        await cleo.page.fill(".sheet-account input", "cleo");
        await cleo.page.click('button:text-is("Delete my account")');
        await cleo.page.waitForFunction(() => document.querySelector(".sheet-account") === null);
        await cleo.linkIs("live");
        assert.deepEqual([...cleo.faults, ...dan.faults], []);
        await cleo.leave();
        await dan.leave();
    });

    test("a token that the site renews in storage is taken up", async () => {
        const ana = await enter(sign(stack.jwt_secret, 7, "ana", 20));
        const accepted = new Promise((resolve) => {
            ana.page.on("websocket", (socket) =>
                socket.on("framereceived", ({ payload }) => JSON.parse(payload).type === "auth_ok" && resolve()),
            );
        });
        await ana.open(stack.url);
        await ana.linkIs("live");
        await ana.page.evaluate((token) => localStorage.setItem("access", token), sign(stack.jwt_secret, 7, "ana", 600));
        await accepted;
        await ana.say("still here");
        await ana.sees("still here");
        await ana.leave();
    });

    test("without a token the page says so and shows the way in", async () => {
        const nobody = await Person.enter(browser);
        await nobody.open(stack.url);
        await nobody.page.waitForSelector(".notice a[href]");
        assert.equal(await nobody.page.$(".msg"), null);
        assert.deepEqual(nobody.faults, []);
        await nobody.leave();
    });
});
