// A browser's own EventSource: it signs in by the cookie, resumes by the ids, and is told when to try
// again. The page's script reads streams by fetch(); this is for what others write.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { launch, Person, Stack } from "./lib.mjs";

const b64 = (value) => Buffer.from(value).toString("base64url");

function sign(secret, user, name) {
    const now = Math.floor(Date.now() / 1000);
    const claims = { token_type: "access", user_id: user, username: name, iat: now, exp: now + 600, jti: String(Math.random()) };
    const head = `${b64('{"alg":"HS256","typ":"JWT"}')}.${b64(JSON.stringify(claims))}`;
    return `${head}.${createHmac("sha256", secret).update(head).digest("base64url")}`;
}

// In the page: window.heard are the frames, as they came; batches taken apart.
function listen(query) {
    window.heard = [];
    window.source = new EventSource(`/ws/chat/stream/?${query}`);
    window.source.onmessage = (event) => {
        const frame = JSON.parse(event.data);
        window.heard.push(...(frame.type === "batch" ? frame.events : [frame]));
    };
}

let browser;
before(async () => {
    browser = await launch();
});
after(() => browser.close());

describe("an EventSource", () => {
    let stack;
    before(async () => {
        stack = await Stack.start({ conf: { browser_token: "cookie:access" } });
    });
    after(() => stack.stop());

    test("is who the cookie says, and after a cut gets each message once, in order", async () => {
        const token = sign(stack.jwt_secret, 7, "ana");
        const ana = await Person.enter(browser, {
            cookies: [{ name: "access", value: token, url: stack.origin, httpOnly: true, sameSite: "Lax" }],
        });
        const heard = (text) =>
            ana.page.waitForFunction((wanted) => window.heard.some((frame) => frame.message === wanted), text, { timeout: 30000 });
        await ana.open(stack.url);
        await ana.page.evaluate(listen, "rooms=general");
        await ana.page.waitForFunction(() => window.heard.length > 0);
        assert.equal(await ana.page.evaluate(() => window.heard[0].user.username), "ana");

        const sent = ["before the cut", "and another"];
        for (const text of sent) {
            await stack.post(text);
        }
        await heard(sent.at(-1));
        await stack.tell("kill-web");
        await stack.tell("start-web");
        for (const text of ["while it was away", "and back"]) {
            sent.push(text);
            await stack.post(text);
        }
        await heard("and back");
        const shown = await ana.page.evaluate(() => window.heard.filter((frame) => frame.type === "message"));
        assert.deepEqual(shown.map((frame) => frame.message), sent);
        await ana.leave();
    });
});
