#!/usr/bin/python3
"""Shared hosts under load: one without a daemon and with little room, and one where the sidecar is
started by whoever asks first, again and again."""
import concurrent.futures
import os
import random
import signal
import sys
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from case import KILLS, LONG, FaultCase, end_module  # noqa: E402
from checker import Table  # noqa: E402
from driver import ROOMY, Workload  # noqa: E402
from pollers import Pollers  # noqa: E402
from shared_host import Host  # noqa: E402
from stack import PAGE, wait_for  # noqa: E402

SEED = os.environ.get("OUTCRY_SEED", "1")
CLIENTS, WORKERS = 200, 20
LASTS_S = 300 if LONG else 60


def tearDownModule():
    end_module()


class WithoutDaemon(FaultCase):
    """Host D."""

    def host(self):
        host = Host(workers=WORKERS, without=("proxy", "proxy_http", "proxy_wstunnel"))
        self.addCleanup(host.stop)
        host.start()
        host.setup("--url", host.url, "--guests", "write")
        with open(host.conf, "r+", encoding="utf-8") as f:
            keys = dict(line.strip().split(" = ", 1) for line in f if " = " in line)
            f.writelines(f"{key} = {value}\n" for key, value in ROOMY.items())
        self.assertEqual(keys["sidecar"], "off")
        host.jwt_secret = keys["jwt_secret"]
        old = [pid for name in ("chat.fcgi", "api.fcgi") for pid in host.programs_running(name)]
        for pid in old:  # they do not know it yet
            os.kill(pid, signal.SIGTERM)
        wait_for(lambda: not [pid for pid in old if os.path.exists(f"/proc/{pid}/exe")], "they are gone", 60)
        return host

    def test_two_hundred_poll_every_two_seconds_through_twenty_workers(self):
        host = self.host()
        crowd = Pollers(host, CLIENTS, random.Random(SEED))
        self.addCleanup(crowd.stop)
        wait_for(lambda: not [p for p in crowd.pollers if not p.answers] or crowd.wrong,
                 "everybody was answered", 60)
        crowd.done.wait(LASTS_S)  # for so long it goes on: its length is the subject
        crowd.enough.set()
        head = wait_for(lambda: self.settled(host, crowd), "everybody has everything", 60)
        crowd.stop()
        delays = sorted(crowd.delays)
        p95 = delays[int(len(delays) * 0.95)]
        answers = sum(crowd.statuses.values())
        wrong = crowd.wrong + [f"{n} answers of {status}" for status, n in crowd.statuses.items()
                               if status not in (200, 201)]
        note = f"{CLIENTS} poll for {LASTS_S} s: {answers} answers, delivered in {p95:.1f} s (p95)"
        Table.add("host D, 20 workers", 1, wrong=wrong, note=note)
        print(f"{note}, {delays[-1]:.1f} s at most, {len(crowd.acked)} messages, head {head}, "
              f"{crowd.statuses}", file=sys.stderr)
        self.assertEqual([], wrong[:10])
        self.assertGreater(len(crowd.acked), LASTS_S / 2)
        self.assertLessEqual(p95, 5)
        self.assertEqual(host.demanded_sidecars(), set())

    def settled(self, host, crowd):
        """The head, where all that was said is stored and everybody has it."""
        messages = host.history(token=host.token(1, "ana"))
        stored = {m["client_id"] for m in messages}
        head = messages[-1]["seq"]
        return crowd.acked <= stored and not crowd.behind(head) and head


class OnDemand(FaultCase):
    """Host C: nobody starts the sidecar but who asks."""

    def test_a_killed_sidecar_is_started_by_the_next_request_and_nothing_is_lost(self):
        stack = self.start(server="apache", sidecar=False, conf={"sidecar": "on_demand"})

        def ready():
            return stack.log("outcry.log").count(" event=sidecar_ready ")

        def one():
            pids = stack.demanded_sidecars()
            return stack.sidecar_answers() and len(pids) == 1 and pids[0]

        def kill(work, before):
            wait_for(lambda: ready() == before, "it says that it is ready", 30)
            pid = wait_for(one, "one sidecar", 30)
            os.kill(pid, signal.SIGKILL)
            wait_for(lambda: pid not in stack.demanded_sidecars(), "it is dead", 30)
            with concurrent.futures.ThreadPoolExecutor(12) as pool:
                statuses = list(pool.map(lambda _: stack.http("GET", PAGE).status, range(12)))
            self.assertEqual(statuses, [200] * 12)
            wait_for(one, "another, and no second one", 30)

        wait_for(one, "the first request started it", 30)
        with Workload(stack) as work:
            for before in range(1, KILLS + 1):
                work.await_acks(3)
                kill(work, before)
                work.await_acks(2)
            work.settle()
            wait_for(lambda: ready() > KILLS, "the last one is ready", 30)
        self.judge("host C: sidecar killed, started on demand", KILLS, work)
        self.assertEqual(ready(), KILLS + 1)


if __name__ == "__main__":
    unittest.main()
