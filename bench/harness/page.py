"""Section 9: the page as Lighthouse sees it, on a telephone (its own preset), median of three; and how a room
with ten thousand loaded messages scrolls."""
import json
import os
import subprocess

from report import median, values
from servers import ROOT, Site

FOLDER = os.path.join(ROOT, "bench", "lighthouse")
RUNS, ATTEMPTS = 3, 3
ROWS, FRAME_MS = 10000, 16.8  # a frame of 60 a second, as clocks tell it
ASKED = {"accessibility": 95, "best-practices": 95, "performance": None}
METRICS = {"first-contentful-paint": "first paint", "largest-contentful-paint": "largest paint",
           "total-blocking-time": "blocked"}


def audit(url):
    """Again where Lighthouse itself asks for it: on a busy machine a trace may begin too late."""
    for attempts_left in reversed(range(ATTEMPTS)):
        done = run(url)
        if done.returncode == 0:
            return json.loads(done.stdout)
        if not attempts_left or "run Lighthouse again" not in done.stderr:
            raise subprocess.SubprocessError(f"lighthouse: {done.stderr[-500:]}")


def run(url):
    chrome = "--headless=new --no-sandbox --disable-dev-shm-usage"
    return subprocess.run(
        ["node", os.path.join(FOLDER, "node_modules", "lighthouse", "cli", "index.js"), url, "--quiet",
         "--output=json", f"--only-categories={','.join(ASKED)}", f"--chrome-flags={chrome}"],
        capture_output=True, text=True, timeout=180,
        env=dict(os.environ, CHROME_PATH=os.environ.get("CHROME_PATH", "/usr/bin/chromium")))


def scrolling(bench, section):
    missing = bench.missing("scrolling")
    if missing:
        section.note(f"scrolling was not measured: {missing}")
        return
    done = subprocess.run(["node", os.path.join(ROOT, "bench", "scroll.mjs"), "--json", "--rows", str(ROWS),
                           "--seconds", str(bench.scroll_seconds), "--rounds", str(bench.rounds), "--arrivals", "5",
                           "--widths", bench.scroll_widths],
                          capture_output=True, text=True, timeout=600, check=True)
    for line in done.stdout.splitlines():
        found = json.loads(line)
        what, frames = f"{found['rows']:,} rows scroll, {found['width']} px", found["scrolled"]
        section.row(f"{what}: a frame", values(frames, "p50"), "ms", most=FRAME_MS)
        section.row(f"{what}: frames that are late", [100 * share for share in values(frames, "late")], "%")
        section.row(f"{what}: the main thread, a frame", values(frames, "cpu"), "ms CPU")
    section.note("scrolling a tenth of a screen a frame, in Chromium without a screen or a GPU: all is painted in "
                 "software, by threads beside the main one, on the same two cores")


def lighthouse(bench, section):
    missing = bench.missing("Lighthouse")
    if missing:
        section.note(f"not measured: {missing}")
        return
    with Site(pinned=False) as site:
        site.fill(200)
        reports = [audit(site.url) for _ in range(RUNS)]
    for category, least in ASKED.items():
        section.row(category, [100 * r["categories"][category]["score"] for r in reports], "of 100",
                    least=least)
    shown = {name: median([r["audits"][key]["numericValue"] for r in reports])
             for key, name in METRICS.items()}
    section.row("all that is loaded at first", [r["audits"]["total-byte-weight"]["numericValue"] / 1024
                                                for r in reports], "KB", most=120)
    section.row("layout shift", [r["audits"]["cumulative-layout-shift"]["numericValue"]
                                 for r in reports], "", most=0.001)
    section.note(f"first paint {shown['first paint']:.0f} ms, largest paint "
                 f"{shown['largest paint']:.0f} ms, blocked {shown['blocked']:.0f} ms")
    failed = sorted({audit["title"] for report in reports for category in ASKED
                     for ref in report["categories"][category]["auditRefs"]
                     for audit in [report["audits"][ref["id"]]]
                     if ref["weight"] and audit["score"] is not None and audit["score"] < 0.9})
    if failed:
        section.note("not at their best: " + "; ".join(failed))
