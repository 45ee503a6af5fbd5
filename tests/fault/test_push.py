#!/usr/bin/python3
"""Wake-ups lost, the sidecar hung or started twice, the clock changed, clients that vanish or do not
read, no descriptors left: push may be late, never wrong."""
import os
import select
import socket
import statistics
import subprocess
import sys
import threading
import time
import unittest

import websocket

sys.path.insert(0, os.path.dirname(__file__))
from case import LONG, FaultCase, end_module  # noqa: E402
from checker import Table, check  # noqa: E402
from driver import Workload  # noqa: E402
from hung import hung_sidecar  # noqa: E402
from proxy import Proxy  # noqa: E402
from shifted import Shifted  # noqa: E402
from stack import Socket, wait_for  # noqa: E402
from streams import Stream  # noqa: E402

ROUNDS = 20 if LONG else 3


def tearDownModule():
    end_module()


class WakeUps(FaultCase):
    """The database's own version number is the net under the wake-ups: looked at once a second."""

    def latencies(self, stack, messages, before=lambda: None):
        """Of messages by HTTP, one at a time, to a socket."""
        reader = stack.hello(hello_token=stack.token(501, "reader"))
        found = []
        for n in range(messages):
            before()
            began = time.monotonic()
            sent = stack.post(f"late {n}", token=stack.token(502, "poster"))
            self.assertEqual(sent.status, 201)
            answered = time.monotonic()
            reader.until("message", id=sent.json["message"]["id"])
            found.append((answered - began, time.monotonic() - began))
        reader.close()
        return [a for a, _ in found], [b for _, b in found]

    def judge_latency(self, fault, stack, before=lambda: None):
        with Workload(stack, writers=(), readers=[["socket"]]) as work:
            answers, arrivals = self.latencies(stack, 12 if LONG else 5, before)
            work.settle()
            # The promise is 1.5 s; on a shared machine some may have waited for a turn.
            self.assertLess(statistics.median(arrivals), 3.0, arrivals)
            self.assertLess(statistics.median(answers), 1.5, answers)
        self.report(fault, len(arrivals), work, f"delivered within {max(arrivals):.2f} s")

    def report(self, fault, rounds, work, note):
        wrong = check(work)
        Table.add(fault, rounds, work, wrong, note, acked=rounds)
        self.assertEqual([], wrong)

    def test_without_the_wake_up_socket_messages_come_within_seconds(self):
        stack = self.start()
        os.unlink(stack.path("var/run/notify.sock"))
        self.judge_latency("wake-up socket missing", stack)

    def test_with_every_wake_up_dropped_messages_come_within_seconds(self):
        stack = self.start()
        self.swallow(stack, forward=0)
        self.judge_latency("wake-ups all dropped", stack)

    def swallow(self, stack, forward):
        """Stands in the sidecar's place at the socket; lets `forward` of ten through, doubled."""
        path = stack.path("var/run/notify.sock")
        os.rename(path, path + ".real")
        thief = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        thief.bind(path)
        os.chmod(path, 0o777)
        ended = threading.Event()

        def run():
            n = 0
            while not ended.is_set():
                if select.select([thief], [], [], 0.1)[0]:
                    thief.recv(16)
                    n += 1
                    for _ in range(2 if n % 10 < forward else 0):
                        thief.sendto(b"", path + ".real")

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self.addCleanup(thief.close)
        self.addCleanup(thread.join)
        self.addCleanup(ended.set)

    def test_with_wake_ups_dropped_and_doubled_nothing_is_lost_or_doubled(self):
        stack = self.start()
        self.swallow(stack, forward=7)
        with Workload(stack) as work:
            work.await_acks(60 if LONG else 15)
            work.settle()
        self.judge("wake-ups 30 % dropped, the rest doubled", 1, work)

    def test_a_hung_sidecar_delays_no_post_and_catches_up(self):
        """Stopped, its queue of wake-ups fills; posting by HTTP must not notice."""
        stack = self.start()
        with Workload(stack, writers=("json", "form", "json", "hello")) as work:
            http = work.writers[:3]
            for _ in range(ROUNDS):
                work.await_acks(3)
                with hung_sidecar(stack):
                    work.await_acks(12, writers=http)
                work.await_acks(1)
            work.settle()
        self.judge("sidecar hung (SIGSTOP), wake-up queue full", ROUNDS, work,
                   note=f"slowest post {max(w.slowest for w in http):.2f} s")


class Twice(FaultCase):
    def test_a_second_sidecar_disturbs_nobody(self):
        stack = self.start()
        with Workload(stack) as work:
            for _ in range(ROUNDS):
                work.await_acks(3)
                second = subprocess.run(
                    stack.as_user(stack.path("bin/outcry-sidecar"), "--config", stack.conf),
                    capture_output=True, text=True, timeout=20, env=stack.environment())
                self.assertNotEqual(second.returncode, 0)
                self.assertIn("runs already", second.stderr)
            work.await_acks(3)
            work.settle()
        self.assertEqual([r.reconnects for r in work.readers], [0] * len(work.readers))
        self.judge("sidecar started twice", ROUNDS, work)


class Clock(FaultCase):
    def test_an_hour_forward_and_back_changes_no_order_and_closes_no_socket(self):
        stack = self.start(Shifted)
        with Workload(stack) as work:
            for offset in (3600, -3600, 0):
                work.await_acks(4)
                stack.shift(offset)
                work.await_acks(8)
            work.settle()
        with stack.database() as db:
            times = [row[0] for row in db.execute("SELECT created_ms FROM message ORDER BY created_ms")]
        self.assertGreater(times[-1] - times[0], 7000 * 1000)  # the clock did move
        self.assertEqual([r.reconnects for r in work.readers], [0] * len(work.readers))
        self.judge("clock an hour forward and back", 3, work)


class Clients(FaultCase):
    # Those who are to be cut off answer no pings either: all must be online before the first is timed out.
    conf = {"ws_heartbeat_ms": "1000", "ws_idle_timeout_ms": "10000", "presence_grace_ms": "500"}

    def descriptors(self, stack):
        return len(os.listdir(f"/proc/{stack.sidecar.pid}/fd"))

    def test_a_half_open_connection_is_noticed_and_freed(self):
        stack = self.start(conf=self.conf)
        with Workload(stack, writers=("json", "hello"), pace=0.3) as work:
            work.await_acks(2)
            before = self.descriptors(stack)
            proxy = Proxy(stack.port)
            self.addCleanup(proxy.stop)
            socks = []
            for n in range(5):
                conn = websocket.create_connection(
                    f"ws://127.0.0.1:{proxy.port}/ws/chat/", origin=proxy.origin, timeout=10,
                    subprotocols=["chat.v1"])
                self.addCleanup(conn.shutdown)
                socks.append(Socket(conn))
                socks[-1].send(type="hello", proto="chat.v1", token=stack.token(700 + n, f"gone{n}"))
                socks[-1].until("welcome")
            viewer = stack.token(501, "viewer")

            def online():
                page = stack.get("presence/?room=general", token=viewer).json
                return [who["username"] for who in page["online"] if who["username"].startswith("gone")]

            wait_for(lambda: len(online()) == 5, "they are online")
            proxy.freeze()
            began = time.monotonic()
            wait_for(lambda: self.descriptors(stack) <= before, "their descriptors are free", 60)
            wait_for(lambda: not online(), "they are not online any more", 60)
            took = time.monotonic() - began
            work.await_acks(2)
            work.settle()
        self.judge("half-open TCP", 5, work, note=f"freed after {took:.1f} s (idle timeout 10 s)")

    def test_a_reader_that_stops_reading_delays_nobody(self):
        stack = self.start(conf={"ws_max_lag_events": "150"})
        with Workload(stack, pace=0.02, writers=("json", "hello", "hello", "seed")) as work:
            work.await_acks(2)
            stuck = [self.stuck_socket(stack, 600 + n) for n in range(4)]
            stuck += [self.stuck_stream(stack, 610 + n) for n in range(4)]
            poster = stack.hello(hello_token=stack.token(502, "poster"))
            closed = set()

            def pour():
                for n in range(25):
                    poster.send(type="message", message=f"{n} " + "y" * 1900)
                    poster.until("ack")
                closed.update(s for s in stuck if self.is_cut(stack, s))
                return len(closed) == len(stuck)

            wait_for(pour, "those that do not read are cut off", 60)
            poster.close()
            work.await_acks(2)
            work.settle()
        self.judge("readers that stop reading", len(stuck), work)

    def dial(self, stack):
        """Straight to the sidecar, so that no web server's buffers read for the stuck one."""
        s = socket.socket(socket.AF_UNIX)
        self.addCleanup(s.close)
        s.settimeout(10)
        s.connect(stack.path("var/run/ws.sock"))
        return s

    def stuck_socket(self, stack, user):
        s = self.dial(stack)
        conn = websocket.create_connection("ws://chat.example/ws/chat/", socket=s, timeout=10,
                                           suppress_origin=True, subprotocols=["chat.v1"])
        sock = Socket(conn)
        sock.send(type="hello", proto="chat.v1", token=stack.token(user, f"stuck{user}"),
                  rooms=["general"])
        sock.until("welcome")
        return s

    def stuck_stream(self, stack, user):
        s = self.dial(stack)
        self.assertEqual(Stream(s, token=stack.token(user, f"stuck{user}")).until("welcome")["type"],
                         "welcome")
        return s

    def is_cut(self, stack, s):
        poller = select.poll()
        poller.register(s, 0)
        return bool(poller.poll(0))  # POLLHUP: the other end is gone


class Descriptors(FaultCase):
    def test_without_descriptors_those_who_are_in_stay_and_others_come_later(self):
        stack = self.start()
        with Workload(stack, jitter=0.1, readers=[["socket"], ["socket"], ["poll"]]) as work:
            work.await_acks(3)
            used = len(os.listdir(f"/proc/{stack.sidecar.pid}/fd"))
            subprocess.run(stack.as_user("prlimit", "--pid", str(stack.sidecar.pid),
                                         f"--nofile={used + 4}:"), check=True)
            extra = []
            for _ in range(20):
                s = socket.socket(socket.AF_UNIX)
                s.settimeout(5)
                s.connect(stack.path("var/run/ws.sock"))
                s.sendall(b"GET /ws/chat/ HTTP/1.1\r\nHost: x\r\n")  # half a handshake each
                extra.append(s)
            wait_for(lambda: "accept_failed" in stack.log("outcry.log"), "it has run out", 60)
            work.await_acks(8)
            for s in extra:
                s.close()
            began = time.monotonic()
            wait_for(lambda: self.welcome(stack), "newcomers are let in again", 60)
            took = time.monotonic() - began
            self.assertLess(stack.log("outcry.log").count("accept_failed"), 30)
            work.await_acks(2)
            work.settle()
        self.assertEqual([r.reconnects for r in work.readers], [0] * len(work.readers))
        self.judge("no descriptors left in the sidecar", 1, work,
                   note=f"newcomers after {took:.1f} s")

    def welcome(self, stack):
        try:
            stack.hello(hello_token=stack.token(503, "newcomer")).close()
        except (OSError, AssertionError, websocket.WebSocketException):
            return False
        return True


if __name__ == "__main__":
    unittest.main()
