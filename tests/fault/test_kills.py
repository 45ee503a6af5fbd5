#!/usr/bin/python3
"""kill -9, at any instant, of the sidecar and of the command, while everybody talks."""
import os
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.dirname(__file__))
from case import KILLS, FaultCase, end_module  # noqa: E402
from driver import Workload  # noqa: E402
from stack import wait_for  # noqa: E402


def tearDownModule():
    end_module()


class KillCase(FaultCase):
    def needs_strace(self):
        if subprocess.run(["strace", "-V"], capture_output=True).returncode:
            self.skipTest("strace does not run")

    def strace(self, call, when, *what):
        """strace, which kills a process at its n-th such call: of fdatasync() as it comes back."""
        return ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                f"inject={call}:signal=KILL:when={when}", *what]

    def kill_at(self, pid, call, when):
        tracer = subprocess.Popen(self.strace(call, when, "-p", str(pid)), stderr=subprocess.DEVNULL)
        self.addCleanup(tracer.wait)
        self.addCleanup(tracer.kill)


class Sidecar(KillCase):
    def test_killing_the_sidecar_loses_nothing(self):
        stack = self.start()

        def kill(work):
            stack.kill_sidecar()
            # Meanwhile posting goes on, and polling shows it.
            work.await_acks(3, writers=[w for w in work.writers if "hello" not in w.name and
                                        "seed" not in w.name])
            stack.start_sidecar()

        self.run_kills("kill -9 sidecar", stack, kill)

    def test_killing_the_writer_between_commit_and_ack_makes_no_second_row(self):
        """The sidecar dies right after the disk has the commit: the ack can never have left."""
        stack = self.start()
        self.needs_strace()

        def kill(work):
            self.kill_at(stack.sidecar.pid, "fdatasync", self.rng.randrange(1, 6))
            wait_for(lambda: stack.sidecar.poll() is not None, "it died of its commit", 60)
            stack.kill_sidecar()
            stack.start_sidecar()

        work = self.run_kills("sidecar killed between commit and ack", stack, kill,
                              writers=("hello", "hello", "hello", "seed", "seed", "json"))
        self.assertGreater(sum(w.retries for w in work.senders()), 0)

    def test_killing_it_while_it_moves_the_log_into_the_database_loses_nothing(self):
        """A log so short that nearly every commit is followed by a checkpoint: killed in its writes."""
        stack = self.start(conf={"wal_max_bytes": "65536"})
        self.needs_strace()

        def kill(work):
            self.kill_at(stack.sidecar.pid, "pwrite64", self.rng.randrange(20, 120))
            wait_for(lambda: stack.sidecar.poll() is not None, "it died of its write", 60)
            stack.kill_sidecar()
            stack.start_sidecar()

        self.run_kills("sidecar killed in commits and checkpoints", stack, kill, pace=0.02)


class Command(FaultCase):
    def test_killing_the_command_in_mid_write_leaves_a_sound_database(self):
        stack = self.start()
        rounds = KILLS * 8
        ended = {"before it was through": 0, "after": 0}
        with Workload(stack) as work:
            work.await_acks(2)
            with stack.database() as db:
                user = db.execute("SELECT id FROM user WHERE username LIKE 'w0%'").fetchone()[0]
            commands = [["room", "topic", "general", "topic {n}"], ["room", "slow", "utilities", "{n}"],
                        ["user", "role", str(user), "member"], ["room", "create", "made-{n}", "Made"]]
            for n in range(rounds):
                words = [word.format(n=n) for word in commands[n % len(commands)]]
                process = stack.spawn("command", stack.path("bin/outcry"), words[0], "--config",
                                      stack.conf, *words[1:])
                work.hold_out(self.rng.random() * 0.06)
                process.kill()
                ended["before it was through" if process.wait() < 0 else "after"] += 1
            work.await_acks(2)
            work.settle()
        self.judge("kill -9 the command in mid-write", rounds, work,
                   note=f"{ended['before it was through']} died")
        self.assertGreater(ended["before it was through"], 0)


class Purge(KillCase):
    OLD = 3 * KILLS * 500  # 500 events go in one transaction

    def fill(self, stack):
        """Has the room `materials` say so much, forty days ago."""
        poster = stack.hello(hello_token=stack.token(9, "poster"), rooms=["@me"])
        for n in range(self.OLD):
            poster.send(type="message", room="materials", message=f"old {n}")
            if n % 100 == 99:
                for _ in range(100):
                    poster.until("ack", 30)
        poster.close()
        stack.stop_web()
        stack.stop_sidecar()
        with sqlite3.connect(stack.path("var/chat.db")) as db:
            db.execute("UPDATE event SET ts_ms = ts_ms - 40 * 86400000 WHERE room_id ="
                       " (SELECT id FROM room WHERE slug = 'materials')")
        db.close()
        stack.start_sidecar()
        stack.start_web()
        stack.outcry("room", "retention", "materials", "30")

    def left(self, stack):
        """Of the room: (floor, head, events above the floor, messages, events up to the floor)."""
        with stack.database() as db:
            return db.execute(
                "SELECT floor, head, (SELECT count(*) FROM event WHERE room_id = r.id AND seq > floor),"
                " (SELECT count(*) FROM message WHERE room_id = r.id),"
                " (SELECT count(*) FROM event WHERE room_id = r.id AND seq <= floor)"
                " FROM room r WHERE slug = 'materials'").fetchone()

    def test_killing_a_purge_leaves_a_whole_log_and_the_next_one_ends_it(self):
        stack = self.start()
        self.needs_strace()
        self.fill(stack)
        floors, wrong = [self.left(stack)[0]], []
        with Workload(stack) as work:
            for _ in range(KILLS):
                work.await_acks(1)
                call, when = self.rng.choice((("fdatasync", self.rng.randrange(2, 5)),
                                               ("pwrite64", self.rng.randrange(100, 900))))
                subprocess.run(
                    stack.as_user(*self.strace(call, when, stack.path("bin/outcry"), "purge", "--config",
                                               stack.conf)),
                    env=stack.environment(), stdout=subprocess.DEVNULL, timeout=60)
                floor, head, events, messages, under = self.left(stack)
                floors.append(floor)
                if (events, under) != (head - floor, 0) or floor < floors[-2]:
                    wrong.append(f"floors {floors}, head {head}, {events} events, {under} under it")
                if messages > events:
                    wrong.append(f"{messages} messages and {events} events")
            dry = stack.outcry("purge", "--dry-run").stdout
            run = stack.outcry("purge").stdout
            self.assertEqual(run.replace("Deleted", "Would delete"), dry)
            work.await_acks(2)
            work.settle()
        self.assertEqual(self.left(stack)[3], 0)  # messages
        self.assertIn("0 problems", stack.outcry("verify").stdout)
        self.assertGreater(floors[-1], floors[0], "none died between two steps")
        self.judge("kill -9 the command in a purge", KILLS, work, wrong,
                   note=f"{floors[-1] - floors[0]} of {self.OLD} were gone before the last")


if __name__ == "__main__":
    import unittest
    unittest.main()
