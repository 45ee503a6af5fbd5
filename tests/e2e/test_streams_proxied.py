#!/usr/bin/python3
"""Server-sent events and long-polls through lighttpd and through Apache."""
import os
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from stack import Installed, Stack, wait_for  # noqa: E402
from streams import Ended, Line, Poller, Stream, query  # noqa: E402

PEOPLE = {f"ws_max_per_{what}": "1000" for what in ("address", "user")}


class Proxied(Installed):
    """Run for each web server below."""

    conf = PEOPLE
    idle_limits = ()  # (as configured, three seconds)

    def dial(self, stack=None):
        sock = (stack or self.stack).dial()
        self.addCleanup(sock.close)
        return sock

    def post(self, text, **fields):
        reply = self.stack.post(text, token=self.stack.token(1, "poster"), **fields)
        self.assertEqual(reply.status, 201)
        return reply.json["message"]["seq"]

    def test_each_event_arrives_while_the_stream_stays_open(self):
        """Nothing but what we do makes the sidecar send: a server that keeps bytes back would fail."""
        for version in ("1.1", "1.0"):
            stream = Stream(self.dial(), token=self.stack.token(2, "ana"), version=version)
            self.assertEqual(stream.answer.headers["content-type"], "text/event-stream")
            self.assertEqual(stream.answer.headers["cache-control"], "no-store")
            self.assertEqual(stream.until("welcome")["user"]["username"], "ana")
            for n in range(3):
                seq = self.post(f"live {n}")
                self.assertEqual(stream.until("message", message=f"live {n}")["seq"], seq)
                self.assertEqual(stream.last_id.rsplit(":", 1)[1], str(seq))
            stream.close()

    def test_a_stream_resumes_by_its_last_event_id(self):
        stream = Stream(self.dial())
        stream.until("welcome")
        seq = self.post("before the cut")
        stream.until("message", message="before the cut")
        stream.close()
        self.post("meanwhile")
        again = Stream(self.dial(), Last_Event_ID=stream.last_id)
        self.assertEqual(again.until("message")["seq"], seq + 1)

    def test_a_poll_waits_and_is_answered_by_what_comes(self):
        poller = Poller(self.dial(), ["general"], self.stack.token(2, "ana"))
        self.assertEqual(poller.poll(wait=2).json["events"], [])
        poller.ask_next()
        self.assertTrue(poller.is_quiet(0.5))
        seq = self.post("at last")
        self.assertEqual([e["seq"] for e in poller.take().json["events"]], [seq])
        answer = Poller(self.dial(), {"general": 10 ** 9}).poll()
        self.assertEqual((answer.status, answer.error), (410, "resync"))

    def test_people_who_share_a_web_server_are_not_mixed_up(self):
        """Apache keeps its connections to the sidecar, and hands them to the next who comes."""
        tokens = {f"person{n}": self.stack.token(100 + n, f"person{n}") for n in range(4)}
        for name, token in tokens.items():
            Stream(self.dial(), token=token).until("welcome")
        for _ in range(5):
            for name, token in tokens.items():
                stream = Stream(self.dial(), token=token)
                self.assertEqual(stream.until("welcome")["user"]["username"], name)
                poller = Poller(self.dial(), ["@me"], token)
                self.assertNotIn("missing", poller.poll(wait=0).json)
            self.assertEqual(Poller(self.dial(), ["@me"]).poll(wait=0).json["missing"], ["@me"])

    def test_refusals_come_through(self):
        for what in ("stream", "poll"):
            line = Line(self.dial()).ask(what, query("general"), token="a.b.c")
            answer = line.answer()
            self.assertEqual((answer.status, answer.error), (401, "token_invalid"))
            line = Line(self.dial()).ask(what, query("general"), Sec_Fetch_Site="cross-site")
            self.assertEqual(line.answer().error, "origin")
            line = Line(self.dial()).ask(what, query("general"), method="POST", Content_Length="0")
            self.assertEqual(line.head().status, 405)

    def impatient(self, heartbeat_ms):
        """A server that drops what is silent for three seconds."""
        stack = Stack(self.server, conf={"ws_heartbeat_ms": str(heartbeat_ms)})
        self.addCleanup(stack.stop)
        stack.make_files()
        for old, new in self.idle_limits:
            stack.edit(f"conf/{self.server}-chat.conf", old, new)
        return stack.start()

    def test_pings_keep_a_stream_within_the_idle_limits_of_the_server(self):
        stack = self.impatient(heartbeat_ms=1000)
        before = stack.sidecar_connections()
        stream = Stream(self.dial(stack))
        deadline = time.monotonic() + 6
        while time.monotonic() < deadline:
            stream.until("ping")
        stack.post("still there", token=stack.token(1, "poster"))
        stream.until("message", message="still there")
        stream.close()
        wait_for(lambda: stack.sidecar_connections() <= before, "the sidecar has noticed that it went")

    def test_and_those_limits_are_what_ends_a_silent_one(self):
        stream = Stream(self.dial(self.impatient(heartbeat_ms=25000)))
        stream.until("welcome")
        with self.assertRaises(Ended):
            while True:
                stream.recv(15)

    def test_when_the_sidecar_stops_streams_end_and_polls_are_answered(self):
        with Stack(self.server) as stack:
            stream, poller = Stream(self.dial(stack)), Poller(self.dial(stack), ["general"])
            stream.until("welcome")
            poller.poll(wait=0)
            poller.ask_next()
            self.assertTrue(poller.is_quiet(0.3))
            stack.stop_sidecar()
            self.assertEqual(stream.until("close")["code"], 1001)
            with self.assertRaises((Ended, TimeoutError)):
                stream.recv(5)
            answer = poller.take()
            self.assertEqual((answer.status, answer.json["events"]), (200, []))
            self.assertEqual(Line(self.dial(stack)).ask("poll", query("general")).head().status, 503)
            stack.start_sidecar()

            def served():
                line = Line(self.dial(stack)).ask("poll", query("general", wait=0))
                return line.head().status == 200

            wait_for(served, "it is served again")


class Lighttpd(Proxied, unittest.TestCase):
    server = "lighttpd"
    idle_limits = (("server.max-read-idle  = 60", "server.max-read-idle  = 3"),
                   ("server.max-write-idle = 60", "server.max-write-idle = 3"))


class Apache(Proxied, unittest.TestCase):
    server = "apache"
    idle_limits = (("upgrade=websocket timeout=60", "upgrade=websocket timeout=3"),)


if __name__ == "__main__":
    unittest.main()
