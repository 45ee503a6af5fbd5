#!/usr/bin/python3
"""The programs as FastCGI, with a client of our own that can also misbehave."""
import concurrent.futures
import os
import signal
import socket
import sqlite3
import struct
import subprocess
import time
import unittest

import jwt

from programs import (ABORT, API, BEGIN, KEEP_CONN, PAGE, PARAMS, RESPONDER, STDIN, Installation,
                      Worker, variables, wait_for)

CREATE = API + "messages/create/"
HEALTH = variables("GET", API + "health/")


class Fcgi(unittest.TestCase):
    program, processes, conf = "api.fcgi", 1, {}

    def setUp(self):
        self.site = self.enterContext(Installation(**self.conf))
        self.worker = self.enterContext(Worker(self.site, self.program, self.processes))

    def assert_serves(self):
        self.assertEqual(self.worker.ask("GET", API + "health/").status, 200)
        self.assertIsNone(self.worker.process.poll())


class Serving(Fcgi):
    def test_one_process_serves_many_requests(self):
        for i in range(50):
            body = b'{"message":"m%d","username":"ana"}' % i
            self.assertEqual(self.worker.ask("POST", CREATE, body).status, 201)
        listed = self.worker.ask("GET", API + "messages/").json
        self.assertEqual([m["message"] for m in listed["messages"]], [f"m{i}" for i in range(50)])
        self.assertIsNone(self.worker.process.poll())

    def test_large_parameters_arrive_whole(self):
        cookie = "x=" + "y" * 60000
        for piece in (7, 60000):
            with self.worker.connect() as c:
                c.request({**HEALTH, "HTTP_COOKIE": cookie, **{f"HTTP_X_{i}": "z" * 200
                                                             for i in range(100)}}, piece=piece)
                self.assertEqual(c.answer().status, 200)

    def test_a_body_in_small_records_arrives_whole(self):
        body = b'{"message":"%s","username":"ana"}' % (b"x" * 1500)
        with self.worker.connect() as c:
            c.request(variables("POST", CREATE, body), body, piece=11)
            self.assertEqual(c.answer().json["message"]["message"], "x" * 1500)

    def test_padding_is_skipped(self):
        with self.worker.connect() as c:
            c.begin()
            c.record(PARAMS, c.pairs(HEALTH), padding=255)
            c.record(PARAMS, padding=8)
            c.record(STDIN)
            self.assertEqual(c.answer().status, 200)

    def test_a_large_answer_arrives_whole(self):
        for i in range(50):
            body = b'{"message":"%d%s","username":"ana"}' % (i, b"\xf0\x9f\x98\x80" * 1900)
            self.assertEqual(self.worker.ask("POST", CREATE, body).status, 201)
        answer = self.worker.ask("GET", API + "messages/")
        self.assertGreater(len(answer.body), 50 * 7600)
        self.assertEqual(len(answer.json["messages"]), 50)

    def test_a_kept_connection_is_closed_after_its_request(self):
        with self.worker.connect() as c:
            c.request(HEALTH, flags=KEEP_CONN)
            self.assertEqual(c.answer().status, 200)
            self.assertTrue(c.until_closed())
        self.assert_serves()

    def test_lying_lengths_are_refused(self):
        body = b'{"message":"x","username":"ana"}'
        answer = self.worker.ask("POST", CREATE, body, CONTENT_LENGTH=str(len(body) + 1))
        self.assertEqual(answer.status, 400)
        answer = self.worker.ask("POST", CREATE, body + b"rest", CONTENT_LENGTH=str(len(body)))
        self.assertEqual(answer.status, 201)
        answer = self.worker.ask("POST", CREATE, body, CONTENT_LENGTH="99999999")
        self.assertEqual(answer.status, 413)
        self.assert_serves()


class Misbehaving(Fcgi):
    def test_it_goes_on_after_connections_that_break_off(self):
        body = b'{"message":"x","username":"ana"}'
        env = variables("POST", CREATE, body)
        with self.worker.connect() as c:
            whole = c.pairs(env)
        cuts = [lambda c: None,
                lambda c: c.begin(),
                lambda c: (c.begin(), c.record(PARAMS, whole[:40])),
                lambda c: (c.begin(), c.record(PARAMS, whole)),
                lambda c: (c.begin(), c.record(PARAMS, whole), c.record(PARAMS)),
                lambda c: (c.begin(), c.record(PARAMS, whole), c.record(PARAMS),
                           c.record(STDIN, body[:10])),
                lambda c: c.request(env, body),  # all of it, but nobody waits for the answer
                lambda c: c.socket.sendall(b"\1"),
                lambda c: c.socket.sendall(b"\1\4\0\1\xff\xff\0\0half")]
        for i, cut in enumerate(cuts):
            with self.subTest(cut=i):
                with self.worker.connect() as c:
                    cut(c)
                self.assert_serves()

    def test_an_abort_ends_one_request(self):
        for stage in range(3):
            with self.worker.connect() as c:
                c.begin()
                if stage > 0:
                    c.stream(PARAMS, c.pairs(variables("POST", CREATE, b"x" * 100)))
                if stage > 1:
                    c.record(STDIN, b"x" * 10)
                c.record(ABORT)
                c.close()
            self.assert_serves()

    def test_records_that_make_no_sense(self):
        def role(n):
            return struct.pack("!HB5x", n, 0)
        rubbish = [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\0" * 64, b"\xff" * 64,
                   struct.pack("!BBHHBx", 2, BEGIN, 1, 8, 0) + role(RESPONDER),
                   struct.pack("!BBHHBx", 1, 99, 1, 0, 0),
                   struct.pack("!BBHHBx", 1, 9, 0, 0, 0),
                   struct.pack("!BBHHBx", 1, PARAMS, 1, 4, 0) + b"\xff\xff\xff\xff",
                   struct.pack("!BBHHBx", 1, BEGIN, 1, 8, 0) + role(77),
                   struct.pack("!BBHHBx", 1, BEGIN, 1, 2, 0) + b"\0\1"]
        for data in rubbish:
            with self.subTest(data=data[:10]):
                with self.worker.connect() as c:
                    c.socket.sendall(data)
                    c.socket.shutdown(socket.SHUT_WR)
                self.assert_serves()

    def test_parameters_shorter_than_they_say(self):
        for block in (b"\x0e\x05REQUEST_METHOD", b"\x7f\x7fA", b"\x84\0\0\0\x84\0\0\0AAAA", b"\x01"):
            with self.worker.connect() as c:
                c.begin()
                c.stream(PARAMS, block)
                c.record(STDIN)
                c.socket.shutdown(socket.SHUT_WR)
            self.assert_serves()

    def test_control_characters_in_variables_forge_nothing(self):
        answer = self.worker.ask("GET", API + "health/\r\nX-Evil: 1", HTTP_HOST="a\r\nX-Evil: 1",
                                 HTTP_ORIGIN="x\r\nX-Evil: 1")
        self.assertNotIn(b"\r\nX-Evil", answer.raw)
        self.assertNotIn("\nX-Evil", self.site.log())
        self.assert_serves()


def kb_of_files(pid):
    """What the process has in memory of programs and libraries."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("RssFile:"))


def has_open(pid, name):
    folder = f"/proc/{pid}/fd"
    return any(os.readlink(os.path.join(folder, fd)).endswith("/" + name) for fd in os.listdir(folder))


class Signals(Fcgi):
    def test_a_worker_writes_down_its_start_and_its_end(self):
        self.assertEqual(self.worker.ask("GET", API + "health/").status, 200)
        pid = self.worker.process.pid
        self.assertRegex(self.site.log(), rf"event=started .*program=api.fcgi pid={pid}\n")
        self.worker.process.terminate()
        self.assertEqual(self.worker.process.wait(10), 0)
        last = self.site.log().splitlines()[-1]
        self.assertRegex(last, rf"event=stopped .*pid={pid} code=0$")

    def test_an_idle_worker_stops_at_once(self):
        for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
            with self.subTest(sig=sig), Worker(self.site, "chat.fcgi", name=str(sig)) as worker:
                self.assertEqual(worker.ask("GET", PAGE).status, 200)
                worker.process.send_signal(sig)
                self.assertEqual(worker.process.wait(10), 0)

    def test_a_worker_that_nobody_asks_lets_go_of_memory_and_serves_again(self):
        """Ten seconds after the last request."""
        with Worker(self.site, "chat.fcgi", name="rests") as worker:
            first = worker.ask("GET", PAGE)
            used = kb_of_files(worker.process.pid)
            wait_for(lambda: kb_of_files(worker.process.pid) < used // 2, "it rests", 60)
            self.assertFalse(has_open(worker.process.pid, "chat.db"))
            again = worker.ask("GET", PAGE)
            self.assertTrue(has_open(worker.process.pid, "chat.db"))
        self.assertEqual((first.status, again.status), (200, 200))
        self.assertIn("</html>", again.text)

    def test_a_request_in_progress_is_finished_first(self):
        body = b'{"message":"kept","username":"ana"}'
        for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
            with self.subTest(sig=sig), Worker(self.site, "api.fcgi", name=str(sig)) as worker:
                with worker.connect() as c:
                    c.begin()
                    c.stream(PARAMS, c.pairs(variables("POST", CREATE, body)))
                    c.record(STDIN, body[:10])
                    wait_for(lambda: c.unread() == 0, "the worker has read all of it")
                    worker.process.send_signal(sig)
                    c.record(STDIN, body[10:])
                    c.record(STDIN)
                    self.assertEqual(c.answer().status, 201)
                self.assertEqual(worker.process.wait(10), 0)

    def test_hangup_opens_the_log_again(self):
        self.site.settings["log_level"] = "debug"
        self.site.write_conf()
        with Worker(self.site, "chat.fcgi", name="log") as worker:
            worker.ask("GET", PAGE)
            os.rename(self.site.path("log"), self.site.path("log.1"))
            worker.process.send_signal(signal.SIGHUP)
            wait_for(lambda: os.path.exists(self.site.path("log")), "a new log")
            worker.ask("GET", PAGE + "r/energy/")
            wait_for(lambda: "path=/stocks/chat/r/energy/" in self.site.log(), "the request is logged")
            self.assertNotIn("/r/energy/", self.site.log("log.1"))

    def test_hangup_reads_the_hosts_keys_again(self):
        def write_key(key):
            with open(self.site.path("key"), "w", encoding="utf-8") as f:
                f.write(key)
            os.chmod(self.site.path("key"), 0o600)

        def name(worker, key):
            token = jwt.encode({"user_id": 7, "name": "ana", "exp": int(time.time()) + 60}, key, "HS256")
            answer = worker.ask("GET", API + "me/", HTTP_AUTHORIZATION=f"Bearer {token}")
            return answer.json["user"]["username"] if answer.status == 200 else answer.status

        del self.site.settings["jwt_secret"]
        self.site.settings.update(jwt_key_file="key", jwt_name_claim="name")
        self.site.write_conf()
        old, new = "o" * 40, "n" * 40
        write_key(old)
        with Worker(self.site, name="keys") as worker:
            self.assertEqual((name(worker, old), name(worker, new)), ("ana", 401))
            write_key(new)
            worker.process.send_signal(signal.SIGHUP)
            wait_for(lambda: name(worker, new) == "ana", "the new key is taken")
            self.assertEqual(name(worker, old), 401)
            write_key("short")
            worker.process.send_signal(signal.SIGHUP)
            wait_for(lambda: "keys_not_reloaded" in self.site.log(), "the refusal is logged")
            self.assertEqual(name(worker, new), "ana")  # the last good key stays

    def test_a_killed_worker_leaves_nothing_broken(self):
        with Worker(self.site, "api.fcgi", processes=2, name="two") as worker:
            for i in range(20):
                body = b'{"message":"m%d","username":"ana"}' % i
                self.assertEqual(worker.ask("POST", CREATE, body).status, 201)
                if i == 10:
                    worker.process.kill()
                    worker.process.wait()
            listed = worker.ask("GET", API + "messages/").json["messages"]
            self.assertEqual([m["message"] for m in listed], [f"m{i}" for i in range(20)])


class Watchdog(Fcgi):
    conf = {"request_timeout_s": 1}

    def test_a_web_server_that_stops_talking_costs_one_worker(self):
        with self.worker.connect() as c:
            c.begin()
            c.record(PARAMS, b"\x0e\x03REQ")
            self.assertEqual(self.worker.process.wait(20), 70)
            self.assertIn(b"request_timeout_s", self.worker.process.stderr.read())
            self.assertTrue(c.until_closed())

    def test_a_body_that_never_comes_costs_one_worker(self):
        with self.worker.connect() as c:
            c.begin()
            c.stream(PARAMS, c.pairs(variables("POST", CREATE, b"never")))
            self.assertEqual(self.worker.process.wait(20), 70)

    def test_an_idle_worker_stays(self):
        self.assert_serves()
        with self.assertRaises(subprocess.TimeoutExpired):
            self.worker.process.wait(1.5)
        self.assert_serves()


class Queue(Fcgi):
    conf = {"lock_timeout_ms": 200}

    def test_a_queue_that_would_take_too_long_is_refused_and_then_served_again(self):
        def post(i):
            return self.worker.ask("POST", CREATE, b'{"message":"m%d","username":"ana"}' % i)
        self.assertEqual(post(0).status, 201)
        holder = sqlite3.connect(self.site.path("chat.db"), isolation_level=None)
        self.addCleanup(holder.close)
        holder.execute("BEGIN IMMEDIATE")
        with concurrent.futures.ThreadPoolExecutor(60) as pool:
            answers = list(pool.map(post, range(60)))
        self.assertEqual({a.status for a in answers}, {503})
        self.assertEqual({a.json["error"]["code"] for a in answers}, {"busy"})
        self.assertIn("event=overloaded", self.site.log())
        holder.execute("ROLLBACK")
        wait_for(lambda: post(99).status == 201, "it serves again")

    def test_a_queue_that_is_never_empty_is_served(self):
        def get(_):
            return self.worker.ask("GET", API + "health/").status
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            statuses = list(pool.map(get, range(600)))
        self.assertEqual(set(statuses), {200})
        self.assertNotIn("event=overloaded", self.site.log())


class Pool(Fcgi):
    processes = 4

    def test_workers_share_one_socket(self):
        def post(i):
            return self.worker.ask("POST", CREATE, b'{"message":"m%d","username":"ana"}' % i)
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(post, range(60)))
        self.assertEqual({a.status for a in answers}, {201})
        seqs = sorted(a.json["message"]["seq"] for a in answers)
        self.assertEqual(seqs, list(range(seqs[0], seqs[0] + 60)))
        for process in self.worker.processes:
            self.assertIsNone(process.poll())

    def test_all_of_them_stop(self):
        wait_for(lambda: self.site.log().count("event=started") == 4, "all of them started")
        for process in self.worker.processes:
            process.terminate()
        self.assertEqual([p.wait(10) for p in self.worker.processes], [0] * 4)


class Start(unittest.TestCase):
    def test_what_keeps_it_from_starting_ends_it_with_one_sentence(self):
        cases = [({"secret": "short"}, "secret"), ({"database": "/nonexistent/chat.db"}, "/nonexist"),
                 ({}, "outcry init")]
        for conf, words in cases:
            with self.subTest(conf=conf), Installation(init=False, **conf) as site:
                with Worker(site) as worker:
                    self.assertEqual(worker.process.wait(20), 1)
                    sentence = worker.process.stderr.read().decode()
                    self.assertRegex(sentence, r"^outcry: .{20,}\n$")
                    self.assertIn(words, sentence)


if __name__ == "__main__":
    unittest.main()
