"""What is measured: an installation of ours, the floors and the peers, each pinned to one core, and the
generators on the other. Everything lives in the temporary folder of a Site."""
import contextlib
import os
import shutil
import socket
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "lib"))
from stack import BUILD, Stack, free_port, wait_for  # noqa: E402

PROGRAMS = os.path.join(BUILD, "bench")
SERVERS = ("fill", "floor", "insert", "search", "trivial.fcgi", "trivial.cgi", "linked.cgi")
PEERS = os.path.join(ROOT, "bench", "peers")
HANDED = os.path.join(ROOT, "bench", "harness", "handed.py")
LOAD_CORE, SERVER_CORE = "0", "1"
FILES = 20000
DAY = 86400
# Limits are not what is measured.
GENEROUS = {"rate_user_burst": 1000000, "rate_user_per_minute": 1000000,
            "rate_address_burst": 1000000, "rate_address_per_minute": 1000000,
            "ws_max_connections": 16000, "ws_max_per_address": 16000, "ws_max_per_user": 16000,
            "log_level": "warn"}


class Wrong(Exception):
    """A delivery was missing or doubled, an answer was not the expected one, or a program failed."""


def generator(program, args, server):
    """The command line of a generator. `server`: {name: pids} of what is watched."""
    argv = ["taskset", "-c", LOAD_CORE, os.path.join(PROGRAMS, program), *map(str, args)]
    for name, pids in (server or {}).items():
        argv += ["--pid", f"{name}={','.join(map(str, pids))}"]
    return argv


def load(program, *args, server=None):
    """Runs a generator to its end; what it printed, as numbers where it can be."""
    done = subprocess.run(generator(program, args, server), capture_output=True, text=True)
    if done.returncode:
        raise Wrong(f"{program} {' '.join(map(str, args))}: {done.stdout}{done.stderr}")
    return parse(done.stdout)


def parse(text):
    result = {}
    for word in text.split():
        key, _, value = word.partition("=")
        try:
            result[key] = float(value)
        except ValueError:
            result[key] = value
    return result


class Readers:
    """A crowd of readers that stay connected; measured whenever go() is called. `opened` is what opening them
    cost."""

    def __init__(self, *args, server):
        self.args = args
        self.process = subprocess.Popen(
            generator("fanout", [*args, "--rounds", 1000000], server), text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.opened = self.answer()

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise Wrong(f"fanout {' '.join(map(str, self.args))}: {self.process.stderr.read()}")
        return parse(line)

    def go(self, inflight=""):
        self.begin(inflight)
        return self.finish()

    def begin(self, inflight=""):
        self.process.stdin.write(f"{inflight}\n")

    def finish(self):
        result = self.answer()
        wrong = {key: result[key] for key in ("missing", "doubled", "closed", "errors") if result[key]}
        if wrong:
            raise Wrong(f"fanout {' '.join(map(str, self.args))}: {wrong}, {result['posted']:.0f} posted")
        return result

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


class Site(Stack):
    """An installation on one core, with its limits raised."""

    def __init__(self, conf=None, pinned=True, **kwargs):
        super().__init__(conf=dict(GENEROUS, **(conf or {})), **kwargs)
        self.pinned = pinned

    def as_user(self, *command):
        pin = ["taskset", "-c", SERVER_CORE] if self.pinned else []
        return [*pin, *super().as_user(*command)]

    def make_files(self):
        """What runs as another user must lie where that user can read it."""
        super().make_files()
        for name in SERVERS:
            shutil.copy2(os.path.join(PROGRAMS, name), self.path("bin"))
        shutil.copytree(PEERS, self.path("peers"))

    @property
    def ws_socket(self):
        return "unix:" + self.path("var/run/ws.sock")

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def people(self, count):
        """A file of tokens, one of each person."""
        name = self.path(f"tokens-{count}")
        if not os.path.exists(name):
            with open(name, "w", encoding="utf-8") as f:
                f.writelines(self.token(i + 1, f"trader{i + 1}", ttl=DAY) + "\n" for i in range(count))
        return name

    def run_as_owner(self, *command):
        done = subprocess.run(self.as_user(*command), capture_output=True, text=True, cwd=self.dir,
                              env=self.environment(), umask=0o077)
        if done.returncode:
            raise Wrong(f"{command}: {done.stdout}{done.stderr}")
        return done.stdout

    def fill(self, messages, *args):
        return parse(self.run_as_owner(self.path("bin/fill"), "--config", self.conf,
                                       "--messages", str(messages), *args))

    def sidecar_pids(self):
        return {"sidecar": [self.sidecar.pid]}

    def web_pids(self):
        """The web server without our programs."""
        workers = set(self.worker_pids())
        return {"proxy": [p for p in self.pids_of_session(self.web.pid) if p not in workers]}

    def workers(self):
        return {"workers": self.worker_pids()}


class Floored(Site):
    """With the floor in the sidecar's place, joining what comes together: what a proxy does to whoever sends
    through it."""

    def start_sidecar(self):
        self.sidecar = self.spawn("sidecar", self.path("bin/floor"), "--listen", self.ws_socket,
                                  "--mode", "joined")
        self.await_start("sidecar", self.sidecar, self.sidecar_answers)


class Straight(Site):
    """With a sidecar that is reached over TCP too, as the floors and the peers are: systemd's way of handing
    sockets over."""

    def make_files(self):
        super().make_files()
        shutil.copy2(HANDED, self.path("bin"))

    def start_sidecar(self):
        self.sidecar_port = free_port()
        self.sidecar = self.spawn("sidecar", "/usr/bin/python3", self.path("bin/handed.py"),
                                  self.path("var/run/ws.sock"), str(self.sidecar_port),
                                  self.path("bin/outcry-sidecar"), "--config", self.conf)
        self.await_start("sidecar", self.sidecar, self.sidecar_answers)

    @property
    def straight(self):
        return f"127.0.0.1:{self.sidecar_port}"


@contextlib.contextmanager
def edited(*edits, kind=Site, **kwargs):
    """A site with some of its files changed: (name, old, new) each."""
    site = kind(**kwargs)
    try:
        site.make_files()
        for edit in edits:
            site.edit(*edit)
        yield site.start()
    finally:
        site.stop()


def more_workers(count):
    """An edit: so many of each program under lighttpd."""
    return "conf/lighttpd-fastcgi.conf", '"max-procs" => 2', f'"max-procs" => {count}'


@contextlib.contextmanager
def apache(kind=Site):
    """With all its processes from the start, so that they can be watched."""
    with edited(("apache.conf", "StartServers        1", "StartServers        4"),
                ("apache.conf", "MinSpareThreads     64", "MinSpareThreads     1024"),
                kind=kind, server="apache") as site:
        wait_for(lambda: len(site.web_pids()["proxy"]) >= 5, "all of Apache", 20)
        yield site


def accepts(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def program(site, name, port, *command, env=None, processes=1):
    """Another program in the site's folder, of so many processes, listening on a port of loopback; gives
    (where, {name: pids})."""
    if env:
        command = ["env", *(f"{k}={v}" for k, v in env.items()), *command]
    process = site.spawn(name, *command)
    try:
        wait_for(lambda: process.poll() is not None or accepts(port), f"{name} listens", 20)
        if process.poll() is not None:
            raise Wrong(f"{name} ended: {site.log(name + '.out')[-500:]}")
        wait_for(lambda: len(site.pids_of_session(process.pid)) >= processes, f"all of {name}", 20)
        yield f"127.0.0.1:{port}", {name: site.pids_of_session(process.pid)}
    finally:
        site.end(process, 15)


def floor(site, mode, join=0.0):
    """The raw epoll loop: single, joined or frames; see bench/floor.c."""
    port = free_port()
    return program(site, "floor", port, site.path("bin/floor"), "--listen", f"127.0.0.1:{port}",
                   "--mode", mode, "--join", f"{join:.4f}")


def nchan(site):
    if os.getuid() == 0:
        # nchan insists on a folder below /var/lib/nginx, which nginx makes when root first starts it.
        subprocess.run(["nginx", "-t", "-q"], check=True, capture_output=True)
    port, conf = free_port(), site.path("var/nginx.conf")
    with open(site.path("peers/nginx.conf"), encoding="utf-8") as f:
        text = f.read().replace("OUTCRY_RUN", site.path("var/run")).replace("OUTCRY_PORT", str(port))
    with open(conf, "w", encoding="utf-8") as f:
        f.write(text)
    return program(site, "nchan", port, "nginx", "-e", site.path("var/log/nginx.log"), "-p",
                   site.path("var/run"), "-c", conf, processes=2)


def node_ws(site):
    port = free_port()
    return program(site, "node-ws", port, "node", site.path("peers/ws-server.mjs"), str(port))


@contextlib.contextmanager
def channels(site):
    port = free_port()
    env = {"CHANNELS_DB": site.path("var/channels.db"), "PYTHONPATH": site.path("peers"),
           "PYTHONDONTWRITEBYTECODE": "1"}
    site.run_as_owner("env", *(f"{k}={v}" for k, v in env.items()), "/usr/bin/python3",
                      site.path("peers/channels_site.py"), "migrate")
    with program(site, "channels", port, "/usr/bin/daphne", "-p", str(port), "-v", "0",
                 "channels_site:application", env=env) as running:
        yield running


PEER_SERVERS = {"nchan": nchan, "Node ws": node_ws, "Django Channels": channels}
