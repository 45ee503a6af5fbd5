"""The other half of section 2, and section 4: what those cost who say nothing."""
import contextlib

import time

from report import values
from servers import Readers, Site, Straight, edited, load, more_workers
from fanout import CPU, PEOPLE, readers

CROWD, SPOKEN_TO, RATE = 10000, 100, 10
RESTS_AFTER = 10  # seconds without a request or a session
TOLD_WITHIN = 12  # seconds until ten thousand have been told of those who came


def crowd(site, people):
    """Ten thousand readers to whom nothing is said."""
    return Readers("--to", site.straight, "--tokens", site.people(people), "--clients", 0, "--idle",
                   CROWD, server=site.sidecar_pids())


def idle_share(site, seconds):
    """The sidecar's share of a core while nothing is said, pings and pongs included."""
    result = load("fanout", "--to", site.straight, "--clients", 0, "--over", "plain", "--seconds",
                  seconds, server=site.sidecar_pids())
    return 100 * result["busy"]


def kb_each(idlers):
    return (idlers.opened["rss_kb_open_sidecar"] - idlers.opened["rss_kb_before_sidecar"]) / CROWD


def quiet_room(bench, site):
    return readers(bench, site.straight, site.sidecar_pids(), "hello", SPOKEN_TO,
                   tokens=site.people(PEOPLE), rate=RATE, seconds=bench.quiet_seconds)


def together(*rooms):
    """Measured at the same time: they hardly do anything, and rounds must be as long as the pings' period."""
    for room in rooms:
        room.begin()
    return [room.finish() for room in rooms]


def pooled(results):
    """CPU per delivery over all rounds: pings come every 25 s, in some of them."""
    return [sum(r["cpu_us"] * r["deliveries"] for r in results) / sum(values(results, "deliveries"))]


def beside_idle(bench, quiet, idle):
    """10 messages/s to a room of 100, alone and beside ten thousand idle connections; and section 4's
    figures of those."""
    with contextlib.ExitStack() as stack:
        alone, beside = stack.enter_context(Straight()), stack.enter_context(Straight())
        # Before the crowd: what first connections allocate once and for all is not the crowd's.
        room, other = (stack.enter_context(quiet_room(bench, site)) for site in (alone, beside))
        idlers = stack.enter_context(crowd(beside, PEOPLE))
        time.sleep(TOLD_WITHIN)
        without, with_crowd = zip(*(together(room, other) for _ in range(bench.rounds)))
        share = idle_share(beside, bench.idle_seconds)
    what = "10 messages/s to 100, beside 10,000 idle"
    quiet.row(f"{what}, all rounds together", pooled(with_crowd), CPU, pooled(without), "alone",
              most=1.5)
    quiet.row(f"{what}, the median round", values(with_crowd, "cpu_us"), CPU,
              values(without, "cpu_us"), "alone")
    quiet.note(f"beside idle connections: {bench.rounds} rounds of {bench.quiet_seconds} s, alone and "
               "beside at the same time; pings come every 25 s, so that only all rounds together have "
               "their share of them")
    idle.row("an idle connection, 10,000 of 1,000 people", [kb_each(idlers)], "KB RSS", most=6)
    idle.row(f"10,000 idle connections over {bench.idle_seconds} s, pings included", [share],
             "% of a core", most=2)


def of_many_people(section):
    """As many people as connections: each is told who is there."""
    with Straight() as site, crowd(site, CROWD) as idlers:
        section.row("an idle connection, 10,000 of 10,000 people", [kb_each(idlers)], "KB RSS", most=6)
        section.note(f"10,000 people were connected within {idlers.opened['open_ms'] / 1000:.0f} s; "
                     "the share of a core for five seconds after that: "
                     f"{idle_share(site, 5):.0f} %")


def pss_of(pid):
    """(program, KB)"""
    with open(f"/proc/{pid}/comm", encoding="utf-8") as f:
        name = f.read().strip()
    with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as f:
        return name, next(int(line.split()[1]) for line in f if line.startswith("Pss:"))


def whole_stack(section):
    with edited(more_workers(1), conf={"ws_max_connections": None}) as site:  # as it comes
        token = site.token(1, "trader1")
        site.get("messages/", token=token)
        site.http("GET", "/stocks/chat/", token=token)
        site.hello(token=token).close()
        time.sleep(RESTS_AFTER + 3)
        try:
            pss = [pss_of(pid) for pid in (*site.pids_of_session(site.web.pid), site.sidecar.pid)]
        except PermissionError:
            section.note("PSS could not be read: the programs hide their memory from all but root")
            return
    section.row("whole idle stack: lighttpd, one worker of each program, sidecar",
                [sum(kb for _, kb in pss) / 1024], "MB PSS", most=5)
    section.note("PSS in MB: " + ", ".join(f"{name} {kb / 1024:.2f}" for name, kb in pss))


def measure(bench, quiet, idle):
    beside_idle(bench, quiet, idle)
    of_many_people(idle)
    whole_stack(idle)
