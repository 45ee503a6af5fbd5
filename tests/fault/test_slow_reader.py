#!/usr/bin/python3
"""Readers of one byte a second beside many others: nobody misses anything, and the sidecar keeps nothing
for them but the frame they are in. The long form is the promise as it stands, one beside a thousand. In
the short form they are several, and what they miss is much, so that what they cost stands out: memory
also goes up and down by what the machine does meanwhile."""
import json
import os
import statistics
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from case import LONG, FaultCase, end_module  # noqa: E402
from checker import Table  # noqa: E402
from crowd import Crowd, SocketMember, StreamMember  # noqa: E402
from stack import wait_for  # noqa: E402

READERS, MESSAGES, PER_SECOND, PAIRS = (1000, 300, 25, 5) if LONG else (100, 160, 40, 1)
SLOW, LETTER = (1, "z") if LONG else (8, "\U0001d6a3")  # a letter of one byte, or of four
# What they may cost together. Queues would hold what the sockets' buffers (200 KiB each) do not of all
# that was said: 8 MiB in the short form.
MEMORY_KIB = 1024 if LONG else 4096


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
            poster.connection.send(json.dumps({"type": "message", "message": f"{n} " + LETTER * 1900},
                                              ensure_ascii=False))
            sent[poster.until("ack")["seq"]] = began
            pace.wait(1 / PER_SECOND - (time.monotonic() - began))
        poster.close()
        return sent

    def round(self, way, slow):
        """One fresh stack: its sidecar's memory after the run, the p99, what went wrong."""
        stack = self.start(conf=self.conf)
        crowd = Crowd(stack, [[0.2]] * (READERS + slow), slow, way)
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
                wait_for(lambda: not crowd.behind(head) or crowd.error, "the slow ones have all too", 60)
            return memory, waits[len(waits) * 99 // 100], crowd.wrong()
        finally:
            crowd.stop()
            stack.stop()

    def judge_slow(self, name, way):
        without, beside = [], []
        for _ in range(PAIRS):
            without.append(self.round(way, 0))
            beside.append(self.round(way, SLOW))
        wrong = [what for result in without + beside for what in result[2]]
        (m0, p0), (m1, p1) = ([statistics.median(r[i] for r in results) for i in (0, 1)]
                              for results in (without, beside))
        Table.add(f"{SLOW} {name} at 1 byte/s beside {READERS}", PAIRS, wrong=wrong, acked=2 * PAIRS * MESSAGES,
                  note=f"memory {m1 - m0:+.0f} KiB, the others' p99 {1000 * p1:.0f} ms, without it "
                       f"{1000 * p0:.0f} ms: {p1 / p0:.2f} times")
        self.assertEqual([], wrong[:10])
        self.assertLess(m1 - m0, MEMORY_KIB)

    def test_slow_sockets_cost_no_memory_and_nobody_a_message(self):
        self.judge_slow("sockets", SocketMember)

    def test_slow_streams_cost_no_memory_and_nobody_a_message(self):
        self.judge_slow("streams", StreamMember)


if __name__ == "__main__":
    unittest.main()
