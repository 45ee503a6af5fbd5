// Files in a thread, and where the token is in the hands of scripts, so that no picture and no link can show it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { sign } from "./host_token.mjs";
import { launch, Person, ROOT, Stack, twoPeople, until } from "./lib.mjs";
import { chart } from "./pictures.mjs";

const SHOTS = `${ROOT}/build/screenshots`;
const NOTES = { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("Watch 4,180.\n") };
const picture = (name) => `.msg:not([data-seq=""]) .file-image:has(img[alt="${name}"])`;
const isLoaded = (person, selector) => person.page.$eval(selector, (img) => img.complete && img.naturalWidth > 0);

async function openThread(person, text) {
    const row = person.page.locator(`#rows .msg:not([data-seq=""]):has(.msg-text:text-is("${text}"))`).last();
    await row.hover();
    await row.locator(".msg-more").click();
    await person.page.click('.sheet-menu .menu-item:text-is("Thread")');
    await person.page.waitForSelector(`#thread .msg:has(.msg-text:text-is("${text}"))`);
}

describe("files in a thread", () => {
    let all;
    let ana;
    let bo;

    before(async () => {
        all = await twoPeople({ conf: { rate_address_burst: "5000", rate_user_burst: "500" } });
        ({ ana, bo } = all);
        await ana.say("which chart?");
        await Promise.all([ana.sees("which chart?"), bo.sees("which chart?")]);
        await openThread(ana, "which chart?");
        await openThread(bo, "which chart?");
    });
    after(() => all?.close());

    test("a picture that answers is seen in everybody's thread and room", async () => {
        await ana.page.setInputFiles("#thread .composer-files", [chart("monday.png")]);
        await ana.page.waitForSelector("#thread .upload .upload-thumb");
        assert.equal(await ana.page.$("#composer .upload"), null);
        await ana.page.waitForSelector("#thread .composer-send:not([disabled])");
        await ana.page.screenshot({ path: `${SHOTS}/thread-files.png` });
        await ana.page.click("#thread .composer-send");
        for (const person of [ana, bo]) {
            for (const place of ["#thread", "#rows"]) {
                await person.page.waitForSelector(`${place} ${picture("monday.png")}`);
            }
            await until(() => isLoaded(person, `#thread ${picture("monday.png")} img`), "the picture is shown");
        }
        assert.equal(await ana.page.$("#thread .upload"), null);
        await bo.page.waitForSelector('#rows .msg:has(.msg-text:text-is("which chart?")) .msg-replies:text-is("1 reply")');
    });

    test("what is whole stays over a reload, in the thread that it is for, and goes with the words", async () => {
        await bo.page.setInputFiles("#thread .composer-files", [NOTES]);
        await bo.page.waitForSelector('#thread .upload:has-text("notes.txt"):not(:has(progress:not([hidden])))');
        await bo.page.waitForSelector("#thread .composer-send:not([disabled])");
        await bo.reload();
        await bo.linkIs("live");
        assert.equal(await bo.page.$("#composer .upload"), null);
        await openThread(bo, "which chart?");
        await bo.page.waitForSelector('#thread .upload:has-text("notes.txt")');
        await bo.page.fill("#thread-text", "and my notes");
        await bo.page.click("#thread .composer-send");
        const row = '#thread .msg:not([data-seq=""]):has(.msg-text:text-is("and my notes")):has(.file-card:has-text("notes.txt"))';
        await ana.page.waitForSelector(row);
        await bo.page.waitForSelector(row);
        assert.deepEqual([ana.faults, bo.faults], [[], []]);
    });
});

describe("files with a token in storage", () => {
    let stack;
    let browser;
    let ana;

    async function enter(user, name) {
        const person = await Person.enter(browser);
        await person.context.addInitScript((value) => {
            localStorage.getItem("access") ?? localStorage.setItem("access", value);
            const [make, release] = [URL.createObjectURL, URL.revokeObjectURL];
            window.heldUrls = new Set();
            URL.createObjectURL = (blob) => {
                const url = make.call(URL, blob);
                window.heldUrls.add(url);
                return url;
            };
            URL.revokeObjectURL = (url) => {
                window.heldUrls.delete(url);
                release.call(URL, url);
            };
        }, sign(stack.jwt_secret, user, name, 3600));
        await person.open(stack.url);
        await person.linkIs("live");
        return person;
    }

    before(async () => {
        stack = await Stack.start({ conf: { guests: "off", browser_token: "storage:access", login_url: "/login/" } });
        browser = await launch();
        ana = await enter(7, "ana");
    });
    after(async () => {
        await browser?.close();
        await stack?.stop();
    });

    test("pictures are shown, large and small, and nothing is held longer than that takes", async () => {
        const bo = await enter(8, "bo");
        await ana.page.setInputFiles("#composer .composer-files", [chart("monday.png"), chart("tuesday.png"), NOTES]);
        await ana.page.waitForSelector(".composer-send:not([disabled])");
        await ana.page.click(".composer-send");
        for (const person of [ana, bo]) {
            for (const name of ["monday.png", "tuesday.png"]) {
                await person.page.waitForSelector(picture(name));
                await until(() => isLoaded(person, `${picture(name)} img`), "the picture is shown");
            }
        }
        const address = await bo.page.$eval(picture("monday.png"), (link) => link.href);
        assert.equal(await bo.page.evaluate(async (url) => (await fetch(url)).status, address), 401);
        await bo.page.click(picture("monday.png"));
        await bo.page.waitForSelector(".sheet-picture[open] .picture-img");
        await until(() => isLoaded(bo, ".picture-img"), "the picture is shown in the window");
        assert.equal(await bo.page.$eval(".picture-img", (img) => img.naturalWidth), 480);
        await bo.page.keyboard.press("ArrowRight");
        await until(() => isLoaded(bo, ".picture-img[alt='tuesday.png']"), "the next picture is shown");
        const [file] = await Promise.all([bo.page.waitForEvent("download"), bo.page.click('.picture-buttons a:text-is("Download")')]);
        assert.equal(file.suggestedFilename(), "tuesday.png");
        assert.ok(readFileSync(await file.path()).length > 10000);
        await bo.page.keyboard.press("Escape");
        await until(() => bo.page.evaluate(() => window.heldUrls.size <= 1), "but for the download nothing is held");
        assert.deepEqual(bo.faults, []);
        await bo.leave();
    });

    test("other files are saved under their names", async () => {
        const [file] = await Promise.all([ana.page.waitForEvent("download"), ana.page.click('.file-card:has-text("notes.txt")')]);
        assert.equal(file.suggestedFilename(), "notes.txt");
        assert.equal(readFileSync(await file.path(), "utf8"), "Watch 4,180.\n");
        assert.deepEqual(ana.faults, []);
    });

    test("who comes later sees them too", async () => {
        await ana.reload();
        await ana.linkIs("live");
        await ana.page.locator(`${picture("monday.png")} img`).scrollIntoViewIfNeeded();
        await until(() => isLoaded(ana, `${picture("monday.png")} img`), "the picture is shown again");
        assert.deepEqual(ana.faults, []);
    });
});
