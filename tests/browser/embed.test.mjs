// The chat in a frame of the host's page: there, in its narrow form, telling how much is unread; and in
// nobody else's.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { launch, Person, ROOT, Stack } from "./lib.mjs";

let hosts;
let stack;
let browser;

// A page of another origin, which frames whatever stands behind its "?".
async function host() {
    const page = '<!doctype html><title>host</title><p id="heard"></p><iframe width="900" height="600"></iframe><script>'
        + 'addEventListener("message", ({ data, origin }) => { document.getElementById("heard").textContent = origin + " " + JSON.stringify(data); });'
        + "document.querySelector('iframe').src = decodeURIComponent(location.search.slice(1));</script>";
    const server = createServer((request, response) => response.setHeader("Content-Type", "text/html").end(page));
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { server, origin: `http://127.0.0.1:${server.address().port}` };
}

before(async () => {
    hosts = [await host(), await host()];
    stack = await Stack.start({ conf: { embed_origins: hosts[0].origin, rate_address_burst: "5000" } });
    browser = await launch();
});
after(async () => {
    await browser?.close();
    await stack?.stop();
    hosts.forEach(({ server }) => server.close());
});

test("the host's page shows the chat in a frame and hears what is unread", async () => {
    const ana = await Person.enter(browser);
    await ana.join(stack.url, "ana");
    await ana.page.click('.room[data-room="energy"]');
    await ana.page.waitForURL(stack.room("energy"));
    await stack.post("seen", { room: "energy" });
    await ana.sees("seen");
    await ana.open(`${hosts[0].origin}/?${encodeURIComponent(`${stack.url}?embed=1`)}`);
    const frame = ana.page.frameLocator("iframe");
    await frame.locator('#link-state[data-state="live"]').waitFor({ state: "attached" });
    assert.equal(await frame.locator(".panel.rooms").evaluate((panel) => getComputedStyle(panel).position), "fixed");
    await frame.locator(".open-rooms").click();
    await frame.locator('.room[data-room="energy"]').click();
    await frame.locator('.msg-text:text-is("seen")').waitFor();
    await frame.locator(".open-rooms").click();
    await frame.locator('.room[data-room="general"]').click();
    await stack.post("news", { room: "energy" });
    await ana.page.waitForSelector(`#heard:text-is('${stack.origin} {"type":"outcry","unread":1}')`);
    await ana.page.screenshot({ path: `${ROOT}/build/screenshots/embed.png` });
    await ana.leave();
});

test("no other page may", async () => {
    const ben = await Person.enter(browser);
    const refused = ben.page.waitForEvent("console", (message) => message.text().includes("frame-ancestors"));
    await ben.open(`${hosts[1].origin}/?${encodeURIComponent(`${stack.url}?embed=1`)}`);
    await refused;
    assert.equal(await ben.page.frameLocator("iframe").locator("#log").count(), 0);
    await ben.leave();
});
