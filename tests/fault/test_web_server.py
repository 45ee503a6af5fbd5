#!/usr/bin/python3
"""kill -9 of web servers and of their workers, and reloads, while everybody talks."""
import os
import signal
import sys
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from case import KILLS, LONG, FaultCase, end_module  # noqa: E402
from stack import wait_for  # noqa: E402


def tearDownModule():
    end_module()


def program_of(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8") as f:
            return f.read().strip()
    except OSError:
        return None


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

    def kill_server(self, server, program, await_end=lambda stack, session: None):
        """Only the server's own processes: what they leave must not stand in their successors' way."""
        stack = self.start(server=server)
        sessions = []
        self.addCleanup(lambda: [stack.kill_session(session) for session in sessions])

        def kill(_):
            sessions.append(stack.web.pid)
            stack.kill_session(stack.web.pid, (program,))
            stack.web.wait()
            await_end(stack, sessions[-1])
            stack.start_web()

        self.run_kills(f"kill -9 {server} alone", stack, kill)

    def test_a_killed_lighttpd_leaves_no_orphans(self):
        """They end with it. A lighttpd that is started before takes them for somebody else's, and makes
        none of its own."""
        def await_end(stack, session):
            wait_for(lambda: not stack.pids_of_session(session), "nothing of it is left: "
                     f"{[(p, program_of(p)) for p in stack.pids_of_session(session)]}", 60)

        self.kill_server("lighttpd", "lighttpd", await_end)

    def test_workers_that_a_killed_apache_leaves_disturb_nobody(self):
        self.kill_server("apache", "apache2")

    def reload(self, server):
        """As after a change of its configuration: sockets may drop, nothing else."""
        stack = self.start(server=server)

        def reload(_):
            stack.web.send_signal(signal.SIGUSR1)
            wait_for(stack.web_answers, "it serves again", 60)

        self.run_kills(f"{server} reloaded", stack, reload, rounds=KILLS if LONG else 1)
        self.assertIsNone(stack.web.poll())

    def test_reloading_lighttpd_loses_nothing(self):
        self.reload("lighttpd")

    def test_reloading_apache_loses_nothing(self):
        self.reload("apache")


if __name__ == "__main__":
    unittest.main()
