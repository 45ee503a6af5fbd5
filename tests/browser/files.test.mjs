// Files between two people: chosen, pasted, dropped, sent on after a broken connection, kept over a reload,
// seen live and by who comes later, with and without scripts.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { launch, Person, ROOT, Stack, until } from "./lib.mjs";
import { chart } from "./pictures.mjs";

const SHOTS = `${ROOT}/build/screenshots`;
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const NOTES = { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("Watch 4,180.\n") };
const PAGE = { name: "page.png", mimeType: "image/png", buffer: Buffer.from("<!doctype html><script>alert(1)</script>") };

let stack;
let browser;
let ana;
let bo;

before(async () => {
    stack = await Stack.start({ conf: { rate_address_burst: "5000", rate_user_burst: "500", rate_session_burst: "500" } });
    browser = await launch();
    [ana, bo] = [await Person.enter(browser), await Person.enter(browser)];
    await ana.join(stack.url, "ana");
    await bo.join(stack.url, "bo");
    await ana.linkIs("live");
    await bo.linkIs("live");
    mkdirSync(SHOTS, { recursive: true });
});
after(async () => {
    await browser?.close();
    await stack?.stop();
});

const choose = (person, ...files) => person.page.setInputFiles(".composer-files", files);
const canSend = (person) => person.page.waitForSelector(".composer-send:not([disabled])");
const upload = (name) => `.upload:has(.upload-name:text-is("${name}"))`;
const picture = (name) => `.msg:not([data-seq=""]) .file-image:has(img[alt="${name}"])`;
const isLoaded = (person, selector) => person.page.$eval(selector, (img) => img.complete && img.naturalWidth > 0);

async function removeAll(person) {
    for (let left = await person.page.$$(".upload"); left.length > 0; left = await person.page.$$(".upload")) {
        await person.page.click(".upload .icon-btn >> nth=0");
    }
}

test("a picture that one chooses, the other sees live, and opens over the page", async () => {
    await choose(ana, chart("monday.png"), NOTES);
    await ana.page.fill("#composer-text", "two files");
    await ana.page.waitForSelector(`${upload("monday.png")} .upload-thumb`);
    await canSend(ana);
    await ana.page.press("#composer-text", "Enter");
    for (const person of [ana, bo]) {
        await person.page.waitForSelector(picture("monday.png"));
        await person.page.waitForSelector('.msg:not([data-seq=""]) .file-card:has-text("notes.txt")');
        await until(() => isLoaded(person, `${picture("monday.png")} img`), "the picture is shown");
    }
    const shown = await bo.page.$eval(`${picture("monday.png")} img`, (img) => [Number(img.getAttribute("width")), Number(img.getAttribute("height")), new URL(img.src).pathname]);
    assert.deepEqual(shown.slice(0, 2), [320, 200]);
    assert.match(shown[2], /\/thumbs\//);
    assert.equal(await ana.page.$(".upload"), null);

    const link = await bo.page.$eval(picture("monday.png"), (a) => a.href);
    const bytes = await bo.page.evaluate(async (url) => [...new Uint8Array(await (await fetch(url)).arrayBuffer())], link);
    assert.ok(!Buffer.from(bytes).includes("third floor"));

    await bo.page.click(picture("monday.png"));
    await bo.page.waitForSelector(".sheet-picture[open] .picture-img");
    await until(() => isLoaded(bo, ".picture-img"), "the picture is shown in the window");
    await bo.page.keyboard.press("z");
    await bo.page.waitForSelector(".picture-full");
    await bo.page.keyboard.press("Escape");
    await bo.page.waitForSelector(".sheet-picture", { state: "detached" });
    assert.deepEqual([ana.faults, bo.faults], [[], []]);
});

test("files are pasted and dropped, and need no words", async () => {
    const give = (type, target) =>
        ana.page.evaluate(
            ([kind, selector]) => {
                const data = new DataTransfer();
                data.items.add(new File([`${kind} at 10:15\n`], `${kind}.txt`, { type: "text/plain" }));
                const Kind = kind === "paste" ? ClipboardEvent : DragEvent;
                const about = { bubbles: true, cancelable: true, clipboardData: data, dataTransfer: data };
                document.querySelector(selector).dispatchEvent(new Kind(kind, about));
            },
            [type, target],
        );
    await give("paste", "#composer-text");
    await ana.page.waitForSelector(upload("paste.txt"));
    await give("drop", "#log");
    await ana.page.waitForSelector(upload("drop.txt"));
    await canSend(ana);
    await ana.page.click(".composer-send");
    const row = ".msg:not([data-seq='']):has(.file-card:has-text('paste.txt')):has(.file-card:has-text('drop.txt'))";
    await bo.page.waitForSelector(row);
    assert.equal(await bo.page.$eval(`${row} .msg-text`, (text) => text.textContent), "");
});

test("what is refused says why, and what is taken back is gone", async () => {
    await choose(ana, PAGE, NOTES);
    await ana.page.waitForSelector(`.upload-bad:has-text("page.png"):has-text("Only pictures")`);
    await canSend(ana);
    await removeAll(ana);
    assert.ok(await ana.page.isDisabled(".composer-send"));
    await choose(ana, { name: "empty.txt", mimeType: "text/plain", buffer: Buffer.alloc(0) });
    await ana.page.waitForSelector('.toast-line:has-text("empty.txt is empty")');
});

test("a broken connection costs no more than the part that it broke", async () => {
    const offsets = [];
    let failures = 2;
    await ana.page.route(/\/uploads\/.*offset=/, (route) => {
        const offset = Number(new URL(route.request().url()).searchParams.get("offset"));
        offsets.push(offset);
        return offset > 0 && failures-- > 0 ? route.abort() : route.continue();
    });
    await choose(ana, chart("tuesday.png"));
    await canSend(ana);
    await ana.page.unroute(/\/uploads\/.*offset=/);
    assert.equal(offsets.filter((offset) => offset === 0).length, 1);
    assert.equal(offsets.filter((offset) => offset === offsets[1]).length, 3);
    await ana.page.click(".composer-send");
    await bo.page.waitForSelector(picture("tuesday.png"));
});

test("what is whole stays over a reload, and what is not goes on when it is chosen again", async () => {
    const wednesday = chart("wednesday.png");
    await choose(ana, NOTES);
    await canSend(ana);
    const sent = [];
    await ana.page.route(/\/uploads\/.*offset=/, (route) => {
        sent.push(route.request().url());
        return route.request().url().endsWith("offset=0") ? route.continue() : route.abort();
    });
    await choose(ana, wednesday);
    await until(() => sent.length > 1, "the first part is sent, the second is not");
    await ana.reload();
    await ana.page.unroute(/\/uploads\/.*offset=/);
    await ana.linkIs("live");
    await ana.page.waitForSelector(`${upload("notes.txt")}:not(:has(progress:not([hidden])))`);
    await ana.page.waitForSelector(`${upload("wednesday.png")}:has-text("Choose it again")`);
    const again = [];
    ana.page.on("request", (request) => request.method() === "PUT" && again.push(request.url()));
    await choose(ana, wednesday);
    await ana.page.waitForSelector(`${upload("wednesday.png")} .upload-thumb`);
    await canSend(ana);
    assert.ok(again.length > 0 && !again.some((url) => url.endsWith("offset=0")), String(again));
    await ana.page.click(".composer-send");
    await bo.page.waitForSelector(picture("wednesday.png"));
    assert.equal(await ana.page.$(".upload"), null);
});

test("without scripts files are sent by the form, and seen as links and small pictures", async () => {
    const plain = await Person.enter(browser, { options: { javaScriptEnabled: false } });
    await plain.join(stack.url, "plain");
    await plain.page.setInputFiles("input[type=file]", [chart("small.png", 160, 100)]);
    await plain.page.fill("#composer-text", "by a form");
    await plain.follow(".composer-send");
    await plain.page.waitForSelector(picture("small.png"));
    await plain.page.waitForSelector(`${picture("wednesday.png")} img[src*="/thumbs/"]`);
    await bo.page.waitForSelector(picture("small.png"));
    await until(() => isLoaded(bo, `${picture("small.png")} img`), "the picture is shown");
    const row = plain.page.locator(".msg", { has: plain.page.locator('img[alt="small.png"]') });
    await plain.page.goto(stack.url.replace(/chat\/$/, `chat/t/${await row.getAttribute("data-id")}/`));
    await plain.page.setInputFiles("#thread input[type=file]", [NOTES]);
    await plain.follow("#thread .composer-send");
    await plain.page.waitForSelector('#thread .file-card:has-text("notes.txt")');
    await plain.leave();
});

test("a message that is removed takes its files along", async () => {
    const id = await bo.page.$eval(`.msg:has(.file-image img[alt="tuesday.png"])`, (row) => row.dataset.id);
    const link = await bo.page.$eval(picture("tuesday.png"), (a) => a.href);
    await ana.page.evaluate(async (message) => {
        const { csrf } = await (await fetch("/api/stocks/chat/me/")).json();
        await fetch(`/api/stocks/chat/messages/${message}/`, { method: "DELETE", headers: { "X-CSRF-Token": csrf } });
    }, id);
    await bo.page.waitForSelector(`.msg-gone[data-id="${id}"]`);
    assert.equal(await bo.page.$(`.msg[data-id="${id}"] .files`), null);
    assert.equal(await bo.page.evaluate(async (url) => (await fetch(url, { cache: "no-store" })).status, link), 404);
});

async function judge(person, name) {
    await person.page.screenshot({ path: `${SHOTS}/${name}.png` });
    const result = await person.page.evaluate(`${AXE}; axe.run({ resultTypes: ["violations"] })`);
    assert.deepEqual(
        result.violations.map((one) => `${one.id}: ${one.nodes.map((node) => `${node.target} ${node.failureSummary}`).join(" | ")}`),
        [],
        name,
    );
    const wide = await person.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(wide <= 0, `${name} is ${wide} px too wide`);
}

for (const [width, height] of [[360, 740], [1280, 800]]) {
    for (const colorScheme of ["light", "dark"]) {
        test(`files at ${width} px, ${colorScheme}`, async () => {
            const person = await Person.enter(browser, { options: { viewport: { width, height }, colorScheme } });
            await person.join(stack.url, `eye-${width}-${colorScheme}`);
            await person.linkIs("live");
            await person.page.waitForSelector(picture("wednesday.png"));
            await until(() => isLoaded(person, `${picture("wednesday.png")} img`), "the picture is shown");
            await choose(person, chart("thursday.png"), PAGE);
            await person.page.waitForSelector(`${upload("thursday.png")} .upload-thumb`);
            await person.page.waitForSelector(".upload-bad");
            await canSend(person);
            await judge(person, `files-${width}-${colorScheme}`);
            await person.page.click(picture("wednesday.png"));
            await person.page.waitForSelector(".sheet-picture[open] .picture-img");
            await until(() => isLoaded(person, ".picture-img"), "the picture is shown in the window");
            await judge(person, `picture-${width}-${colorScheme}`);
            assert.deepEqual(person.faults, []);
            await person.leave();
        });
    }
}
