"""The contract of scripts/run, which `make run` calls after building."""
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from stack import BUILD, ROOT, free_port, wait_for

import http.client

IS_ROOT = os.getuid() == 0


def processes_naming(text):
    """Command lines of living processes that mention `text`, ours left out."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                line = f.read().replace(b"\0", b" ").decode(errors="replace")
            with open(f"/proc/{pid}/environ", "rb") as f:
                env = f.read().decode(errors="replace")
        except OSError:
            continue
        if int(pid) != os.getpid() and (text in line or f"OUTCRY_CONFIG={text}" in env):
            found.append(f"{pid} {line}")
    return found


class Run:
    """scripts/run in a folder of its own."""

    def __init__(self, var=None, **env):
        self.folder = tempfile.mkdtemp(prefix="outcry-run-")
        os.chmod(self.folder, 0o755)
        self.var = var or os.path.join(self.folder, "var")
        self.port = int(env.get("PORT", free_port()))
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("OUTCRY_")}
        self.process = subprocess.Popen(
            [os.path.join(ROOT, "scripts/run")],
            env={**inherited, "BUILD": BUILD, "VAR": self.var, "PORT": str(self.port), **env},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.said = ""

    def await_line(self, pattern, stream=None, seconds=60):
        """The first line that was said so far or is said now. Read below Python's buffer: of two lines that
        come at once the second would lie in it, where select() does not see it."""
        stream = stream or self.process.stdout
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = [line for line in self.said.splitlines(True) if line.endswith("\n") and re.search(pattern, line)]
            if found:
                return found[0]
            if select.select([stream], [], [], 0.2)[0]:
                piece = os.read(stream.fileno(), 65536).decode(errors="replace")
                if not piece:
                    break
                self.said += piece
        self.process.kill()
        raise AssertionError(f"no {pattern!r} in {self.said!r} {self.process.stderr.read()!r}")

    def ready(self):
        return self.await_line("^ready: ").split(None, 1)[1].strip()

    def pid_of(self, name):
        """None while it is being written."""
        with open(os.path.join(self.var, "run", name + ".pid"), encoding="utf-8") as f:
            return int(f.read() or 0) or None

    def status(self, path="/api/stocks/chat/health/"):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return None
        finally:
            connection.close()

    def end(self, sig=signal.SIGTERM):
        """Signals it and returns its exit code."""
        self.process.send_signal(sig)
        code = self.process.wait(60)
        self.process.stdout.close()
        self.process.stderr.close()
        return code

    def clean(self):
        if self.process.poll() is None:
            self.end()
        shutil.rmtree(self.folder, ignore_errors=True)


class MakeRun(unittest.TestCase):
    def run_script(self, **kwargs):
        run = Run(**kwargs)
        self.addCleanup(run.clean)
        return run

    def assert_nothing_left(self, run):
        wait_for(lambda: not processes_naming(run.var), "no process is left", 60)

    def test_lighttpd_is_ready_and_sigterm_leaves_nothing(self):
        run = self.run_script()
        self.assertEqual(run.ready(), f"http://127.0.0.1:{run.port}/stocks/chat/")
        self.assertEqual(run.status("/stocks/chat/"), 200)
        self.assertEqual(run.end(signal.SIGTERM), 0)
        self.assert_nothing_left(run)
        self.assertEqual(os.stat(os.path.join(run.var, "outcry.conf")).st_mode & 0o077, 0)

    def test_apache_is_ready_and_sigint_leaves_nothing(self):
        run = self.run_script(SERVER="apache")
        self.assertEqual(run.ready(), f"http://127.0.0.1:{run.port}/stocks/chat/")
        self.assertEqual(run.status("/stocks/chat/"), 200)
        self.assertEqual(run.end(signal.SIGINT), 0)
        self.assert_nothing_left(run)

    def set_sidecar(self, var, mode):
        """After a first run, which wrote the configuration."""
        with open(os.path.join(var, "outcry.conf"), "a", encoding="utf-8") as f:
            f.write(f"sidecar = {mode}\n")

    def test_a_sidecar_on_demand_is_left_to_the_programs_and_ended_with_them(self):
        first = self.run_script()
        first.ready()
        first.end()
        self.set_sidecar(first.var, "on_demand")
        run = self.run_script(var=first.var)
        run.ready()
        with open(os.path.join(run.var, "run/sidecar.lock"), encoding="ascii") as f:
            pid = int(f.read())
        with open(f"/proc/{pid}/cmdline", "rb") as f:
            self.assertIn(b"--lock-fd", f.read())
        self.assertEqual(run.end(signal.SIGTERM), 0)
        self.assert_nothing_left(run)

    def test_without_a_sidecar_it_is_ready_too(self):
        first = self.run_script()
        first.ready()
        first.end()
        self.set_sidecar(first.var, "off")
        run = self.run_script(var=first.var)
        run.ready()
        self.assertFalse(os.path.exists(os.path.join(run.var, "run/sidecar.pid")))
        self.assertEqual(run.end(signal.SIGTERM), 0)
        self.assert_nothing_left(run)

    def test_its_own_death_by_sigkill_leaves_nothing(self):
        run = self.run_script()
        run.ready()
        run.end(signal.SIGKILL)
        self.assert_nothing_left(run)

    def test_a_killed_sidecar_and_a_killed_web_server_come_back(self):
        run = self.run_script()
        run.ready()
        for name in ("sidecar", "web"):
            before = run.pid_of(name)
            os.kill(before, signal.SIGKILL)
            run.await_line(f"the {name} program ended", run.process.stderr)
            wait_for(lambda: run.pid_of(name) not in (None, before), f"a new {name}", 60)
        wait_for(lambda: run.status() == 200, "the API answers again", 60)

    def test_a_second_start_keeps_configuration_and_messages(self):
        run = self.run_script()
        run.ready()
        with open(os.path.join(run.var, "outcry.conf"), encoding="utf-8") as f:
            written = f.read()
        run.end()
        again = self.run_script(var=run.var)
        again.ready()
        with open(os.path.join(run.var, "outcry.conf"), encoding="utf-8") as f:
            self.assertEqual(f.read(), written)
        again.end()

    def test_the_token_command_makes_tokens_that_the_server_accepts(self):
        run = self.run_script()
        run.ready()
        token = subprocess.run(
            [os.path.join(BUILD, "outcry"), "token", "--config", os.path.join(run.var, "outcry.conf"),
             "--user", "7", "--name", "ana", "--role", "moderator", "--ttl", "300"],
            capture_output=True, text=True, check=True).stdout.strip()
        connection = http.client.HTTPConnection("127.0.0.1", run.port, timeout=5)
        connection.request("GET", "/api/stocks/chat/me/", headers={"Authorization": "Bearer " + token})
        answer = connection.getresponse().read().decode()
        connection.close()
        self.assertIn('"username":"ana"', answer.replace('": "', '":"'))
        self.assertIn("moderator", answer)

    def test_guests_may_write_only_where_it_listens_on_loopback(self):
        run = self.run_script(BIND="0.0.0.0")
        run.ready()
        with open(os.path.join(run.var, "outcry.conf"), encoding="utf-8") as f:
            self.assertIn("\nguests = off\n", f.read())

    def test_a_busy_port_is_named_with_what_to_do(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            for server in ("lighttpd", "apache"):
                run = self.run_script(SERVER=server, PORT=str(taken.getsockname()[1]))
                said = run.process.communicate(timeout=60)[1]
                self.assertEqual(run.process.returncode, 1)
                self.assertIn(f"port {taken.getsockname()[1]} is taken", said)
                self.assert_nothing_left(run)

    def test_two_at_once_on_the_same_state_are_refused(self):
        run = self.run_script()
        run.ready()
        second = self.run_script(var=run.var)
        said = second.process.communicate(timeout=60)[1]
        self.assertEqual(second.process.returncode, 1)
        self.assertIn("another 'make run'", said)
        self.assertEqual(run.status(), 200)

    def test_a_long_path_gets_a_short_folder_for_its_sockets(self):
        parent = tempfile.mkdtemp(prefix="outcry-long-")
        os.chmod(parent, 0o755)
        self.addCleanup(shutil.rmtree, parent)
        run = self.run_script(var=os.path.join(parent, "x" * 100, "y" * 60))
        run.ready()
        with open(os.path.join(run.var, "outcry.conf"), encoding="utf-8") as f:
            where = re.search(r"^ws_socket = (\S+)", f.read(), re.MULTILINE).group(1)
        self.assertLess(len(where), 108)
        self.addCleanup(shutil.rmtree, os.path.dirname(where), True)

    def test_wrong_wishes_are_refused_in_a_sentence(self):
        for wish, sentence in (({"SERVER": "nginx"}, "SERVER is lighttpd or apache"),
                               ({"PORT": "8o8o"}, "PORT is a number"),
                               ({"BUILD": "/nonexistent"}, "is missing: run make")):
            with self.subTest(wish=wish):
                env = {**os.environ, "BUILD": BUILD, "VAR": "/nonexistent/var", **wish}
                done = subprocess.run([os.path.join(ROOT, "scripts/run")], env=env,
                                      capture_output=True, text=True, timeout=30, check=False)
                self.assertEqual(done.returncode, 1)
                self.assertIn(sentence, done.stderr)

    def test_a_broken_configuration_is_named_with_its_line(self):
        folder = tempfile.mkdtemp(prefix="outcry-broken-")
        self.addCleanup(shutil.rmtree, folder)
        os.chmod(folder, 0o755)
        with open(os.path.join(folder, "outcry.conf"), "w", encoding="utf-8") as f:
            f.write("gests = write\n")
        run = self.run_script(var=folder)
        said = run.process.communicate(timeout=60)[1]
        self.assertEqual(run.process.returncode, 1)
        self.assertIn("outcry.conf:1:", said)

    @unittest.skipUnless(IS_ROOT, "only root has something to give up")
    def test_nothing_runs_as_root(self):
        run = self.run_script()
        run.ready()
        for name in ("sidecar", "web"):
            self.assertNotEqual(os.stat(f"/proc/{run.pid_of(name)}").st_uid, 0)


if __name__ == "__main__":
    unittest.main()
