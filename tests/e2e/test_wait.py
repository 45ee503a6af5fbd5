#!/usr/bin/python3
"""Host D, no daemon at all, behind each web server: polls that wait, and what they must not do to others."""
import os
import re
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from stack import PAGE, Stack, wait_for  # noqa: E402

CONF = {"sidecar": "off", "rate_address_burst": 100000, "rate_user_burst": 100000,
        "presence_grace_ms": 100}


class Reader(threading.Thread):
    """A client that polls as the protocol asks of it, until it is told to stop. Its own patience is 20 s."""

    def __init__(self, stack, query="", token=None):
        super().__init__(daemon=True)
        self.stack, self.query, self.token = stack, query, token
        page = stack.get("messages/?room=general&limit=1").json
        self.epoch, self.cursor = page["epoch"], page["seq"]
        self.seen, self.failures, self.waits = [], [], 0
        self.stopped = threading.Event()
        self.start()

    def run(self):
        while not self.stopped.is_set():
            try:
                self.stopped.wait(self.poll() / 1000)
            except (OSError, KeyError, AssertionError) as e:
                self.failures.append(repr(e))
                self.stopped.wait(1)

    def poll(self):
        reply = self.stack.get(f"events/?epoch={self.epoch}&rooms=general:{self.cursor}&wait=15{self.query}",
                               token=self.token)
        if reply.status != 200:
            raise AssertionError(f"{reply.status} {reply.text[:200]}")
        answer = reply.json
        for event in answer["events"]:
            if event["seq"] != self.cursor + 1:
                raise AssertionError(f"{event['seq']} after {self.cursor}")
            self.cursor = event["seq"]
            self.seen.append(event["message"])
        self.waits += answer["waited"]
        return answer["poll_after_ms"]

    def stop(self):
        self.stopped.set()


class Wait:
    server, gateway = "lighttpd", "fastcgi"

    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(cls.server, cls.gateway, CONF, sidecar=False).start()
        cls.addClassCleanup(cls.stack.stop)

    def readers(self, count, **kwargs):
        readers = [Reader(self.stack, **kwargs) for _ in range(count)]
        for reader in readers:
            self.addCleanup(reader.stop)
        return readers

    def timed(self, ask):
        began = time.monotonic()
        self.assertEqual(ask().status, 200)
        return time.monotonic() - began

    def test_everything_comes_once_and_in_order_however_many_read(self):
        readers = self.readers(10)
        texts = [f"message {i}" for i in range(20)]
        for text in texts:
            self.assertEqual(self.stack.post(text, username="ana").status, 201)
        for reader in readers:
            wait_for(lambda r=reader: len(r.seen) >= len(texts), "all of it came", 60)
            self.assertEqual(reader.seen, texts)
            self.assertEqual(reader.failures, [])
        self.assertGreater(sum(reader.waits for reader in readers), 0)

    def test_others_are_served_while_many_wait(self):
        """Nobody waits for somebody else's wait, which would be up to twenty seconds."""
        readers = self.readers(12)
        wait_for(self.somebody_waits, "somebody waits", 30)
        for i in range(4):
            self.assertLess(self.timed(lambda: self.stack.get("health/")), 8)
            self.assertLess(self.timed(lambda: self.stack.http("GET", PAGE)), 8)
            self.assertEqual(self.stack.post(f"and {i}", username="ana").status, 201)
        for reader in readers:
            self.assertEqual(reader.failures, [])

    def somebody_waits(self):
        told = self.stack.outcry("doctor", check=False).stdout
        return re.search(r"[0-7] of 8 slots are free|all of the 8 slots are taken", told)

    def test_one_who_polls_is_online_and_gone_when_the_page_is(self):
        token = self.stack.token(7, "ana")
        reader, = self.readers(1, query="&conn=abcdefgh&state=active", token=token)

        def online():
            return [p["username"] for p in self.stack.get("presence/?room=general").json["online"]]
        wait_for(lambda: "ana" in online(), "she is online", 20)
        reader.stop()
        self.stack.post("so that her last poll is over", username="ben")
        reader.join(30)
        self.assertFalse(reader.is_alive(), "a poll on its way would have her online again")
        reply = self.stack.http("POST", "/api/stocks/chat/presence/",
                                {"conn": "abcdefgh", "state": "gone"}, token=token)
        self.assertEqual(reply.status, 204)
        wait_for(lambda: "ana" not in online(), "she is gone", 20)


class Stopping:
    """Apache ends mod_fcgid's processes only when its own requests are over, up to 10 s later: not there."""

    def test_a_stop_of_the_web_server_does_not_wait_for_one_who_waits(self):
        reader, = self.readers(1)
        wait_for(self.somebody_waits, "somebody waits", 30)
        began = time.monotonic()
        self.stack.stop_web()
        self.assertLess(time.monotonic() - began, 10)
        reader.stop()
        self.stack.start_web()


class LighttpdFastcgi(Wait, Stopping, unittest.TestCase):
    pass


class LighttpdCgi(Wait, Stopping, unittest.TestCase):
    gateway = "cgi"


class ApacheFastcgi(Wait, unittest.TestCase):
    server = "apache"


class ApacheCgi(Wait, Stopping, unittest.TestCase):
    server, gateway = "apache", "cgi"


if __name__ == "__main__":
    unittest.main()
