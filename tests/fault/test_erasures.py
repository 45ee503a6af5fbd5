#!/usr/bin/python3
"""A person is erased by a command that is killed at each of its system calls: whoever is not known any more
does not come back with a backup, and whoever was to be erased is, once somebody looks."""
import collections
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
from programs import API, BUILD, Installation, variables  # noqa: E402
from stack import new_client_id  # noqa: E402

CALL = re.compile(r"\d+ +(\w+)\(.*")


def tearDownModule():
    end_module()


@unittest.skipUnless(shutil.which("strace"), "strace is not installed")
class Erasures(unittest.TestCase):
    def setUp(self):
        self.rng = seeded(self.id())
        self.installation = Installation(**ROOMY)
        self.addCleanup(shutil.rmtree, self.installation.dir)

    def outcry(self, command, *args, check=True):
        return self.installation.run("outcry", command, "--config", self.installation.conf, *args, check=check)

    def person(self, n):
        """Somebody new, who said something; their number."""
        token = self.outcry("token", "--user", str(n), "--name", f"person-{n}").stdout.strip()
        body = f'{{"message": "said by {n}", "client_id": "{new_client_id()}"}}'.encode()
        answer = self.installation.cgi("POST", API + "messages/create/", body,
                                       HTTP_AUTHORIZATION="Bearer " + token)
        self.assertEqual(answer.status, 201)
        return self.rows("SELECT id FROM user WHERE ext_id = ?", f"h:{n}")[0][0]

    def rows(self, sql, *values):
        db = sqlite3.connect(self.installation.path("chat.db"))
        try:
            return db.execute(sql, values).fetchall()
        finally:
            db.close()

    def known(self):
        return {row[0] for row in self.rows("SELECT id FROM user WHERE ext_id NOT LIKE 'x:%'")}

    def erase(self, number, *options):
        return subprocess.run(
            ["strace", "-f", "-qq", "-o", self.installation.path("trace"), "-e", "signal=none",
             *(word for option in options for word in ("-e", option)), os.path.join(BUILD, "outcry"), "user",
             "--config", self.installation.conf, "erase", str(number)],
            capture_output=True, timeout=60).returncode

    def calls(self):
        """[(call, the how manieth of its name)] of an erasure, from the database's opening on."""
        self.assertEqual(self.erase(self.person(1), "trace=all"), 0)
        counts, calls, open_yet = collections.Counter(), [], False
        with open(self.installation.path("trace"), encoding="utf-8", errors="replace") as f:
            for line in filter(None, map(CALL.match, f)):
                counts[line[1]] += 1
                open_yet = open_yet or "chat.db" in line[0]
                if open_yet:
                    calls.append((line[1], counts[line[1]]))
        return calls

    def journal(self):
        """Numbers of who is in it."""
        path = self.installation.path("chat.db-erased")
        with open(path, encoding="ascii") as f:
            return {int(line.split()[2]) for line in f if line.startswith("+") and line.endswith("\n")}

    def test_killed_at_any_of_its_calls_it_loses_no_erasure(self):
        calls, backup, wrong, died = self.calls(), self.installation.path("before.db"), [], 0
        step = 1 if LONG else max(1, len(calls) // 24)
        people = {self.person(n): calls[at] for n, at in enumerate(range(self.rng.randrange(step), len(calls), step), 2)}
        stays = self.person(10000)
        self.outcry("backup", backup)
        for number, (call, n) in people.items():
            code = self.erase(number, f"trace={call}", f"inject={call}:signal=KILL:when={n}")
            died += code == -signal.SIGKILL
            if number not in self.known() | self.journal():
                wrong.append(f"killed at {call} {n}: erased, and nothing tells of it")
        asked, erased = self.journal() & set(people), set(people) - self.known()
        self.outcry("restore", backup)
        wrong += [f"came back: {people[number]}" for number in erased & self.known()]
        wrong += [f"was to be erased: {people[number]}" for number in asked & self.known()]
        for number in set(people) & self.known():
            self.outcry("user", "erase", str(number))
        self.outcry("purge")
        wrong += [f"still there: {text}" for text, in self.rows("SELECT body FROM message WHERE body != ''")
                  if text != "said by 10000"]
        self.assertIn(stays, self.known())
        done = self.outcry("verify", check=False)
        if "0 problems" not in done.stdout:
            wrong.append(done.stdout + done.stderr)
        Table.add("kill -9 an erasure at each system call", len(people), wrong=wrong, acked=len(erased),
                  note=f"{died} died")
        self.assertEqual([], wrong[:10], f"{len(wrong)} in all")
        self.assertGreater(died, len(people) / 2)
        self.assertTrue(erased and set(people) - erased, "some were through and some were not")


if __name__ == "__main__":
    unittest.main()
