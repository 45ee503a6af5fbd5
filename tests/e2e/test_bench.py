"""The bench programs run, and notice what they are there to notice. How fast anything is, no test asks."""
import os
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

from stack import API, BUILD, ROOT, Stack, wait_for

PROGRAMS = os.path.join(BUILD, "bench")
LIMITS = {"rate_user_burst": 100000, "rate_user_per_minute": 100000, "rate_address_burst": 100000,
          "rate_address_per_minute": 100000}


def parse(text):
    return dict(word.split("=", 1) for word in text.split())


def run(program, *args):
    """(exit code, what it printed, its complaints)"""
    done = subprocess.run([os.path.join(PROGRAMS, program), *map(str, args)], capture_output=True,
                          text=True, timeout=60, stdin=subprocess.DEVNULL)
    return done.returncode, parse(done.stdout), done.stderr


class Ours(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(conf=LIMITS).start()
        cls.ws = "unix:" + cls.stack.path("var/run/ws.sock")
        cls.tokens = cls.stack.path("tokens")
        with open(cls.tokens, "w", encoding="utf-8") as f:
            f.writelines(cls.stack.token(i, f"reader{i}") + "\n" for i in range(1, 4))

    @classmethod
    def tearDownClass(cls):
        cls.stack.stop()

    def stored(self):
        with self.stack.database() as db:
            return db.execute("SELECT count(*) FROM message").fetchone()[0]

    def fanout(self, over, *args):
        code, result, complaint = run("fanout", "--to", self.ws, "--tokens", self.tokens, "--over",
                                      over, "--clients", 5, "--idle", 2, "--seconds", 0.3, "--pid",
                                      f"sidecar={self.stack.sidecar.pid}", *args)
        self.assertEqual((code, complaint), (0, ""), result)
        self.assertGreater(int(result["posted"]), 0)
        self.assertEqual(int(result["deliveries"]), 5 * int(result["posted"]))
        self.assertGreater(float(result["cpu_us_sidecar"]), 0)

    def test_fanout_counts_over_each_transport(self):
        for over in ("hello", "seed", "sse", "poll"):
            with self.subTest(over=over):
                self.fanout(over, "--inflight", 3)

    def test_fanout_posts_at_a_rate(self):
        self.fanout("hello", "--rate", 100)

    def test_fanout_measures_again_when_told(self):
        process = subprocess.Popen(
            [os.path.join(PROGRAMS, "fanout"), "--to", self.ws, "--tokens", self.tokens, "--clients",
             "2", "--seconds", "0.1", "--rounds", "9"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, bufsize=1)
        with process:
            self.assertEqual(parse(process.stdout.readline())["opened"], "2")
            for inflight in (1, 4):
                process.stdin.write(f"{inflight}\n")
                result = parse(process.stdout.readline())
                self.assertEqual(int(result["deliveries"]), 2 * int(result["posted"]))
            process.stdin.close()
            self.assertEqual(process.wait(20), 0)

    def test_posts_that_were_acknowledged_are_stored(self):
        before = self.stored()
        code, result, complaint = run("post", "--to", self.ws, "--tokens", self.tokens,
                                      "--connections", 3, "--inflight", 8, "--seconds", 0.2)
        self.assertEqual((code, complaint), (0, ""), result)
        self.assertGreater(int(result["acked"]), 0)
        self.assertEqual(self.stored() - before, int(result["acked"]))

    def test_requests_are_counted_and_judged(self):
        bearer = "Authorization: Bearer " + self.stack.token(1, "reader1")
        to = ("--to", f"127.0.0.1:{self.stack.port}", "--header", bearer, "--connections", 2,
              "--seconds", 0.2)
        before = self.stored()
        code, result, _ = run("http", *to, "--path", API + "messages/create/", "--post",
                              '{"message":"%n","client_id":"smoke-%n"}')
        self.assertEqual((code, result["wrong"], result["unanswered"]), (0, "0", "0"))
        self.assertEqual(self.stored() - before, int(result["requests"]))
        code, result, _ = run("http", *to, "--path", API + "messages/", "--rate", 100)
        self.assertEqual((code, result["wrong"]), (0, "0"))
        code, result, _ = run("http", *to, "--path", API + "nothing/")
        self.assertEqual((code, result["wrong"]), (1, result["requests"]))


class Filled(unittest.TestCase):
    def test_a_filled_database_is_a_sound_one(self):
        with Stack(sidecar=False) as stack:
            for name in ("fill", "insert"):
                shutil.copy2(os.path.join(PROGRAMS, name), stack.path("bin"))
            done = subprocess.run(stack.as_user(stack.path("bin/fill"), "--config", stack.conf,
                                                "--messages", "500", "--users", "7"),
                                  capture_output=True, text=True, umask=0o077)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(" 500 messages: 0 problems", stack.outcry("verify").stdout)
            rooms = stack.get("rooms/", token=stack.token(1, "trader1")).json["rooms"]
            self.assertTrue(any(room["unread"] for room in rooms))
            done = subprocess.run(stack.as_user(stack.path("bin/insert"), stack.path("var/chat.db"),
                                                "10", "0.1"), capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertGreater(int(parse(done.stdout)["messages"]), 0)


class Floors(unittest.TestCase):
    def test_every_floor_hands_on_each_message_once(self):
        with tempfile.TemporaryDirectory() as folder:
            for args in (["--mode", "single"], ["--mode", "joined"],
                         ["--mode", "joined", "--join", "2.5"], ["--mode", "frames", "--join", "3"]):
                with self.subTest(args=args):
                    path = os.path.join(folder, "floor.sock")
                    floor = subprocess.Popen([os.path.join(PROGRAMS, "floor"), "--listen",
                                              "unix:" + path, *args])
                    try:
                        wait_for(lambda path=path: os.path.exists(path), "the floor listens")
                        code, result, _ = run("fanout", "--to", "unix:" + path, "--over", "plain",
                                              "--clients", 4, "--inflight", 5, "--seconds", 0.2)
                        self.assertEqual(code, 0, result)
                        self.assertEqual(int(result["deliveries"]), 4 * int(result["posted"]))
                    finally:
                        floor.send_signal(signal.SIGTERM)
                        floor.wait()
                        os.unlink(path)

    def test_the_trivial_programs_answer(self):
        for name in ("trivial.cgi", "linked.cgi"):
            out = subprocess.run([os.path.join(PROGRAMS, name)], capture_output=True, check=True).stdout
            self.assertTrue(out.startswith(b"Status: 200 OK\r\n") and out.endswith(b"\r\n\r\nok"))


class Unreliable(threading.Thread):
    """A server that hands on what it is told to its clients, but its last client gets the third message as
    often as `times` says."""

    ACCEPTED = (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                b"Connection: Upgrade\r\n\r\n")

    def __init__(self, path, times):
        super().__init__(daemon=True)
        self.times, self.clients, self.seen = times, [], 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)

    def run(self):
        while True:
            for key, _ in self.selector.select():
                if key.fileobj is self.listener:
                    client = self.listener.accept()[0]
                    self.clients.append(client)
                    self.selector.register(client, selectors.EVENT_READ)
                elif not self.serve(key.fileobj):
                    return

    def serve(self, client):
        """Whether the client is still there."""
        data = client.recv(65536)
        is_open = bool(data)
        if data.startswith(b"GET "):
            client.sendall(self.ACCEPTED)
        while data and not data.startswith(b"GET "):
            length = int.from_bytes(data[2:4], "big")  # the generator's frames: masked with zeros
            text, data = data[8:8 + length], data[8 + length:]
            self.seen += 1
            for reader in self.clients:
                times = self.times if self.seen == 3 and reader is self.clients[-1] else 1
                reader.sendall((b"\x81\x7e" + length.to_bytes(2, "big") + text) * times)
        return is_open


class Notices(unittest.TestCase):
    def fanout_against(self, times):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "unreliable.sock")
            server = Unreliable(path, times)
            server.start()
            return run("fanout", "--to", "unix:" + path, "--over", "plain", "--clients", 3,
                       "--inflight", 2, "--seconds", 0.2)

    def test_a_missing_delivery_fails(self):
        code, result, _ = self.fanout_against(0)
        self.assertEqual((code, result["missing"], result["doubled"]), (1, "1", "0"), result)
        self.assertGreater(int(result["posted"]), 3, "one missing message must not end the loop")

    def test_a_doubled_delivery_fails(self):
        code, result, _ = self.fanout_against(2)
        self.assertEqual((code, result["missing"], result["doubled"]), (1, "0", "1"), result)


class Report(unittest.TestCase):
    def setUp(self):
        sys.path.insert(0, os.path.join(ROOT, "bench", "harness"))
        self.addCleanup(sys.path.pop, 0)

    def test_a_line_holds_by_the_median_of_the_rounds(self):
        from report import Row
        row = Row("what", [2, 9, 2], "µs", [2, 2, 2], "floor", most=1.3)
        self.assertTrue(row.holds)
        self.assertEqual(row.judged, [1, 4.5, 1])
        self.assertFalse(Row("what", [2, 9, 9], "µs", [2, 2, 2], "floor", most=1.3).holds)
        self.assertFalse(Row("what", [14], "", least=15).holds)
        self.assertIsNone(Row("what", [14], "").holds)

    def test_contestants_take_turns(self):
        from report import rounds
        order = []
        results = rounds(2, {"a": lambda so_far: order.append("a") or len(so_far),
                             "b": lambda so_far: order.append("b") or len(so_far)})
        self.assertEqual(order, ["a", "b", "a", "b"])
        self.assertEqual(results, {"a": [0, 0], "b": [1, 1]})

    def test_a_round_that_the_machine_spoilt_is_measured_again(self):
        from report import rounds
        answers = iter([1, OSError("no"), 2, AssertionError("late"), 3])

        def ask(_):
            answer = next(answers)
            if isinstance(answer, Exception):
                raise answer
            return answer
        self.assertEqual(rounds(3, {"a": ask}), {"a": [1, 2, 3]})

    def test_trouble_without_end_and_wrong_answers_end_it(self):
        from report import rounds
        for error in (OSError("no"), ValueError("a doubled delivery")):
            def ask(_, error=error):
                raise error
            with self.assertRaises(type(error)):
                rounds(3, {"a": ask})

    def test_what_was_not_measured_says_so_in_the_table(self):
        from report import Section, summary
        section = Section(9, "The page")
        section.row("layout shift", [0], "", most=0.001)
        section.troubles.append("no | browser")
        self.assertEqual(len(summary([section])), 4)
        self.assertIn("no | browser", summary([section])[-1])
