#!/usr/bin/python3
"""One request, and each of its system calls: the process dies at it, or the call fails. Plain CGI, whose
every request opens the database, writes, and moves the log into it: no instant of these is left out."""
import collections
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from case import LONG, end_module, seeded  # noqa: E402
from checker import Table  # noqa: E402
from driver import ROOMY  # noqa: E402
from programs import API, BUILD, Answer, Installation, variables  # noqa: E402
from stack import new_client_id  # noqa: E402

# What may fail, and with which calls.
FAILURES = {"EIO": ("openat", "pread64", "pwrite64", "fdatasync", "ftruncate", "newfstatat", "fcntl",
                    "flock", "unlink", "read", "write", "sendmsg", "socketpair"),
            "ENOSPC": ("openat", "pwrite64", "ftruncate", "write"),
            "ENOMEM": ("mmap",)}  # not brk: glibc itself crashes when it fails once
CALL = re.compile(r"\d+ +(\w+)\(.*")


def tearDownModule():
    end_module()


@unittest.skipUnless(shutil.which("strace"), "strace is not installed")
class Instants(unittest.TestCase):
    def setUp(self):
        self.rng = seeded(self.id())
        self.installation = Installation(**ROOMY)
        self.addCleanup(shutil.rmtree, self.installation.dir)
        self.token = self.outcry("token", "--user", "7", "--name", "ana").stdout.strip()
        self.wrong, self.asked = [], []
        self.post(new_client_id())  # makes what the first request of all makes

    def outcry(self, command, *args):
        return self.installation.run("outcry", command, "--config", self.installation.conf, *args)

    def post(self, client_id, *tracer):
        """(status or None, exit code) of one request; under a tracer: of the traced program."""
        body = json.dumps({"message": f"text of {client_id}", "client_id": client_id}).encode()
        env = variables("POST", API + "messages/create/", body, ASAN_OPTIONS="detect_leaks=0",
                        HTTP_AUTHORIZATION="Bearer " + self.token, OUTCRY_CONFIG=self.installation.conf)
        done = subprocess.run([*tracer, os.path.join(BUILD, "api.fcgi")], input=body, env=env,
                              capture_output=True, timeout=60)
        try:
            answer = Answer(done.stdout)
            whole = len(answer.body) == int(answer.header("Content-Length") or len(answer.body))
        except (AssertionError, AttributeError):  # nothing, or not even a head
            whole = False
        return answer.status if whole else None, done.returncode

    def tracer(self, *options):
        return ["strace", "-f", "-qq", "-o", self.installation.path("trace"),
                *(word for option in options for word in ("-e", option))]

    def calls(self):
        """[(call, the how manieth of its name)] of a request, from the database's opening on."""
        self.post(new_client_id(), *self.tracer("trace=all"))
        with open(self.installation.path("trace"), encoding="utf-8", errors="replace") as f:
            lines = [found for found in map(CALL.match, f) if found]
        counts, calls, open_yet = collections.Counter(), [], False
        for line in lines:
            counts[line[1]] += 1
            open_yet = open_yet or "chat.db" in line[0]
            if open_yet:
                calls.append((line[1], counts[line[1]]))
        return calls

    def some(self, calls, few):
        """All in the long form; in the short form a few, spread evenly."""
        if LONG:
            return calls
        step = max(1, len(calls) // few)
        return calls[self.rng.randrange(step)::step]

    def then_again(self, what, client_id, status):
        """A fault has been; the same message again, as whoever sent it would."""
        self.asked.append(client_id)
        again, _ = self.post(client_id)
        if again not in ((200,) if status in (200, 201) else (200, 201)):
            self.wrong.append(f"{what}: {status}, and when it is sent again {again}")

    def judge(self, fault, note):
        with sqlite3.connect(self.installation.path("chat.db")) as db:
            rows = db.execute("SELECT client_id, body FROM message").fetchall()
        db.close()
        stored = dict(rows)
        self.wrong += [f"lost: {c}" for c in self.asked if stored.get(c) != f"text of {c}"]
        if len(rows) != len(stored):
            self.wrong.append(f"doubled: {len(rows)} rows of {len(stored)} messages")
        done = self.outcry("verify")
        if done.returncode or "0 problems" not in done.stdout:
            self.wrong.append(done.stdout + done.stderr)
        Table.add(fault, len(self.asked), wrong=self.wrong, acked=len(self.asked), note=note)
        self.assertEqual([], self.wrong[:10], f"{len(self.wrong)} in all")

    def kill_at_each(self, where):
        died = 0
        for call, n in self.some(self.calls(), 16):
            client_id = new_client_id()
            status, code = self.post(client_id, *self.tracer(
                f"trace={call}", f"inject={call}:signal=KILL:when={n}"))
            died += code == -signal.SIGKILL
            self.then_again(f"killed at {call} {n}", client_id, status)
        self.judge(f"a request killed at each system call, {where}", f"{died} died")
        self.assertGreater(died, len(self.asked) / 2)

    def test_a_request_killed_at_any_of_its_calls_makes_one_row_at_most(self):
        """Nobody else has the database open: each moves the log into it as it ends."""
        self.kill_at_each("alone")

    def test_a_request_killed_beside_another_connection_makes_one_row_at_most(self):
        other = sqlite3.connect(self.installation.path("chat.db"))
        other.execute("SELECT count(*) FROM message").fetchone()
        self.addCleanup(other.close)
        self.kill_at_each("one of two")

    def fail_each(self, error):
        seen = collections.Counter()
        calls = [(call, n) for call, n in self.calls() if call in FAILURES[error]]
        for call, n in self.some(calls, 12):
            client_id, what = new_client_id(), f"{error} of {call} {n}"
            status, code = self.post(client_id, *self.tracer(
                f"trace={call}", f"inject={call}:error={error}:when={n}"))
            seen[status or 0] += 1
            if code < 0:
                self.wrong.append(f"{what}: died of signal {-code}")
            if status is None and code == 0 and call != "write":  # which is the answer's way
                self.wrong.append(f"{what}: no answer, and well")
            if status not in (None, 200, 201, 500, 503, 400 if call == "read" else None):
                self.wrong.append(f"{what}: {status}")
            self.then_again(what, client_id, status)
        self.judge(f"a request, each system call fails with {error}",
                   ", ".join(f"{status or 'no answer'}: {n}" for status, n in sorted(seen.items())))

    def test_a_request_whose_disk_fails_is_refused_or_stored(self):
        self.fail_each("EIO")

    def test_a_request_whose_disk_is_full_is_refused_or_stored(self):
        self.fail_each("ENOSPC")

    def test_a_request_without_memory_is_refused_or_stored(self):
        self.fail_each("ENOMEM")


if __name__ == "__main__":
    unittest.main()
