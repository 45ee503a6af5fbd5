"""The workload under which faults are made: writers that keep an ack log, readers that follow the
protocol's rules, over all ways to write and to read. checker.py then compares.

    with Workload(stack) as work:
        ...                     # the fault, and waiting for its end
        work.settle()           # everything asked is answered, every reader is at the head
    check(work)
"""
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from acting import WAYS_TO_ACT, Acts  # noqa: E402
from reading import PASSING, READERS, Closed, offered  # noqa: E402
from stack import new_client_id, wait_for  # noqa: E402
from writing import BROKEN, WRITERS  # noqa: E402

LONG = os.environ.get("OUTCRY_LONG") == "1"
SEED = os.environ.get("OUTCRY_SEED", "1")
ROOMS = ("general", "energy")
# Limits are what other tests are about: here they would only hide the fault.
ROOMY = {key: "1000000" for key in (
    "rate_user_burst", "rate_user_per_minute", "rate_address_burst", "rate_address_per_minute",
    "rate_session_burst", "rate_session_per_minute", "ws_max_per_address", "ws_max_per_user")}


def await_none(rest, what, seconds, or_else=lambda: False):
    """Waits until rest() is empty; names what is left after `seconds`."""
    try:
        wait_for(lambda: not rest() or or_else(), what, seconds)
    except AssertionError as e:
        raise AssertionError(f"{e}: {rest()}") from None


class Writer(threading.Thread):
    """Posts one message after the other; one that is unknown is sent again until it is known."""

    def __init__(self, work, name, way, token):
        super().__init__(name=name, daemon=True)
        self.work, self.way = work, way(work.stack, token, name)
        self.random = random.Random(f"{SEED} {name}")
        self.acked = {}      # client id: (seq or None, message id or None)
        self.refused = {}    # client id: code; final
        self.unknown = {}    # client id: what the last try came to
        self.texts = {}      # client id: (room, text)
        self.ack_times = []
        self.outcomes = {}   # "kind code": count
        self.slowest = 0.0   # of all tries, in seconds
        self.retries = 0
        self.told_when = 0   # refusals that said when to come back
        self.error = None

    def run(self):
        try:
            number = 0
            while not self.work.enough.is_set():
                number += 1
                self.write(f"{self.name} {number}")
                self.work.enough.wait(self.work.pace * (0.5 + self.random.random()))
        except BaseException as e:  # told by the checker: a thread's own end is silent
            self.error = e
            raise
        finally:
            self.way.close()

    def write(self, text):
        client_id = new_client_id()
        room = self.random.choice(ROOMS) if self.way.rooms else ROOMS[0]
        self.texts[client_id] = (room, text)
        outcome, _ = self.surely(lambda: self.way.send(text, client_id, room), client_id)
        if outcome and outcome.kind == "acked":
            self.acked[client_id] = (outcome.seq, outcome.msg_id)
        elif outcome:
            self.refused[client_id] = outcome.code

    def surely(self, ask, what):
        """(what became of it, how often it was asked): asks until that is known, or (None, …) where
        everybody gives up."""
        tries = 1
        while (outcome := self.try_once(ask)).kind not in ("acked", "refused"):
            self.unknown[what] = outcome.code
            if self.work.give_up.wait(0.05 + 0.2 * self.random.random()):
                return None, tries
            self.retries += 1
            tries += 1
        self.unknown.pop(what, None)
        if outcome.kind == "acked":
            self.ack_times.append(time.monotonic())
        return outcome, tries

    def try_once(self, ask):
        started = time.monotonic()
        outcome = ask()
        self.slowest = max(self.slowest, time.monotonic() - started)
        self.told_when += outcome.retry_after is not None
        key = f"{outcome.kind} {outcome.code}".strip()
        self.outcomes[key] = self.outcomes.get(key, 0) + 1
        return outcome


class Actor(Writer):
    """Writes a message and then does things to it, one after the other."""

    def __init__(self, work, name, way, token):
        super().__init__(work, name, way, token)
        self.acts = Acts(self.way, self.random, lambda ask: self.surely(ask, "act"))

    def write(self, text):
        if thing := self.acts.now():
            self.acts.one()
            self.texts[self.at_hand] = (self.texts[self.at_hand][0], thing.says())
            return
        super().write(text)
        self.at_hand = next(reversed(self.texts))
        if self.at_hand in self.acked:
            self.acts.begin(self.acked[self.at_hand][1], text)


class Reader(threading.Thread):
    """Shows rooms: applies what is next, drops what it has, and never passes over a hole."""

    def __init__(self, work, name, ways, token):
        super().__init__(name=name, daemon=True)
        self.work, self.ways, self.token = work, ways, token
        self.random = random.Random(f"{SEED} {name}")
        self.epoch = None
        self.last = {room: 0 for room in ROOMS}
        self.shown = {room: [] for room in ROOMS}    # (seq, type, message id), as shown
        self.loaded = {room: [] for room in ROOMS}   # (after, up to): read as history after a resync
        self.wrong = []                              # what the server must never do
        self.reconnects = 0
        self.error = None

    def run(self):
        try:
            turn = 0
            while not self.work.done.is_set():
                way = self.ways[turn % len(self.ways)]
                turn += 1
                try:
                    self.follow(READERS[way])
                except BROKEN:
                    self.reconnects += 1
                self.work.done.wait(self.work.jitter * self.random.random())
        except BaseException as e:
            self.error = e
            raise

    def follow(self, way):
        feed = way(self.work.stack, self.token, self.epoch, dict(self.last))
        seen = dict(self.last)  # of this connection
        try:
            while not self.work.done.is_set():
                for frame in feed.next(0.5):
                    self.take(frame, feed, seen)
                self.epoch = feed.epoch or self.epoch
                if self.work.switch and self.random.random() < self.work.switch:
                    return
        finally:
            feed.close()

    def take(self, frame, feed, seen):
        if frame["type"] == "resync":
            self.reload(frame)
            seen[frame["room"]] = self.last[frame["room"]]
            feed.resume(self.epoch, frame["room"], self.last[frame["room"]])
        if frame["type"] in PASSING:
            return
        room, seq = frame["room"], frame["seq"]
        if seq != seen[room] + 1:
            self.wrong.append(f"{room}: {seq} came after {seen[room]} on one connection")
        seen[room] = seq
        if seq <= self.last[room]:
            return
        if seq > self.last[room] + 1:
            raise Closed("a hole: ask again")
        self.apply(room, seq, frame["type"], frame.get("id"))

    def apply(self, room, seq, kind, msg_id):
        self.last[room] = seq
        self.shown[room].append((seq, kind, msg_id))

    def reload(self, frame):
        """What a resync asks for: the room's messages, page by page, up to where it says."""
        room, after = frame["room"], self.last[frame["room"]]
        if frame["reason"] in ("epoch", "ahead"):
            after = 0
            self.shown[room] = []
        begin = after
        while True:
            page = self.work.stack.get(f"messages/?room={room}&after={after}&limit=200",
                                       token=self.token).json
            for message in page["messages"]:
                self.apply(room, message["seq"], "message", message["id"])
                after = message["seq"]
            if not page["has_more"]:
                break
        self.epoch = page["epoch"]
        self.last[room] = max(after, page["seq"])
        self.loaded[room].append((begin, self.last[room]))


class Workload:
    """Writers and readers, one of each way unless told otherwise, and an actor by JSON and by socket where
    somebody writes so. `jitter` is the longest wait before a reader connects again: the protocol's ten
    seconds would only make rounds long."""

    def __init__(self, stack, writers=tuple(WRITERS), readers=None, pace=0.06, jitter=0.4, switch=0.0,
                 base=1000):
        self.stack, self.pace, self.jitter, self.switch = stack, pace, jitter, switch
        self.enough, self.give_up, self.done = (threading.Event() for _ in range(3))
        self.started = time.monotonic()
        users = iter(range(base, base + 500))

        def token(name, role=None):  # issued long ago, for tests that put the clock back
            return stack.token(next(users), name, role, ttl=7200, iat=int(time.time()) - 7200)

        self.offered = offered(stack, token("prober"))
        if readers is None:  # each way by itself, and one that goes through them all
            readers = [[way] for way in self.offered] + [self.offered, ["socket"]]
        self.writers = [Writer(self, f"w{i}-{way}", WRITERS[way], token(f"w{i}-{way}"))
                        for i, way in enumerate(writers)]
        # Moderators, because those may pin; not by forms, whose answer does not say which message it made.
        self.actors = [Actor(self, f"a-{way}", WAYS_TO_ACT[way], token(f"a-{way}", "moderator"))
                       for way in ("json", "hello") if way in writers]
        self.readers = [Reader(self, f"r{i}-{'-'.join(ways)}", ways, token(f"r{i}"))
                        for i, ways in enumerate(readers)]

    def __enter__(self):
        for thread in self.threads():
            thread.start()
        return self

    def __exit__(self, *exc):
        for event in (self.enough, self.give_up, self.done):
            event.set()
        for thread in self.threads():
            thread.join(15)

    def threads(self):
        return self.readers + self.senders()

    def senders(self):
        return self.writers + self.actors

    # ---- what happens meanwhile ----

    def acked(self):
        return sum(len(w.ack_times) for w in self.senders())

    def await_acks(self, more, seconds=60, writers=None):
        """Waits for so many more acks from each writer."""
        writers = writers or self.senders()
        goal = {w: len(w.ack_times) + more for w in writers}

        def late():
            return [(w.name, goal[w] - len(w.ack_times), w.outcomes) for w in writers
                    if len(w.ack_times) < goal[w]]

        await_none(late, "acks still missing", seconds, self.failed)

    def failed(self):
        return [t for t in self.threads() if t.error]

    def count(self, outcome):
        return sum(n for w in self.senders() for key, n in w.outcomes.items() if key == outcome)

    def hold_out(self, seconds):
        """For so long the fault goes on: its length is the subject."""
        self.done.wait(seconds)

    # ---- the end ----

    def heads(self):
        with self.stack.database() as db:
            return {room: db.execute("SELECT head FROM room WHERE slug = ?", (room,)).fetchone()[0]
                    for room in ROOMS}

    def settle(self, seconds=60):
        self.enough.set()
        self.ended = time.monotonic()
        await_none(lambda: [(w.name, w.outcomes) for w in self.senders() if w.is_alive()],
                   "messages without an answer", seconds)
        heads = self.heads()
        await_none(lambda: [(r.name, r.last) for r in self.readers
                            if r.last != heads and not r.error],
                   f"readers not yet at {heads}", seconds)

    def gap(self, times):
        """The longest time between two of these, seconds."""
        marks = sorted([self.started, *times, self.ended])
        return max(b - a for a, b in zip(marks, marks[1:]))

    def without_service(self):
        return self.gap([t for w in self.writers for t in w.ack_times])

    def worst_writer(self):
        return max((self.gap(w.ack_times) for w in self.writers), default=0.0)
