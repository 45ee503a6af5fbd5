#!/usr/bin/python3
"""sidecar = on_demand, program by program: who starts the sidecar, when, and what it inherits. What is
started here is a script that tells of itself; the real one is in tests/e2e/test_demand.py."""
import concurrent.futures
import fcntl
import os
import signal
import subprocess
import time
import unittest

from programs import API, BUILD, PAGE, Answer, Installation, Worker, variables, wait_for

# One line a start; then it holds the lock, as a sidecar does, until it is ended.
STAYS = "echo $$ >>$here/starts; exec sleep 600"
FAILS = "echo $$ >>$here/starts; exit 1"
TELLS = """
pwd >$here/folder
env >$here/environment
echo "$@" >$here/arguments
ls -l /proc/self/fd >$here/descriptors
grep -E '^Sig(Blk|Ign)' /proc/self/status >$here/signals
""" + STAYS


class Demand(unittest.TestCase):
    script, sidecar = STAYS, "on_demand"

    def setUp(self):
        self.site = self.enterContext(Installation(sidecar=self.sidecar, sidecar_program="program"))
        os.makedirs(self.site.path("run"), exist_ok=True)
        self.write_program(self.script)
        self.addCleanup(self.end_started)

    def write_program(self, script):
        """By rename: one that runs is not written over."""
        with open(self.site.path("new"), "w", encoding="utf-8") as f:
            f.write(f"#!/bin/sh\nhere={self.site.dir}\n{script}\n")
        os.chmod(self.site.path("new"), 0o755)
        os.rename(self.site.path("new"), self.site.path("program"))

    def read(self, name):
        try:
            with open(self.site.path(name), encoding="utf-8") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def starts(self):
        return [int(pid) for pid in self.read("starts").split()]

    def await_starts(self, count):
        wait_for(lambda: len(self.starts()) >= count, f"{count} starts")
        self.assertEqual(len(self.starts()), count)

    def end(self, pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def end_started(self):
        for pid in self.starts():
            self.end(pid)

    def await_unlocked(self):
        def unlocked():
            with open(self.site.path("run/sidecar.lock"), encoding="utf-8") as f:
                try:
                    fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return False
            return True
        wait_for(unlocked, "nobody holds the lock")

    def age_lock(self, seconds):
        then = time.time() - seconds
        os.utime(self.site.path("run/sidecar.lock"), (then, then))

    def ask(self):
        """A request, by a process of its own."""
        self.assertEqual(self.site.cgi("GET", PAGE).status, 200)


class Starting(Demand):
    def test_the_first_request_starts_it_and_the_next_do_not(self):
        for _ in range(5):
            self.ask()
        self.await_starts(1)

    def test_twelve_at_once_start_one(self):
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            list(pool.map(lambda _: self.ask(), range(12)))
        self.await_starts(1)
        self.assertEqual(self.site.log().count("event=sidecar_starting"), 1)

    def test_each_program_starts_it(self):
        for request in (PAGE, API + "health/"):
            self.assertEqual(self.site.cgi("GET", request).status, 200)
            wait_for(self.starts, "it was started")
            self.end_started()
            self.await_unlocked()
            os.unlink(self.site.path("starts"))
            os.unlink(self.site.path("run/sidecar.lock"))

    def test_a_fastcgi_worker_starts_it_and_serves_on(self):
        with Worker(self.site) as worker:
            for _ in range(5):
                self.assertEqual(worker.ask("GET", API + "health/").status, 200)
            self.await_starts(1)
            worker.process.terminate()
            self.assertEqual(worker.process.wait(10), 0)
        os.kill(self.starts()[0], 0)  # it lives on

    def test_nobody_waits_for_it(self):
        """The answer ends when it is whole, though what was started runs on."""
        process = self.site.start_cgi("chat.fcgi", variables("GET", PAGE))
        out, _ = process.communicate(timeout=20)
        self.assertEqual(Answer(out).status, 200)
        self.assertEqual(process.returncode, 0)
        self.await_starts(1)
        os.kill(self.starts()[0], 0)

    def test_a_poll_that_would_wait_leaves_so_that_it_is_started(self):
        uri = API + "events/?rooms=general:1&wait=20"
        answer = self.site.cgi("GET", uri).json
        self.assertFalse(answer["waited"])
        self.await_starts(1)


class Failing(Demand):
    script = FAILS

    def test_what_does_not_come_up_is_tried_again_after_a_while_only(self):
        for _ in range(5):
            self.ask()
            self.await_starts(1)
            self.await_unlocked()
        self.age_lock(11)
        self.ask()
        self.await_starts(2)
        self.assertEqual(self.site.log().count("event=sidecar_not_started"), 1)
        self.ask()
        self.await_unlocked()
        self.await_starts(2)

    def test_meanwhile_polls_wait_as_where_there_is_none(self):
        self.ask()
        self.await_starts(1)
        self.await_unlocked()
        answer = self.site.cgi("GET", API + "events/?rooms=general:1&wait=1").json
        self.assertTrue(answer["waited"])

    def test_a_program_that_is_not_there_is_named_in_the_log(self):
        os.unlink(self.site.path("program"))
        self.ask()
        wait_for(lambda: f"Cannot start {self.site.path('program')}" in self.site.log(), "a sentence")
        self.ask()
        self.assertEqual(self.site.log().count("Cannot start"), 1)

    def test_a_lock_that_cannot_be_made_stops_no_request(self):
        os.rmdir(self.site.path("run"))
        with open(self.site.path("run"), "w", encoding="utf-8"):
            pass
        self.ask()
        wait_for(lambda: "event=sidecar_not_started" in self.site.log(), "it is logged")
        self.assertEqual(self.starts(), [])


class Inheriting(Demand):
    script = TELLS

    def started(self, ask):
        ask()
        self.await_starts(1)
        fds = {}
        for line in self.read("descriptors").splitlines():
            if " -> " in line:
                name, _, target = line.partition(" -> ")
                fds[int(name.split()[-1])] = target
        return {fd: target for fd, target in fds.items() if not target.endswith("/fd")}  # ls's own

    def assert_clean(self, fds):
        self.assertEqual(fds, {0: "/dev/null", 1: self.site.path("descriptors"), 2: self.site.path("log"),
                               3: self.site.path("run/sidecar.lock")})
        self.assertEqual(self.read("arguments"), f"--config {self.site.conf} --lock-fd 3\n")
        self.assertEqual(self.read("folder"), "/\n")
        # sh adds some of its own.
        names = {line.partition("=")[0] for line in self.read("environment").splitlines()}
        self.assertLessEqual(names, {"PATH", "HOME", "LANG", "TZ", "LD_LIBRARY_PATH", "PWD", "_", "SHLVL"})
        masks = [int(line.split()[1], 16) for line in self.read("signals").splitlines()]
        for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
            self.assertEqual([mask >> (sig - 1) & 1 for mask in masks], [0, 0])

    def test_nothing_of_a_cgi_request(self):
        def ask():
            with open(self.site.path("open-file"), "w", encoding="utf-8") as stray:
                os.set_inheritable(stray.fileno(), True)
                process = subprocess.Popen(
                    [os.path.join(BUILD, "chat.fcgi")], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE, close_fds=False, cwd="/",
                    env={"OUTCRY_CONFIG": self.site.conf, "PATH": os.environ["PATH"],
                         **variables("GET", PAGE, HTTP_COOKIE="secret=1", HTTP_AUTHORIZATION="Bearer x")})
                process.communicate(timeout=20)
        self.assert_clean(self.started(ask))

    def test_nothing_of_a_fastcgi_worker(self):
        def ask():
            with Worker(self.site) as worker:
                self.assertEqual(worker.ask("GET", API + "health/").status, 200)
        self.assert_clean(self.started(ask))


class External(Demand):
    sidecar = "external"

    def test_nothing_is_started(self):
        self.ask()
        with Worker(self.site) as worker:
            for _ in range(3):
                self.assertEqual(worker.ask("GET", API + "health/").status, 200)
        self.assertEqual(self.starts(), [])


class Off(External):
    sidecar = "off"


class LockArgument(unittest.TestCase):
    """outcry-sidecar --lock-fd: only what holds the lock is taken."""

    def test_another_descriptor_is_refused_with_a_sentence(self):
        site = self.enterContext(Installation())
        os.makedirs(site.path("run"), exist_ok=True)
        with open(site.path("else"), "w", encoding="utf-8") as f:
            done = subprocess.run(
                [os.path.join(BUILD, "outcry-sidecar"), "--config", site.conf, "--lock-fd", str(f.fileno())],
                capture_output=True, text=True, pass_fds=[f.fileno()], timeout=30, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn("is not the lock", done.stderr)

    def test_wrong_words_are_usage(self):
        for args in (["--lock-fd", "x"], ["--lock-fd", "1"], ["--lock-fd"], ["word"], ["--no-such"]):
            done = subprocess.run([os.path.join(BUILD, "outcry-sidecar"), *args], capture_output=True,
                                  text=True, timeout=30, check=False)
            self.assertEqual(done.returncode, 2, args)
            self.assertIn("usage", done.stderr)


if __name__ == "__main__":
    unittest.main()
