#!/usr/bin/python3
"""Too much at once: an overload from outside, and everybody coming back after a restart."""
import collections
import json
import math
import os
import selectors
import shutil
import signal
import socket
import statistics
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from case import LONG, FaultCase, end_module  # noqa: E402
from checker import Table  # noqa: E402
from crowd import Crowd, browser_backoffs  # noqa: E402
from driver import Workload  # noqa: E402
from stack import API, new_client_id, wait_for  # noqa: E402


def tearDownModule():
    end_module()


class OpenLoop:
    """POSTs at fixed times, whether or not earlier ones are answered. Outcomes are counted: a status, or
    the way the connection ended."""

    def __init__(self, stack, tokens):
        self.stack, self.tokens = stack, tokens
        self.selector = selectors.DefaultSelector()
        self.outcomes = collections.Counter()
        self.seconds = {}    # status: [how long an answer took, …]
        self.acked = {}      # client id: message id
        self.open = 0

    def request(self, number):
        client_id = new_client_id()
        body = json.dumps({"message": f"load {number}", "client_id": client_id})
        return client_id, (
            f"POST {API}messages/create/ HTTP/1.1\r\nHost: 127.0.0.1:{self.stack.port}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
            f"Authorization: Bearer {self.tokens[number % len(self.tokens)]}\r\n\r\n{body}").encode()

    def launch(self, number):
        client_id, request = self.request(number)
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex(("127.0.0.1", self.stack.port))
        self.selector.register(s, selectors.EVENT_WRITE,
                               [request, b"", client_id, time.monotonic()])
        self.open += 1

    def turn(self, timeout):
        for key, mask in self.selector.select(timeout):
            state = key.data
            try:
                if mask & selectors.EVENT_WRITE:
                    key.fileobj.send(state[0])  # fits into any buffer
                    self.selector.modify(key.fileobj, selectors.EVENT_READ, state)
                    continue
                data = key.fileobj.recv(65536)
            except OSError as e:
                self.end(key, type(e).__name__)
                continue
            state[1] += data
            if not data:
                self.end(key, int(state[1].split()[1]) if state[1] else "closed")

    def end(self, key, outcome):
        _, answer, client_id, began = key.data
        self.selector.unregister(key.fileobj)
        key.fileobj.close()
        self.open -= 1
        self.outcomes[outcome] += 1
        self.seconds.setdefault(outcome, []).append(time.monotonic() - began)
        if outcome in (200, 201):
            self.acked[client_id] = json.loads(answer.partition(b"\r\n\r\n")[2])["message"]["id"]

    def run(self, rate, seconds):
        began, launched = time.monotonic(), 0
        while (now := time.monotonic() - began) < seconds:
            while launched < now * rate and self.open < 4000:
                self.launch(launched)
                launched += 1
            self.turn(0.002)
        return launched

    def drain(self, seconds):
        deadline = time.monotonic() + seconds
        while self.open and time.monotonic() < deadline:
            self.turn(0.1)

    def one_at_a_time(self, seconds):
        """What the installation does for one who waits for each answer: per second."""
        began, done = time.monotonic(), 0
        while time.monotonic() - began < seconds:
            self.launch(done)
            done += 1
            self.drain(10)
        return done / seconds


class Overload(FaultCase):
    def test_an_overload_is_answered_or_refused_and_is_over_when_it_ends(self):
        stack = self.start(conf={"rate_user_burst": "30", "rate_user_per_minute": "60"})
        load = OpenLoop(stack, [stack.token(4000 + n, f"load{n}") for n in range(150)])
        capacity = load.one_at_a_time(1)
        with Workload(stack, writers=("hello",), readers=[["socket"]], pace=0.5) as work:
            rate = 10 * capacity
            launched = load.run(rate, 20 if LONG else 4)
            ended = time.monotonic()
            load.drain(30)

            def served():
                began = time.monotonic()
                reply = stack.post("after", token=stack.token(4999, "patient"))
                return reply.status == 201 and time.monotonic() - began < 1

            wait_for(served, "posting is as before", 60)
            recovered = time.monotonic() - ended
            work.settle()
        unwanted = {k: n for k, n in load.outcomes.items() if k not in (200, 201, 303, 429, 503)}
        with stack.database() as db:
            stored = dict(db.execute("SELECT client_id, id FROM message"))
        self.assertEqual({}, unwanted, load.outcomes)
        self.assertEqual(0, load.open)
        self.assertLess(recovered, 20)  # 10 on a machine of its own
        self.assertLessEqual(load.acked.items(), stored.items())
        counts = ", ".join(f"{k}: {n}" for k, n in sorted(load.outcomes.items(), key=str))
        refusals = [1000 * s for k in (429, 503) for s in load.seconds.get(k, ())]
        refused = f"refused in {statistics.median(refusals or [0]):.0f} ms (median)"
        self.judge("overload", 1, work, acked=len(load.acked) + work.acked(),
                   note=f"{launched / (20 if LONG else 4):.0f}/s offered, {capacity:.0f}/s one at a "
                        f"time; {counts}; {refused}; over after {recovered:.1f} s")


class Herd(FaultCase):
    """Everybody comes back with the waits that the browser's own module makes."""

    @unittest.skipUnless(shutil.which("node"), "node is not installed")
    def test_after_a_restart_all_are_back_within_a_minute_and_not_all_at_once(self):
        size = 1000 if LONG else 200
        stack = self.start()
        crowd = Crowd(stack, browser_backoffs(size))
        self.addCleanup(crowd.stop)
        wait_for(lambda: crowd.welcomed() == size, "all are in", 60)
        posted = stack.post("before", token=stack.token(1, "ana")).json["message"]["seq"]
        wait_for(lambda: not crowd.behind(posted), "all have it", 60)
        stack.stop_sidecar(signal.SIGTERM)
        stopped = time.monotonic()
        meanwhile = stack.post("meanwhile", token=stack.token(1, "ana")).json["message"]["seq"]
        stack.start_sidecar()
        wait_for(lambda: crowd.welcomed() == size, "all are back", 60)
        took = time.monotonic() - stopped
        wait_for(lambda: not crowd.behind(meanwhile), "all have what came meanwhile", 60)
        busiest = max(collections.Counter(int(t - stopped) for t in crowd.back).values())
        wrong = crowd.wrong()
        Table.add(f"restart with {size} clients", 1, wrong=wrong, acked=2,
                  note=f"all back after {took:.1f} s, at most {100 * busiest / size:.1f} % in a second")
        self.assertEqual([], wrong[:10])
        # 15 % of them, and of few what chance adds: five standard deviations of the even tenth.
        self.assertLessEqual(busiest, max(0.15 * size, 0.1 * size + 5 * math.sqrt(0.09 * size)))


if __name__ == "__main__":
    unittest.main()
