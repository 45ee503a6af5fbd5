"""A machine of one's own for tests that install things where they belong: this machine's files under an
overlay (nothing is written below it), processes of its own that end with the test, the same loopback.

    with Machine() as machine:
        machine.run("make", "install")
"""
import os
import shutil
import signal
import subprocess
import tempfile
import unittest

from stack import ROOT, wait_for

# What it is made of; $1 is a folder. Its first process collects those that nobody waits for.
START = """
set -e
mount -t tmpfs -o mode=755 tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount --rbind /dev "$1/root/dev"
mount -t proc proc "$1/root/proc"
mount -t tmpfs -o mode=755 tmpfs "$1/root/run"
[ "$(stat -c %d "$2")" = "$(stat -c %d /)" ] || mount --rbind "$2" "$1/root$2"
cd "$1/root"
pivot_root . mnt
cd /
umount -l /mnt
exec sh -c 'touch /run/machine-is-up; sleep infinity & while :; do wait; done'
"""


class Machine:
    def __init__(self):
        if os.getuid() != 0:
            raise unittest.SkipTest("only root can make a machine of its own")
        self.dir = tempfile.mkdtemp(prefix="outcry-machine-")
        self.unshare = self.init = None

    def start(self):
        self.unshare = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", "unshare", "--mount", "--pid", "--fork",
             "--kill-child", "--", "sh", "-c", START, "machine", self.dir, ROOT],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            wait_for(self.is_up, "the machine is up")
        except AssertionError:
            self.unshare.kill()
            why = self.unshare.communicate()[1].strip()
            raise unittest.SkipTest(f"no machine of its own can be made here, in a chroot for one: {why}") from None
        return self

    def is_up(self):
        if self.unshare.poll() is not None:
            raise AssertionError("it could not be made")
        try:
            with open(f"/proc/{self.unshare.pid}/task/{self.unshare.pid}/children", encoding="ascii") as f:
                children = f.read().split()
        except FileNotFoundError:
            return False
        if not children:
            return False
        self.init = int(children[0])
        return os.path.exists(self.path("/run/machine-is-up"))

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc):
        self.stop()

    def stop(self):
        if self.unshare:
            try:
                os.kill(self.init, signal.SIGKILL)  # and with it all others of its namespace
            except ProcessLookupError:
                pass
            self.unshare.kill()
            self.unshare.communicate()
        shutil.rmtree(self.dir, ignore_errors=True)

    # ---- what is on it ----

    def path(self, path):
        """Where a file of the machine is seen from here."""
        return f"/proc/{self.init}/root{path}"

    def read(self, path):
        with open(self.path(path), encoding="utf-8", errors="replace") as f:
            return f.read()

    def write(self, path, text, mode=0o644):
        os.makedirs(os.path.dirname(self.path(path)), exist_ok=True)
        with open(self.path(path), "w", encoding="utf-8") as f:
            f.write(text)
        os.chmod(self.path(path), mode)

    def edit(self, path, old, new):
        text = self.read(path)
        if old not in text:
            raise AssertionError(f"{old!r} is not in {path}")
        with open(self.path(path), "w", encoding="utf-8") as f:
            f.write(text.replace(old, new))

    def exists(self, path):
        return os.path.lexists(self.path(path))

    def mode(self, path):
        """As "2770 outcry outcry"."""
        return self.run("stat", "-c", "%a %U %G", path).stdout.strip()

    # ---- what runs on it ----

    def command(self, *argv):
        return ["nsenter", f"--target={self.init}", "--mount", "--pid", "--root", "--wdns=" + ROOT,
                "--", *argv]

    def environment(self, extra):
        env = {key: value for key, value in os.environ.items() if not key.startswith("OUTCRY_")}
        env.update(extra)
        env["PATH"] = "/usr/local/sbin:/usr/local/bin:" + env["PATH"] + ":/usr/sbin:/sbin"
        return env

    def run(self, *argv, check=True, **env):
        done = subprocess.run(self.command(*argv), capture_output=True, text=True, check=False,
                              env=self.environment(env), stdin=subprocess.DEVNULL, timeout=120)
        if check and done.returncode:
            raise AssertionError(f"{argv} exited {done.returncode}: {done.stdout}{done.stderr}")
        return done

    def spawn(self, *argv, **env):
        """A program that goes on; it ends with the machine at the latest."""
        return subprocess.Popen(self.command(*argv), stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                env=self.environment(env))

    def pids(self, program):
        """Of the processes with that name, as the machine numbers them."""
        done = self.run("pgrep", "-x", program, check=False)
        return [int(pid) for pid in done.stdout.split()]
