"""Sections 10 and 11: searching, and what its index costs those who post meanwhile."""
import contextlib
import sqlite3

from report import rounds, values
from servers import Site, edited, more_workers, parse
from storing import IN_FLIGHT, RATE, WORKERS, over_http, over_websocket

READER = 1
IGNORED = 20
KINDS = {"frequent": "two of the 20 most frequent words", "mixed": "two words as people say them",
         "rare": "two rare words", "phrase": "a phrase of two words", "prefix": "a beginning and a word",
         "author": "somebody's, with a word", "file": "with a file, and a word", "nothing": "a word that nobody said"}
ASKED = ("frequent", "mixed", "rare")  # the promise is about two words


@contextlib.contextmanager
def changing(site):
    """The database, to be changed beside the running site; checkpoints stay the site's own."""
    with contextlib.closing(sqlite3.connect(site.path("var/chat.db"), timeout=60)) as db, db:
        db.execute("PRAGMA wal_autocheckpoint = 0")
        yield db


def restrict(site):
    """The reader sees half of the rooms only by being their member, not the last one at all, and ignores people."""
    with changing(site) as db:
        rooms = [row[0] for row in db.execute("SELECT id FROM room WHERE kind = 'public' ORDER BY id")]
        closed = rooms[len(rooms) // 2:]
        db.executemany("UPDATE room SET kind = 'private' WHERE id = ?", [(room,) for room in closed])
        db.execute("DELETE FROM room_member WHERE user_id = ? AND room_id = ?", (READER, closed[-1]))
        db.executemany("INSERT INTO ignored_user (user_id, ignored_id, since_ms) VALUES (?, ?, 1)",
                       [(READER, READER + 1 + i) for i in range(IGNORED)])
        return len(rooms), len(closed)


def give_files(site):
    """Every fiftieth message says that it has one."""
    with changing(site) as db:
        db.execute("UPDATE message SET attachments = 1 WHERE seq % 50 = 0")


def search(bench, site, kind):
    count = bench.searches if kind in ASKED else bench.searches // 4

    def run(_):
        return parse(site.run_as_owner(site.path("bin/search"), "--config", site.conf, "--count", str(count),
                                       "--kind", kind))
    return run


def measure(bench, section):
    messages = 1000000 if bench.full else 50000
    with Site() as site:
        site.fill(messages, "--talk", "1")
        give_files(site)
        site.outcry("index")
        rooms, closed = restrict(site)
        results = rounds(bench.rounds, {kind: search(bench, site, kind) for kind in KINDS})
        for kind, what in KINDS.items():
            asked = 50 if kind in ASKED else None
            section.row(what, [n / 1000 for n in values(results[kind], "p99_us")], "ms p99", most=asked)
        section.note(f"{messages:,} messages; {bench.searches:,} searches a round, a quarter where nothing was "
                     f"asked, by somebody who is a member of {closed - 1} of {closed} private rooms beside "
                     f"{rooms - closed} public ones, and ignores {IGNORED} people; from question to JSON")


def posting(bench, section):
    """With the index being filled behind the posts, and without one."""
    with edited(more_workers(WORKERS)) as on, edited(more_workers(WORKERS), conf={"search": "off"}) as off:
        results = rounds(bench.rounds, {
            "WebSocket": over_websocket(bench, on, 1), "WebSocket, off": over_websocket(bench, off, 1),
            "HTTP": over_http(bench, on), "HTTP, off": over_http(bench, off)})
        for way, what in (("WebSocket", f"over one WebSocket, {IN_FLIGHT} in flight"),
                          ("HTTP", "over HTTP, 8 workers, 8 connections")):
            section.row(what, values(results[way], "per_s"), RATE, values(results[way + ", off"], "per_s"),
                        "search = off", least=0.95)
        section.note("both sidecars run all the while; what the index lacks is filled as posting lets it")
