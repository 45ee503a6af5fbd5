#!/usr/bin/python3
"""The sidecar alone: readers that do not read, limits, silence, its start and its end."""
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
import unittest

import websocket

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from alone import ORIGIN, Alone, SidecarCase  # noqa: E402
from raw_socket import upgrade  # noqa: E402
from stack import Socket, new_client_id, wait_for  # noqa: E402


class Rest(SidecarCase):
    def kb_of_files(self):
        """What it has in memory of programs and libraries."""
        with open(f"/proc/{self.stack.sidecar.pid}/status", encoding="utf-8") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("RssFile:"))

    def test_one_that_nobody_needs_lets_go_of_memory_and_then_serves_as_before(self):
        """Ten seconds after the last one left."""
        first = self.chat()
        first.send(type="message", message="before")
        first.until("message", message="before")
        used = self.kb_of_files()
        first.close()
        wait_for(lambda: self.kb_of_files() < used * 2 // 3, "it rests", 60)
        writer, reader = self.chat(), self.chat()
        writer.send(type="message", message="after")
        reader.until("message", message="after")
        writer.until("message", message="after")


class Slow(SidecarCase):
    conf = {"ws_max_lag_events": "200", "rate_user_burst": "100000",
            "rate_user_per_minute": "100000", "rate_address_burst": "100000",
            "rate_address_per_minute": "100000"}

    def test_a_slow_reader_costs_little_delays_nobody_and_is_closed(self):
        slow = [self.stack.hello(hello_token=self.new_token()) for _ in range(20)]
        for sock in slow:
            self.addCleanup(sock.close)
        writer, reader = self.chat(), self.chat()
        before = self.stack.rss_kb()
        closed = 0
        for i in range(900):
            text = f"{i} " + "x" * 1500
            writer.send(type="message", message=text)
            writer.until("message", message=text)
            reader.until("message", message=text)
        if not self.stack.is_sanitized():  # whose memory is mostly kept back
            self.assertLess(self.stack.rss_kb() - before, 20 * 64 + 16000)
        for sock in slow:
            code = sock.until_closed(20)
            self.assertIn(code, (4002, 1006))
            closed += 1
        self.assertEqual(closed, 20)

    def test_a_reader_that_was_slow_misses_nothing(self):
        writer = self.chat()
        slow = self.chat()
        last = 0
        for i in range(150):
            writer.send(type="message", message="y" * 1900)
            last = writer.until("ack")["seq"]
        seqs = []
        while not seqs or seqs[-1] < last:
            got = slow.until("message")
            seqs.append(got["seq"])
        self.assertEqual(seqs, list(range(last - 149, last + 1)))


class Limits(SidecarCase):
    conf = {"ws_max_connections": "12", "ws_max_per_address": "6", "ws_max_per_user": "3"}

    def test_connections_are_limited_by_address_user_and_in_all(self):
        socks = [self.stack.ws_connection(address="192.0.2.1") for _ in range(6)]
        with self.assertRaises(websocket.WebSocketBadStatusException) as caught:
            self.stack.ws_connection(address="192.0.2.1")
        self.assertEqual(caught.exception.status_code, 503)
        socks.append(self.stack.ws_connection(address="192.0.2.2"))  # another has room
        socks.pop(0).close()
        token = self.new_token()
        for _ in range(3):
            socks.append(wait_for(lambda: self.hello_or_none(token), "room again").connection)
        fourth = Socket(self.stack.ws_connection(address="192.0.2.3", subprotocols=["chat.v1"]))
        socks.append(fourth.connection)
        fourth.send(type="hello", proto="chat.v1", token=token)
        self.assertEqual(fourth.recv()["code"], "too_many_connections")
        self.assertEqual(fourth.until_closed(), 4503)
        for i in range(6):
            try:
                socks.append(self.stack.ws_connection(address=f"192.0.2.{10 + i}"))
            except websocket.WebSocketBadStatusException as e:
                self.assertEqual(e.status_code, 503)
                break
        else:
            self.fail("more connections than allowed in all")
        for conn in socks:
            conn.close()
        wait_for(lambda: self.hello_or_none(token), "room for all again").close()

    def hello_or_none(self, token):
        try:
            return self.stack.hello(hello_token=token)
        except websocket.WebSocketBadStatusException:
            return None


class Heartbeat(SidecarCase):
    conf = {"ws_heartbeat_ms": "1000", "ws_idle_timeout_ms": "4500"}  # an answer may be three seconds late

    def test_who_answers_pings_stays_and_who_does_not_is_closed(self):
        answers, silent = self.chat(), self.chat()
        seed_silent = self.stack.raw()
        self.addCleanup(seed_silent.close)
        seed_silent.sendall(upgrade().encode())
        deadline = time.monotonic() + 5
        pings = 0
        while time.monotonic() < deadline:
            data = json.loads(answers.connection.recv())
            if data["type"] == "ping":
                pings += 1
                self.assertIsInstance(data["ts"], int)
                answers.send(type="pong")
        self.assertGreaterEqual(pings, 3)
        silent.connection.settimeout(30)
        while silent.read_text() is not None:  # recv() would answer
            pass
        self.assertEqual(silent.close_code, 4005)
        seed_silent.settimeout(30)
        received = b""
        while True:
            piece = seed_silent.recv(4096)
            if not piece:
                break
            received += piece
        self.assertIn(b"\x89\x04ping", received)
        self.assertIn(struct.pack("!BBH", 0x88, 2 + len("no pong"), 4005), received)

    def test_a_control_pong_keeps_a_seed_socket(self):
        sock = self.seed()
        deadline = time.monotonic() + 7
        while time.monotonic() < deadline:
            opcode, data = sock.connection.recv_data(control_frame=True)  # answers pings itself
            self.assertEqual(opcode, 9)
        sock.send(type="message", message="still here", username="patient")
        sock.until("message", message="still here")


class Life(unittest.TestCase):
    """Starting, stopping, dying."""

    def setUp(self):
        self.stack = Alone(conf={"allowed_origins": ORIGIN})
        self.stack.start()
        self.addCleanup(self.stack.stop)

    def test_a_second_sidecar_refuses_and_leaves_the_socket_alone(self):
        sock = self.stack.hello(hello_token=self.stack.token(1, "one"))
        second = subprocess.run(
            self.stack.as_user(self.stack.path("bin/outcry-sidecar"), "--config", self.stack.conf),
            capture_output=True, text=True, timeout=20, env=self.stack.environment())
        self.assertEqual(second.returncode, 1)
        self.assertIn("runs already", second.stderr)
        self.stack.hello(hello_token=self.stack.token(2, "two")).close()
        sock.send(type="message", message="undisturbed")
        sock.until("ack")
        sock.close()

    def test_sigterm_answers_what_was_asked_and_closes_with_1001(self):
        socks = [self.stack.hello(hello_token=self.stack.token(n, f"n{n}")) for n in range(1, 6)]
        ids = []
        for sock in socks:
            for _ in range(8):
                ids.append(new_client_id())
                sock.send(type="message", message="last words", client_id=ids[-1])
        self.stack.sidecar.send_signal(signal.SIGTERM)
        acked = set()
        for sock in socks:
            while (got := sock.recv()) is not None:
                if got["type"] == "ack":
                    acked.add(got["client_id"])
            self.assertEqual(sock.close_code, 1001)
        self.assertEqual(self.stack.sidecar.wait(10), 0)
        stored = {row[0] for row in self.stack.rows("SELECT client_id FROM message")}
        self.assertLessEqual(acked, stored)
        self.assertFalse(os.path.exists(self.stack.path("var/run/ws.sock")))
        self.stack.start_sidecar()
        again = self.stack.hello(hello_token=self.stack.token(1, "n1"))
        again.close()

    def test_kill_minus_nine_loses_nothing(self):
        token = self.stack.token(1, "resuming")
        sock = self.stack.hello(hello_token=token, rooms={"general": 0})
        acked, seen, epoch = {}, [], sock.welcome["epoch"]
        for round_ in range(4):
            for i in range(5):
                cid = new_client_id()
                sock.send(type="message", message=f"r{round_} {i}", client_id=cid)
                acked[cid] = sock.until("ack", client_id=cid)["seq"]
            self.stack.kill_sidecar()
            while (got := self.drained(sock)) is not None:
                if "seq" in got and got["type"] not in ("ack", "presence"):
                    seen.append(got["seq"])
            sock.close()
            self.stack.start_sidecar()
            since = max(seen, default=0)
            sock = self.stack.hello(hello_token=token, rooms={"general": since}, epoch=epoch)
        last = max(acked.values())
        while not seen or seen[-1] < last:
            got = sock.recv()
            if "seq" in got and got.get("room") == "general" and got["type"] not in ("ack", "presence"):
                seen.append(got["seq"])
        sock.close()
        # Acks were waited for and the events between them dropped: what is seen must be the log.
        self.assertEqual(sorted(set(seen)), seen)
        stored = dict(self.stack.rows("SELECT client_id, seq FROM message"))
        for cid, seq in acked.items():
            self.assertEqual(stored[cid], seq)

    @staticmethod
    def drained(sock):
        try:
            return sock.recv(2)
        except (websocket.WebSocketTimeoutException, ValueError):
            return None

    def test_sighup_opens_the_log_again(self):
        path = self.stack.path("var/log/outcry.log")
        os.rename(path, path + ".1")
        self.stack.sidecar.send_signal(signal.SIGHUP)
        wait_for(lambda: os.path.exists(path), "a new log")
        self.assertIsNone(self.stack.sidecar.poll())

    def test_what_another_process_posts_arrives_without_a_wake_up(self):
        sock = self.stack.hello(hello_token=self.stack.token(1, "listener"), rooms=["@me"])
        os.unlink(self.stack.path("var/run/notify.sock"))  # every wake-up is lost
        self.stack.outcry("user", "mute", str(sock.welcome["user"]["id"]), "5m")
        sock.until("moderation", 20)  # before the ping of 25 s could be what has it look
        sock.close()

    def test_forged_wake_ups_cost_nothing_much(self):
        sock = self.stack.hello(hello_token=self.stack.token(1, "listener"))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.setblocking(False)
            for i in range(20000):
                try:
                    s.sendto(b"anything" * (i % 9), self.stack.path("var/run/notify.sock"))
                except BlockingIOError:
                    pass
        sock.send(type="message", message="served all the same")
        sock.until("ack")
        sock.close()

    def test_sockets_handed_over_by_systemd_are_used(self):
        self.stack.stop_sidecar()
        with socket.socket() as tcp:
            tcp.bind(("127.0.0.1", 0))
            tcp.listen(16)
            port = tcp.getsockname()[1]
            code = ("import os, sys; os.dup2(int(sys.argv[1]), 3); os.environ['LISTEN_FDS'] = '1'; "
                    "os.environ['LISTEN_PID'] = str(os.getpid()); "
                    "os.execv(sys.argv[2], sys.argv[2:])")
            process = subprocess.Popen(
                self.stack.as_user("/usr/bin/python3", "-c", code, str(tcp.fileno()),
                                   self.stack.path("bin/outcry-sidecar"), "--config",
                                   self.stack.conf),
                pass_fds=[tcp.fileno()], env=self.stack.environment(),
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            conn = websocket.create_connection(f"ws://127.0.0.1:{port}/ws/chat/", timeout=20)
            conn.send(json.dumps({"type": "message", "message": "by tcp", "username": "tcp user"}))
            self.assertEqual(json.loads(conn.recv())["message"], "by tcp")
            conn.close()
        finally:
            process.terminate()
            self.assertEqual(process.wait(10), 0)


if __name__ == "__main__":
    unittest.main()
