#!/usr/bin/python3
"""kill -9, at any instant, of any of the processes, while everybody talks."""
import os
import signal
import subprocess
import sys

sys.path.insert(0, os.path.dirname(__file__))
from case import KILLS, FaultCase, end_module  # noqa: E402
from driver import Workload  # noqa: E402
from stack import wait_for  # noqa: E402


def tearDownModule():
    end_module()


def program_of(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8") as f:
            return f.read().strip()
    except OSError:
        return None


class Sidecar(FaultCase):
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
        trace = self.injector(stack)

        def kill(work):
            trace(stack.sidecar.pid)
            wait_for(lambda: stack.sidecar.poll() is not None, "it died of its commit", 20)
            stack.kill_sidecar()
            stack.start_sidecar()

        work = self.run_kills("sidecar killed between commit and ack", stack, kill,
                              writers=("hello", "hello", "hello", "seed", "seed", "json"))
        self.assertGreater(sum(w.retries for w in work.writers), 0)

    def injector(self, stack):
        """Has strace kill a process as it comes back from its n-th fdatasync()."""
        if subprocess.run(["strace", "-V"], capture_output=True).returncode:
            self.skipTest("strace does not run")

        def trace(pid):
            when = self.rng.randrange(1, 6)
            tracer = subprocess.Popen(
                ["strace", "-f", "-qq", "-o", stack.path("strace.out"), "-e", "trace=fdatasync,fsync",
                 "-e", f"inject=fdatasync:signal=KILL:when={when}", "-p", str(pid)],
                stderr=subprocess.DEVNULL)
            self.addCleanup(tracer.wait)
            self.addCleanup(tracer.kill)

        return trace


class Workers(FaultCase):
    def kill_each(self, server):
        stack = self.start(server=server)

        def kill(work):
            """Every worker of each program that now runs, one after the other."""
            for pid in self.rng.sample(pids := stack.worker_pids(), len(pids)):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
                work.await_acks(1)

        self.run_kills(f"kill -9 each FastCGI worker ({server})", stack, kill)

    def test_killing_each_worker_under_lighttpd_loses_nothing(self):
        self.kill_each("lighttpd")

    def test_killing_each_worker_under_apache_loses_nothing(self):
        self.kill_each("apache")


class WebServer(FaultCase):
    def kill_all(self, server):
        stack = self.start(server=server)

        def kill(_):
            stack.stop_web(signal.SIGKILL)
            stack.start_web()

        self.run_kills(f"kill -9 {server}, its workers too", stack, kill)

    def test_killing_lighttpd_loses_nothing(self):
        self.kill_all("lighttpd")

    def test_killing_apache_loses_nothing(self):
        self.kill_all("apache")

    def kill_parent(self, server):
        """Only the server itself: what it leaves behind must not stand in its successor's way."""
        stack = self.start(server=server)
        left = []

        def kill(_):
            session = stack.web.pid
            left.append(session)
            os.kill(session, signal.SIGKILL)
            stack.web.wait()
            wait_for(lambda: not stack.pids_of_session(session), "nothing of it is left: "
                     f"{[(p, program_of(p)) for p in stack.pids_of_session(session)]}", 15)
            stack.start_web()

        self.run_kills(f"kill -9 {server} alone", stack, kill)

    def test_a_killed_lighttpd_leaves_no_orphans(self):
        self.kill_parent("lighttpd")


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
            if " purge " in stack.outcry("--help").stdout:
                commands.append(["purge"])
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


if __name__ == "__main__":
    import unittest
    unittest.main()
