#!/usr/bin/python3
"""A reader of one byte a second beside many others: nobody misses anything, and the sidecar keeps
nothing for it."""
import os
import statistics
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from case import LONG, FaultCase, end_module  # noqa: E402
from checker import Table  # noqa: E402
from crowd import Crowd  # noqa: E402
from stack import wait_for  # noqa: E402

READERS, MESSAGES, PAIRS = (1000, 300, 5) if LONG else (200, 160, 1)
PER_SECOND = 25 if LONG else 40


def tearDownModule():
    end_module()


class SlowReader(FaultCase):
    conf = {"ws_max_lag_events": "100000", "ws_heartbeat_ms": "50000",
            "ws_idle_timeout_ms": "110000"}

    def memory(self, stack):
        with open(f"/proc/{stack.sidecar.pid}/smaps_rollup", encoding="ascii") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("Anonymous:"))

    def pour(self, stack):
        """Posts; {seq: when it was sent}."""
        poster = stack.hello(hello_token=stack.token(1, "poster"), rooms=["@me"])
        sent, pace = {}, threading.Event()
        for n in range(MESSAGES):
            began = time.monotonic()
            poster.send(type="message", message=f"{n} " + "z" * 1900)
            sent[poster.until("ack")["seq"]] = began
            pace.wait(1 / PER_SECOND - (time.monotonic() - began))
        poster.close()
        return sent

    def round(self, slow):
        """One fresh stack: its sidecar's memory after the run, the p99, what went wrong."""
        stack = self.start(conf=self.conf)
        crowd = Crowd(stack, [[0.2]] * (READERS + slow), slow)
        try:
            wait_for(lambda: crowd.welcomed() == READERS + slow, "all are in", 60)
            sent = self.pour(stack)
            head = max(sent)
            wait_for(lambda: not crowd.behind(head) or crowd.error, "all normal readers have all", 60)
            memory = self.memory(stack)
            waits = sorted(t - sent[seq] for seq, times in crowd.arrivals.items() if seq in sent
                           for t in times)
            if slow:
                self.assertLess(min(m.last for m in crowd.members), head)
                crowd.quicken()
                wait_for(lambda: not crowd.behind(head) or crowd.error, "the slow one has all too", 60)
            return memory, waits[len(waits) * 99 // 100], crowd.wrong()
        finally:
            crowd.stop()
            stack.stop()

    def test_a_slow_reader_costs_no_memory_and_nobody_a_message(self):
        without, beside = [], []
        for _ in range(PAIRS):
            without.append(self.round(0))
            beside.append(self.round(1))
        wrong = [what for result in without + beside for what in result[2]]
        (m0, p0), (m1, p1) = ([statistics.median(r[i] for r in results) for i in (0, 1)]
                              for results in (without, beside))
        Table.add(f"1 byte/s reader beside {READERS}", PAIRS, wrong=wrong,
                  note=f"memory {m1 - m0:+.0f} KiB, p99 {1000 * p1:.0f} ms, without it "
                       f"{1000 * p0:.0f} ms")
        self.assertEqual([], wrong[:10])
        self.assertLess(m1 - m0, 1024)


if __name__ == "__main__":
    unittest.main()
