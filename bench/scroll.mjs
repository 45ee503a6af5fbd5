// scroll: how a room with many loaded messages scrolls in Chromium, and what a new message costs in it.
//
//   node bench/scroll.mjs [--rows 10000] [--seconds 6] [--arrivals 40] [--rounds 1] [--widths 360,1280] [--json]
//
// Loads that many rows as a reader does (by scrolling up), then scrolls through them, a tenth of a screen a
// frame, at a phone's and a desk's width; before and after it lets messages come in, one at a time. Frames are
// those of requestAnimationFrame. What they and a message cost is CPU of the page's main thread as the browser
// accounts for it, of which a frame has 16.7 ms: unlike frames a second it hardly depends on what else the machine does.
// --json prints, in place of sentences, one line of figures for each width: what bench/run asks for.

import { execFileSync } from "node:child_process";
import { parseArgs } from "node:util";
import { launch, Person, ROOT, Stack, until } from "../tests/browser/lib.mjs";

const { values } = parseArgs({
    options: {
        rows: { type: "string", default: "10000" },
        seconds: { type: "string", default: "6" },
        arrivals: { type: "string", default: "40" },
        rounds: { type: "string", default: "1" },
        widths: { type: "string", default: "360,1280" },
        json: { type: "boolean", default: false },
    },
});
const ROWS = Number(values.rows);
const SECONDS = Number(values.seconds);
const ARRIVALS = Number(values.arrivals);
const ROUNDS = Number(values.rounds);
const FRAME_MS = 1000 / 60;
const SIZES = [
    { width: 360, height: 740 },
    { width: 1280, height: 800 },
].filter(({ width }) => values.widths.split(",").includes(String(width)));
const COSTS = ["TaskDuration", "ScriptDuration", "LayoutDuration", "RecalcStyleDuration"];

const percentile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
const rowCount = (page) => page.evaluate(() => document.querySelectorAll("#rows .msg").length);

async function loadAll(page) {
    const began = Date.now();
    while ((await rowCount(page)) < ROWS) {
        const before = await rowCount(page);
        await page.evaluate(() => {
            const log = document.getElementById("log");
            log.scrollTop = -log.scrollHeight;
        });
        await until(async () => (await rowCount(page)) > before, "older rows come", 60);
    }
    return (Date.now() - began) / 1000;
}

// In the page: scrolls by `step` pixels a frame for so long, turning round at the ends.
function scrollFor({ ms, step }) {
    const log = document.getElementById("log");
    return new Promise((resolve) => {
        const frames = [];
        const long = [];
        const observer = new PerformanceObserver((list) => long.push(...list.getEntries().map((entry) => entry.duration)));
        observer.observe({ type: "longtask" });
        const began = performance.now();
        let last = began;
        let way = -step;
        const frame = (now) => {
            frames.push(now - last);
            last = now;
            const top = log.scrollTop;
            log.scrollTop = top + way;
            if (log.scrollTop === top) {
                way = -way;
            }
            if (now - began < ms) {
                requestAnimationFrame(frame);
            } else {
                observer.disconnect();
                resolve({ frames: frames.slice(2), long });
            }
        };
        requestAnimationFrame(frame);
    });
}

async function metrics(session) {
    const { metrics: list } = await session.send("Performance.getMetrics");
    return Object.fromEntries(list.map(({ name, value }) => [name, value]));
}

async function costOfArrivals(stack, page, session) {
    const before = await metrics(session);
    for (let i = 0; i < ARRIVALS; i++) {
        const text = `arrival ${i} of ${Date.now()}`;
        await stack.post(text);
        await page.waitForFunction((said) => document.getElementById("rows").lastElementChild.textContent.includes(said), text);
    }
    const after = await metrics(session);
    return COSTS.map((name) => [name, ((after[name] - before[name]) * 1000) / ARRIVALS]);
}

// One stretch of scrolling, from the bottom up.
async function scroll(page, session, height) {
    await toBottom(page);
    const before = await metrics(session);
    const { frames, long } = await page.evaluate(scrollFor, { ms: SECONDS * 1000, step: Math.round(height / 10) });
    const spent = (await metrics(session)).TaskDuration - before.TaskDuration;
    const sorted = frames.toSorted((a, b) => a - b);
    return {
        fps: 1000 / (frames.reduce((sum, ms) => sum + ms, 0) / frames.length),
        p50: percentile(sorted, 0.5),
        p95: percentile(sorted, 0.95),
        p99: percentile(sorted, 0.99),
        worst: sorted.at(-1),
        late: frames.filter((ms) => ms > 1.5 * FRAME_MS).length / frames.length,
        long: long.length,
        cpu: (spent * 1000) / frames.length,
    };
}

async function toBottom(page) {
    await page.evaluate(() => (document.getElementById("log").scrollTop = 0));
    await until(() => page.evaluate(() => document.getElementById("log").scrollTop === 0), "the bottom", 60);
}

async function measure(stack, browser, viewport) {
    const reader = await Person.enter(browser, { options: { viewport } });
    const page = reader.page;
    await reader.join(stack.url, `reader${viewport.width}`);
    await reader.linkIs("live");
    const session = await page.context().newCDPSession(page);
    await session.send("Performance.setTimeDomain", { timeDomain: "threadTicks" });
    await session.send("Performance.enable");
    const few = await costOfArrivals(stack, page, session);
    const took = await loadAll(page);
    const rows = await rowCount(page);
    const scrolled = [];
    for (let i = 0; i < ROUNDS; i++) {
        scrolled.push(await scroll(page, session, viewport.height));
    }
    await toBottom(page);
    const many = await costOfArrivals(stack, page, session);
    const heap = (await metrics(session)).JSHeapUsedSize / 1048576;
    await reader.leave();
    return { width: viewport.width, rows, took, heap, few, many, scrolled };
}

function tell({ width, rows, took, heap, few, many, scrolled }) {
    const show = (list) => list.map(([name, ms]) => `${name.replace("Duration", "").toLowerCase()} ${ms.toFixed(1)}`).join(", ");
    console.log(`${width} px: ${rows} rows, loaded in ${took.toFixed(0)} s, ${heap.toFixed(0)} MB of JavaScript's`);
    for (const { fps, p50, p95, p99, worst, late, long, cpu } of scrolled) {
        console.log(`  ${fps.toFixed(1)} frames/s; a frame's ms: p50 ${p50.toFixed(1)}, p95 ${p95.toFixed(1)}, p99 ${p99.toFixed(1)},` +
            ` worst ${worst.toFixed(1)}; late ${(100 * late).toFixed(0)} %; tasks over 50 ms: ${long};` +
            ` CPU of the main thread: ${cpu.toFixed(1)} ms a frame`);
    }
    console.log(`  a message's ms, 50 rows: ${show(few)}`);
    console.log(`  a message's ms, all rows: ${show(many)}`);
}

const stack = await Stack.start({ conf: { rate_address_burst: "100000", rate_user_burst: "100000" } });
const browser = await launch();
try {
    execFileSync(`${ROOT}/build/bench/fill`, ["--config", stack.conf, "--messages", String(2 * ROWS + 200)], { stdio: ["ignore", "ignore", "inherit"] });
    for (const viewport of SIZES) {
        const found = await measure(stack, browser, viewport);
        values.json ? console.log(JSON.stringify(found)) : tell(found);
    }
} finally {
    await browser.close();
    await stack.stop();
}
