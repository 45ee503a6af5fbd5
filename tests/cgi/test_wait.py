#!/usr/bin/python3
"""events/ with `wait`, in real processes: what ends a wait, and that nobody else is kept waiting."""
import concurrent.futures
import fcntl
import json
import os
import signal
import time
import unittest

from programs import API, PARAMS, STDIN, Answer, Installation, Worker, variables, wait_for

CREATE = API + "messages/create/"
SLOTS = 8


def events(wait=20, rooms="general:1"):
    return variables("GET", f"{API}events/?rooms={rooms}&wait={wait}")


class Waiting(unittest.TestCase):
    conf = {}

    def setUp(self):
        self.site = self.enterContext(Installation(**self.conf))
        os.makedirs(self.site.path("run"), exist_ok=True)
        self.pool = self.enterContext(concurrent.futures.ThreadPoolExecutor(4))

    def free_slots(self):
        """As whoever wants one finds them."""
        free = 0
        for i in range(SLOTS):
            try:
                with open(self.site.path(f"run/slot.{i}"), "a", encoding="utf-8") as f:
                    fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    free += 1
            except BlockingIOError:
                pass
        return free

    def await_waiters(self, count):
        wait_for(lambda: self.free_slots() == SLOTS - count, f"{count} wait")

    def post(self, text):
        """By a process of its own; when it was stored."""
        answer = self.site.cgi("POST", CREATE, json.dumps({"message": text, "username": "ana"}).encode())
        self.assertEqual(answer.status, 201)
        return time.monotonic()

    def restore(self):
        copy = self.site.path("copy.db")
        self.site.run("outcry", "backup", "--config", self.site.conf, copy, check=True)
        self.site.run("outcry", "restore", "--config", self.site.conf, copy, check=True)

    def assert_brought(self, answer, text, stored):
        """What came, in time: half a second where a wake-up was lost, and a slow machine's leisure."""
        self.assertEqual([e["message"] for e in answer.json["events"]], [text])
        self.assertTrue(answer.json["waited"])
        self.assertLess(time.monotonic() - stored, 5)

    def ask_and_wait(self, worker, **kwargs):
        """The answer to come. Like a web server, this end closes when it has it."""
        connection = worker.connect()
        connection.request(events(**kwargs))

        def collect():
            with connection:
                return connection.answer()
        return self.pool.submit(collect)

    def assert_cut(self, answer):
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.json["events"], [])
        self.assertEqual((answer.json["waited"], answer.json["poll_after_ms"]), (False, 3000))


class Cgi(Waiting):
    def start(self, env=None):
        process = self.site.start_cgi("api.fcgi", env or events())
        process.stdin.close()
        self.addCleanup(self.clean, process)
        return process

    @staticmethod
    def clean(process):
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()

    @staticmethod
    def answer(process):
        answer = Answer(process.stdout.read())
        process.wait(30)
        return answer

    def test_a_message_reaches_everybody_who_waits(self):
        waiting = [self.start() for _ in range(SLOTS)]
        self.await_waiters(SLOTS)
        stored = self.post("to all")
        for process in waiting:
            self.assert_brought(self.answer(process), "to all", stored)
        self.assertEqual(self.free_slots(), SLOTS)

    def test_one_more_than_there_are_places_is_answered_at_once(self):
        waiting = [self.start() for _ in range(SLOTS)]
        self.await_waiters(SLOTS)
        self.assert_cut(self.answer(self.start()))
        self.assertEqual([p.poll() for p in waiting], [None] * SLOTS)

    def test_whoever_is_killed_frees_the_place(self):
        waiting = [self.start() for _ in range(SLOTS)]
        self.await_waiters(SLOTS)
        waiting[3].kill()
        self.await_waiters(SLOTS - 1)
        self.start()
        self.await_waiters(SLOTS)

    def test_a_stop_signal_ends_the_wait_with_an_answer(self):
        for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
            process = self.start()
            self.await_waiters(1)
            process.send_signal(sig)
            self.assert_cut(self.answer(process))
            self.assertEqual(process.returncode, 0)

    def test_a_web_server_that_hangs_up_is_not_waited_for(self):
        process = self.start()
        self.await_waiters(1)
        process.stdout.close()
        process.wait(10)
        self.assertEqual(self.free_slots(), SLOTS)

    def test_another_database_is_noticed(self):
        process = self.start()
        self.await_waiters(1)
        self.restore()
        answer = self.answer(process)
        self.assertEqual(answer.status, 410)
        self.assertEqual(answer.json["resync"][0]["reason"], "epoch")

    def test_silence_is_waited_out(self):
        began = time.monotonic()
        answer = self.answer(self.start(events(wait=2)))
        self.assertGreaterEqual(time.monotonic() - began, 2)
        self.assertEqual((answer.json["events"], answer.json["waited"]), ([], True))
        self.assertEqual(answer.json["poll_after_ms"], 0)


class Fcgi(Waiting):
    processes = 1

    def setUp(self):
        super().setUp()
        self.worker = self.enterContext(Worker(self.site, processes=self.processes))

    def start(self, **kwargs):
        return self.ask_and_wait(self.worker, **kwargs)


class OneWorker(Fcgi):
    def test_a_message_ends_the_wait(self):
        answer = self.start()
        self.await_waiters(1)
        stored = self.post("at last")
        self.assert_brought(answer.result(), "at last", stored)

    def test_the_next_request_ends_the_wait(self):
        answer = self.start()
        self.await_waiters(1)
        began = time.monotonic()
        self.assertEqual(self.worker.ask("GET", API + "health/").status, 200)
        self.assertLess(time.monotonic() - began, 10)
        self.assert_cut(answer.result())

    def test_waiters_take_turns_at_one_worker(self):
        first = self.start()
        self.await_waiters(1)
        second = self.start()
        self.assert_cut(first.result())
        self.await_waiters(1)
        stored = self.post("to the second")
        self.assert_brought(second.result(), "to the second", stored)

    def test_a_web_server_that_hangs_up_is_not_waited_for(self):
        with self.worker.connect() as c:
            c.request(events())
            self.await_waiters(1)
        wait_for(lambda: self.free_slots() == SLOTS, "its place is free", 10)
        self.assertEqual(self.worker.ask("GET", API + "health/").status, 200)
        self.assertIsNone(self.worker.process.poll())

    def test_a_stop_signal_ends_the_wait_with_an_answer(self):
        answer = self.start()
        self.await_waiters(1)
        self.worker.process.terminate()
        self.assert_cut(answer.result())
        self.assertEqual(self.worker.process.wait(10), 0)

    def test_hangup_does_not_end_the_wait(self):
        answer = self.start()
        self.await_waiters(1)
        self.worker.process.send_signal(signal.SIGHUP)
        stored = self.post("still there")
        self.assert_brought(answer.result(), "still there", stored)
        wait_for(lambda: "event=reloaded" in self.site.log(), "it looks again at its keys")

    def test_another_database_is_noticed(self):
        answer = self.start()
        self.await_waiters(1)
        self.restore()
        self.assertEqual(answer.result().status, 410)

    def test_waiting_is_not_counted_as_work(self):
        """A queue is judged by what a request costs; after some waits it is as welcome as before."""
        for _ in range(4):
            self.assertTrue(self.start(wait=1).result().json["waited"])
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            statuses = list(pool.map(lambda _: self.worker.ask("GET", API + "health/").status, range(64)))
        self.assertEqual(set(statuses), {200})


class TwoWorkers(Fcgi):
    processes = 2

    def test_a_request_that_the_other_takes_does_not_end_the_wait(self):
        """The other has a moment to do so; on a busy machine it may miss it now and then."""
        for i in range(20):
            answer = self.start(rooms=f"general:{1 + i}")
            self.await_waiters(1)
            self.assertEqual(self.worker.ask("GET", API + "health/").status, 200)
            self.post(f"m{i}")
            if answer.result().json["waited"]:
                return
        self.fail("each of 20 waits was cut by a request that an idle worker could have taken")

    def two_waiters(self):
        """On a busy machine the second may come to a worker too late, and so cut the first's wait."""
        for i in range(20):
            waiting = [self.start(rooms=f"general:{1 + i}") for _ in range(2)]
            wait_for(lambda: self.free_slots() == SLOTS - 2 or any(answer.done() for answer in waiting),
                     "both wait, or one was cut")
            if not any(answer.done() for answer in waiting):
                return waiting
            self.post(f"for the other, {i}")
            concurrent.futures.wait(waiting)
        return self.fail("one of two waits was cut each time")

    def test_when_both_wait_the_third_is_served_at_once(self):
        waiting = self.two_waiters()
        began = time.monotonic()
        self.assertEqual(self.worker.ask("GET", API + "health/").status, 200)
        self.assertLess(time.monotonic() - began, 10)
        self.post("and then")
        self.assertIn(False, [a.result().json["waited"] for a in waiting])


class PrivateSockets(Waiting):
    """As mod_fcgid has it: a socket for each process, and no queue that anybody could see."""

    def setUp(self):
        super().setUp()
        self.first, self.second = [self.enterContext(Worker(self.site, name=f"4321.{i}", suffix=""))
                                   for i in (0, 1)]
        for worker in (self.first, self.second):
            self.assertEqual(worker.ask("GET", API + "health/").status, 200)

    def test_the_last_idle_process_does_not_wait(self):
        self.ask_and_wait(self.first)
        self.await_waiters(1)
        began = time.monotonic()
        self.ask_and_wait(self.second)
        self.assertEqual(self.ask_either().status, 200)
        self.assertLess(time.monotonic() - began, 10)

    def ask_either(self):
        """As a web server does that knows which process is free."""
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            asked = [pool.submit(w.ask, "GET", API + "health/") for w in (self.first, self.second)]
            done, _ = concurrent.futures.wait(asked, 30, concurrent.futures.FIRST_COMPLETED)
            return done.pop().result()

    def test_a_wait_ends_when_the_other_process_is_busy_for_long(self):
        waiting = self.ask_and_wait(self.first)
        self.await_waiters(1)
        with self.second.connect() as busy:
            body = b"{}"
            busy.begin()
            busy.stream(PARAMS, busy.pairs(variables("POST", CREATE, body)))
            self.assert_cut(waiting.result())
            busy.stream(STDIN, body)
            self.assertEqual(busy.answer().status, 400)

    def test_a_message_by_the_other_process_comes_to_the_one_that_waits(self):
        """Short work is no reason to leave; on a busy machine it may be long now and then."""
        for i in range(20):
            waiting = self.ask_and_wait(self.first)
            self.await_waiters(1)
            body = b'{"message":"m%d","username":"ana"}' % i
            self.assertEqual(self.second.ask("POST", CREATE, body).status, 201)
            if waiting.result().json["waited"]:
                return
        self.fail("each of 20 waits was cut by a request that took milliseconds")


class FewPlaces(Fcgi):
    conf = {"wait_slots": 0}

    def test_without_places_nobody_waits(self):
        self.assert_cut(self.start().result())


if __name__ == "__main__":
    unittest.main()
