#!/usr/bin/python3
"""sidecar = on_demand behind each web server: host C, where nobody may install a service."""
import concurrent.futures
import os
import shutil
import signal
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import faketime  # noqa: E402
from stack import PAGE, Stack, wait_for  # noqa: E402

CONF = {"sidecar": "on_demand", "sidecar_idle_minutes": 2}


class OnDemand:
    server, gateway = "lighttpd", "fastcgi"

    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(cls.server, cls.gateway, CONF, sidecar=False)
        cls.addClassCleanup(cls.stack.stop)
        cls.stack.make_files()
        cls.stack.outcry("init")

    def setUp(self):
        """A web server that nobody has asked yet, and no sidecar."""
        stack = self.stack
        stack.stop_web()
        stack.end_demanded_sidecars(signal.SIGKILL)
        self.since = len(self.events())
        # Whether it answers must not be asked of our own programs: that would start the sidecar.
        stack.web_answers = lambda: self.status("/stocks/chat/static/LICENSES.txt") is not None
        stack.start_web()

    def events(self):
        try:
            return self.stack.log("outcry.log").splitlines()
        except FileNotFoundError:
            return []

    def count(self, event):
        return sum(f" event={event} " in line for line in self.events()[self.since:])

    def status(self, path):
        try:
            return self.stack.http("GET", path).status
        except OSError:
            return None

    def await_sidecar(self, but=()):
        """The one that serves; its pid."""
        wait_for(self.stack.sidecar_answers, "a sidecar answers", 20)
        pids = wait_for(lambda: [pid for pid in self.stack.demanded_sidecars() if pid not in but], "its pid")
        self.assertEqual(len(pids), 1)
        return pids[0]

    def talk(self, text):
        """Posts over a socket and hears it on another."""
        listener, speaker = self.stack.ws(), self.stack.ws()
        speaker.send(type="message", message=text, username="trader")
        self.assertEqual(listener.until("message")["message"], text)
        speaker.close()
        listener.close()

    def test_twelve_first_requests_start_one_and_it_serves(self):
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            statuses = list(pool.map(self.status, [PAGE] * 12))
        self.assertEqual(statuses, [200] * 12)
        self.await_sidecar()
        self.talk("up")
        self.assertEqual((self.count("sidecar_starting"), self.count("sidecar_ready")), (1, 1))

    def test_after_kill_9_the_next_request_starts_it_again(self):
        self.assertEqual(self.status(PAGE), 200)
        first = self.await_sidecar()
        wait_for(lambda: self.count("sidecar_ready") == 1, "it says that it is ready")
        os.kill(first, signal.SIGKILL)
        wait_for(lambda: first not in self.stack.demanded_sidecars(), "it is dead")
        self.assertEqual(self.status(PAGE), 200)
        self.await_sidecar()
        self.talk("again")
        self.assertEqual(self.count("sidecar_ready"), 2)

    def test_it_outlives_the_web_server(self):
        self.assertEqual(self.status(PAGE), 200)
        pid = self.await_sidecar()
        self.stack.stop_web()
        self.assertTrue(self.stack.sidecar_answers())
        self.stack.start_web()
        self.assertEqual(self.status(PAGE), 200)
        self.talk("the same")
        self.assertEqual(self.stack.demanded_sidecars(), [pid])
        self.assertEqual(self.count("sidecar_starting"), 1)

    def test_a_request_during_its_stop_starts_the_next(self):
        self.assertEqual(self.status(PAGE), 200)
        first = self.await_sidecar()
        sock = self.stack.ws()  # does not answer the close: the stop takes its time
        os.kill(first, signal.SIGTERM)
        wait_for(lambda: not self.stack.sidecar_answers(), "it does not take sockets any more")
        self.assertEqual(self.status(PAGE), 200)
        self.await_sidecar(but=[first])
        self.talk("meanwhile")
        sock.close()
        wait_for(lambda: first not in self.stack.demanded_sidecars(), "the first is gone", 20)
        self.assertTrue(self.stack.sidecar_answers())
        self.talk("and after")


class LighttpdFastcgi(OnDemand, unittest.TestCase):
    pass


class LighttpdCgi(OnDemand, unittest.TestCase):
    gateway = "cgi"


class ApacheFastcgi(OnDemand, unittest.TestCase):
    server = "apache"


class ApacheCgi(OnDemand, unittest.TestCase):
    server, gateway = "apache", "cgi"


class Idle(unittest.TestCase):
    def test_it_ends_when_nobody_was_there_for_a_while_and_not_before(self):
        stack = Stack(conf=dict(CONF, ws_idle_timeout_ms=3600000), sidecar=False)
        self.addCleanup(stack.stop)
        stack.make_files()
        # A sidecar whose minutes are three of our seconds.
        os.mkdir(stack.path("real"), 0o755)
        shutil.move(stack.path("bin/outcry-sidecar"), stack.path("real/outcry-sidecar"))
        faketime.wrap(stack.path("bin/outcry-sidecar"), stack.path("real/outcry-sidecar"), "FAKETIME='+0 x20'")
        stack.start()
        wait_for(stack.sidecar_answers, "a sidecar answers", 20)
        sock = stack.hello()
        pings = 0
        while pings < 8:  # 25 s each: more than three minutes of its time
            pings += b'"ping"' in sock.read_text()
            sock.send(type="pong")
        self.assertNotIn("event=idle", stack.log("outcry.log"))
        sock.close()
        wait_for(lambda: "event=sidecar_stopped" in stack.log("outcry.log"), "it ended", 60)
        self.assertIn("event=idle", stack.log("outcry.log"))
        self.assertIn("minutes=2", stack.log("outcry.log"))
        self.assertFalse(stack.sidecar_answers())
        self.assertEqual(stack.get("health/").status, 200)
        wait_for(stack.sidecar_answers, "the next one answers", 20)


if __name__ == "__main__":
    unittest.main()
