#!/usr/bin/python3
"""A whole chat in a temporary folder: a real web server, FastCGI or CGI programs, the sidecar.

    with Stack(server="apache", gateway="cgi", conf={"guests": "off"}) as stack:
        stack.post("hello", token=stack.token(7, "ana"))

Started by root, everything runs as www-data. Nothing of it outlives the test, even one that is killed.

As a program, for tests in other languages: `stack.py --server X [--gateway Y] [--conf key=value]…`
prints one JSON line when all answers, then obeys lines on stdin, each answered by one JSON line:
kill-sidecar, stop-sidecar, start-sidecar, connections, kill-workers, kill-web, start-web,
token USER NAME [ROLE], outcry COMMAND [ARGUMENT]…, stop. End of input stops too.
"""
import http.client
import json
import os
import random
import re
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.parse
import uuid

import jwt
import websocket

from chat_socket import Socket
from processes import Sessions, wait_for

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
PAGE, API, WS = "/stocks/chat/", "/api/stocks/chat/", "/ws/chat/"
USER = "www-data"


def free_port():
    """Below the ports that connections get by themselves: one of those, a client's that tries again
    while the server is down, would have it when the server comes back."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as f:
        end = int(f.read().split()[0])
    while True:
        port = random.randrange(min(10000, end // 2), end)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def new_client_id():
    return uuid.uuid4().hex


class Reply:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        """The code of an error answer."""
        return self.json["error"]["code"]

    @property
    def cookies(self):
        lines = self.headers.get_all("Set-Cookie") or []
        return dict(line.split(";")[0].split("=", 1) for line in lines)


class Stack(Sessions):
    def __init__(self, server="lighttpd", gateway="fastcgi", conf=None, sidecar=True, tls=False):
        self.server, self.gateway, self.with_sidecar, self.tls = server, gateway, sidecar, tls
        self.overrides = conf or {}
        self.dir = self.sidecar = self.web = None
        self.jwt_secret = secrets.token_hex(32)
        self.port = free_port()
        self.secret_strings = set()  # no log may hold one of these
        self.origin = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.url = self.origin + PAGE

    # ---- files ----

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def make_files(self):
        self.dir = tempfile.mkdtemp(prefix="outcry-")
        for folder in ("bin", "var/run/fcgid", "var/log"):
            os.makedirs(self.path(folder))
        for program in ("chat.fcgi", "outcry-sidecar", "outcry"):
            shutil.copy2(os.path.join(BUILD, program), self.path("bin"))
        os.link(self.path("bin/chat.fcgi"), self.path("bin/api.fcgi"))
        for name in ("static", "conf"):
            shutil.copytree(os.path.join(ROOT, name), self.path(name))
        for name in ("lighttpd.conf", "apache.conf"):
            shutil.copy(os.path.join(ROOT, name), self.dir)
        conf = {"jwt_alg": "HS256", "jwt_secret": self.jwt_secret, "secret": secrets.token_hex(32),
                "guests": "write", "log_file": "log/outcry.log"}
        conf.update(self.overrides)
        self.conf = self.path("var/outcry.conf")
        with open(self.conf, "w", encoding="utf-8") as f:
            f.writelines(f"{k} = {v}\n" for k, v in conf.items() if v is not None)
        os.chmod(self.conf, 0o600)
        if self.tls:
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                 "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                 self.path("key.pem"), "-out", self.path("cert.pem")],
                check=True, capture_output=True)
        if os.getuid() == 0:
            subprocess.run(["chown", "-R", f"{USER}:{USER}", self.dir], check=True)

    def edit(self, name, old, new):
        """Changes a file of the installation, after make_files() and before start()."""
        with open(self.path(name), encoding="utf-8") as f:
            text = f.read()
        if old not in text:
            raise AssertionError(f"{old!r} is not in {name}")
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text.replace(old, new))

    def log(self, name):
        with open(self.path("var/log", name), encoding="utf-8", errors="replace") as f:
            return f.read()

    def logs(self):
        """Everything that any of the programs wrote down: {file name: text}."""
        return {name: self.log(name) for name in sorted(os.listdir(self.path("var/log")))}

    # ---- processes ----

    def environment(self):
        env = {key: value for key, value in os.environ.items() if not key.startswith("OUTCRY_")}
        env.update(OUTCRY_ROOT=self.dir, OUTCRY_BUILD=self.path("bin"), OUTCRY_CONFIG=self.conf,
                   OUTCRY_BIND="127.0.0.1", OUTCRY_PORT=str(self.port),
                   OUTCRY_RUN=self.path("var/run"), OUTCRY_LOG=self.path("var/log"),
                   OUTCRY_WS_SOCKET=self.path("var/run/ws.sock"), OUTCRY_GATEWAY=self.gateway,
                   OUTCRY_SITE_STATIC=self.path("var", self.overrides.get("static_dir", "site")),
                   OUTCRY_FILES=self.path("var", self.overrides.get("files_dir", "files")),
                   OUTCRY_LISTEN="tls" if self.tls else "plain",
                   OUTCRY_TLS_CERT=self.path("cert.pem"), OUTCRY_TLS_KEY=self.path("key.pem"),
                   GLIBC_TUNABLES="glibc.malloc.tcache_count=0")  # as scripts/run and system/ have it
        env["PATH"] += ":/usr/sbin:/sbin"
        return env

    def as_user(self, *command):
        """What a command runs under: an ordinary user, and dead when this process dies."""
        prefix = ["setpriv", "--pdeathsig", "TERM"]
        if os.getuid() == 0:
            prefix += [f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]
        return [*prefix, "--", *command]

    def spawn(self, name, *command):
        with open(self.path("var/log", name + ".out"), "ab") as out:
            return subprocess.Popen(self.as_user(*command), stdin=subprocess.DEVNULL, stdout=out,
                                    stderr=out, cwd=self.dir, env=self.environment(), umask=0o077,
                                    start_new_session=True)

    def outcry(self, *args, check=True):
        """Runs the outcry command on this installation; its CompletedProcess, text."""
        command = [self.path("bin/outcry"), args[0], "--config", self.conf, *args[1:]]
        done = subprocess.run(self.as_user(*command), capture_output=True, text=True, cwd=self.dir,
                              env=self.environment(), umask=0o077)
        if check and done.returncode:
            raise AssertionError(f"{command} exited {done.returncode}: {done.stdout}{done.stderr}")
        return done

    def start(self):
        try:
            if self.dir is None:
                self.make_files()
            self.outcry("init")
            if self.with_sidecar:
                self.start_sidecar()
            self.start_web()
        except BaseException:
            self.stop()
            raise
        return self

    def start_sidecar(self):
        self.sidecar = self.spawn("sidecar", self.path("bin/outcry-sidecar"), "--config", self.conf)
        self.await_start("sidecar", self.sidecar, self.sidecar_answers)

    def sidecar_answers(self):
        with socket.socket(socket.AF_UNIX) as s:
            try:
                s.connect(self.path("var/run/ws.sock"))
            except OSError:
                return False
        return True

    def sidecar_connections(self):
        """How many it holds: sockets, streams, waiting polls."""
        with open("/proc/net/unix", encoding="utf-8") as f:
            rows = [line.split() for line in f]
        path, connected = self.path("var/run/ws.sock"), "03"
        return sum(row[-1] == path and row[5] == connected for row in rows)

    def start_web(self):
        command = {"lighttpd": ["lighttpd", "-D", "-f", self.path("lighttpd.conf")],
                   "apache": ["apache2", "-f", self.path("apache.conf"), "-DFOREGROUND"]}
        self.web = self.spawn(self.server, *command[self.server])
        self.await_start(self.server, self.web, self.web_answers)

    def web_answers(self):
        try:
            return self.get("health/").status == 200
        except OSError:
            return False

    def await_start(self, name, process, answers):
        def done():
            return process.poll() is not None or answers()
        try:
            wait_for(done, f"{name} answers", 60)
            if process.poll() is not None:
                raise AssertionError(f"{name} ended with {process.returncode}")
        except AssertionError as e:
            tails = "\n".join(f"== {n}\n{t[-1500:]}" for n, t in self.logs().items())
            raise AssertionError(f"{e}\n{tails}") from None

    def worker_pids(self):
        return self.pids_of_session(self.web.pid, ("chat.fcgi", "api.fcgi"))

    def kill_workers(self, sig=signal.SIGKILL):
        pids = self.worker_pids()
        for pid in pids:
            try:
                os.kill(pid, sig)
            except ProcessLookupError:
                pass
        return pids

    def stop_sidecar(self, sig=signal.SIGTERM):
        self.end(self.sidecar, sig)
        self.sidecar = None

    def kill_sidecar(self):
        self.stop_sidecar(signal.SIGKILL)

    def stop_web(self, sig=signal.SIGTERM):
        self.end(self.web, sig)
        self.web = None

    def demanded_sidecars(self):
        """Those that our programs started: nobody's children, known by where their program lies."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                program = os.readlink(f"/proc/{pid}/exe")
            except OSError:
                continue
            if program.startswith(self.dir + "/") and os.path.basename(program) == "outcry-sidecar" and (
                    self.sidecar is None or int(pid) != self.sidecar.pid):
                found.append(int(pid))
        return found

    def end_demanded_sidecars(self, sig=signal.SIGTERM):
        for pid in self.demanded_sidecars():
            os.kill(pid, sig)
        wait_for(lambda: not self.demanded_sidecars(), "no sidecar that was started on demand is left", 60)

    def stop(self):
        self.stop_web()
        self.stop_sidecar()
        if self.dir is None:
            return
        self.end_demanded_sidecars()
        logs = self.logs()
        reports = [f"a sanitizer spoke up in {name}:\n{text[-4000:]}" for name, text in logs.items()
                   if re.search("Sanitizer|runtime error:", text)]
        reports += [f"{name} holds a token" for name, text in logs.items()
                    if any(secret in text for secret in self.secret_strings)]
        if os.environ.get("OUTCRY_KEEP"):
            print("kept", self.dir, file=sys.stderr)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)
        self.dir = None
        if reports:
            raise AssertionError("\n".join(reports))

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc):
        self.stop()

    # ---- talking to it ----

    def dial(self):
        """A bare connected socket."""
        return socket.create_connection(("127.0.0.1", self.port), 10)

    def connection(self, seconds=20):
        if self.tls:
            import ssl
            context = ssl.create_default_context(cafile=self.path("cert.pem"))
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=seconds,
                                               context=context)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)

    def http(self, method, path, body=None, headers=None, token=None, cookies=None):
        """`body`: bytes or str as they are, a dict as JSON, a list of pairs as a form."""
        headers = dict(headers or {})
        if isinstance(body, dict):
            body = json.dumps(body)
            headers.setdefault("Content-Type", "application/json")
        elif isinstance(body, list):
            body = urllib.parse.urlencode(body)
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        if isinstance(body, str):
            body = body.encode()
        if token:
            headers["Authorization"] = "Bearer " + token
        if cookies:
            headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in cookies.items())
        connection = self.connection()
        try:
            connection.request(method, path, body, headers)
            reply = Reply(connection.getresponse())
            for name, value in reply.cookies.items():
                if name.endswith("outcry_guest") and value:
                    self.remember(value)
            return reply
        finally:
            connection.close()

    def get(self, path="", **kwargs):
        """GET of an API path such as "messages/?room=energy"."""
        return self.http("GET", API + path, **kwargs)

    def post(self, message, token=None, cookies=None, headers=None, **fields):
        """POST messages/create/ as JSON. A client id is made unless given."""
        fields.setdefault("client_id", new_client_id())
        return self.http("POST", API + "messages/create/", dict(fields, message=message),
                         token=token, cookies=cookies, headers=headers)

    def token(self, user, name=None, role=None, ttl=600, **claims):
        """A token as the host app would issue it; claims set to None are left out."""
        now = int(time.time())
        payload = {"token_type": "access", "exp": now + ttl, "iat": now, "jti": uuid.uuid4().hex,
                   "user_id": user, "username": name, "role": role}
        payload.update(claims)
        payload = {key: value for key, value in payload.items() if value is not None}
        return self.remember(jwt.encode(payload, self.jwt_secret, "HS256"))

    def remember(self, token):
        """Has stop() look for this token in all logs."""
        signature = token.rsplit(".", 1)[-1]
        if len(token) >= 16:
            self.secret_strings.add(signature if len(signature) >= 16 else token)
        return token

    def ws_connection(self, token=None, origin=None, cookies=None, subprotocols=None, headers=None,
                      path=WS, seconds=10):
        """The bare websocket-client connection; raises WebSocketBadStatusException."""
        headers = list(headers or [])
        if token:
            headers.append("Authorization: Bearer " + token)
        options = {"sslopt": {"ca_certs": self.path("cert.pem")}} if self.tls else {}
        return websocket.create_connection(
            self.origin.replace("http", "ws", 1) + path, timeout=seconds, header=headers,
            origin=origin or self.origin, subprotocols=subprotocols, enable_multithread=True,
            cookie="; ".join(f"{k}={v}" for k, v in (cookies or {}).items()) or None, **options)

    def ws(self, **kwargs):
        """A socket in the seed's mode: subscribed to the default room."""
        return Socket(self.ws_connection(**kwargs))

    def hello(self, rooms=None, epoch=None, token=None, hello_token=None, **kwargs):
        """A chat.v1 socket after welcome; .welcome is that frame."""
        sock = Socket(self.ws_connection(token=token, subprotocols=["chat.v1"], **kwargs))
        frame = {"type": "hello", "proto": "chat.v1", "rooms": ["general"] if rooms is None else rooms}
        if epoch:
            frame["epoch"] = epoch
        if hello_token:
            frame["token"] = hello_token
        sock.send(**frame)
        sock.welcome = sock.until("welcome")
        return sock

    def history(self, room="general", token=None):
        """All messages of a room, oldest first, by paging through the API."""
        messages, after = [], 0
        while True:
            page = self.get(f"messages/?room={room}&after={after}&limit=200", token=token).json
            messages += page["messages"]
            if not page["has_more"]:
                return messages
            after = page["messages"][-1]["seq"]

    def database(self):
        """A read-only connection to chat.db."""
        return sqlite3.connect(f"file:{self.path('var/chat.db')}?mode=ro", uri=True)


class Installed:
    """For a TestCase: one stack for all of its tests, as the class says."""

    server, gateway, conf, sidecar = "lighttpd", "fastcgi", None, True

    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(cls.server, cls.gateway, cls.conf, cls.sidecar).start()

    @classmethod
    def tearDownClass(cls):
        cls.stack.stop()


# ---- as a program ----

def obey(stack, line):
    verb, *args = line.split()
    if verb == "kill-sidecar":
        stack.kill_sidecar()
    elif verb == "stop-sidecar":
        stack.stop_sidecar()
    elif verb == "start-sidecar":
        stack.start_sidecar()
    elif verb == "connections":
        return {"connections": stack.sidecar_connections()}
    elif verb == "kill-web":
        stack.stop_web(signal.SIGKILL)
    elif verb == "start-web":
        stack.start_web()
    elif verb == "kill-workers":
        return {"killed": len(stack.kill_workers())}
    elif verb == "token":
        return {"token": stack.token(int(args[0]), *args[1:])}
    elif verb == "outcry":
        return {"output": stack.outcry(*args).stdout}
    else:
        return {"error": "unknown command"}
    return {}


def main():
    import argparse
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", default="lighttpd", choices=["lighttpd", "apache"])
    parser.add_argument("--gateway", default="fastcgi", choices=["fastcgi", "cgi"])
    parser.add_argument("--conf", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--no-sidecar", action="store_true")
    parser.add_argument("--tls", action="store_true")
    options = parser.parse_args()
    conf = dict(pair.split("=", 1) for pair in options.conf)
    with Stack(options.server, options.gateway, conf, not options.no_sidecar, options.tls) as stack:
        print(json.dumps({"url": stack.url, "origin": stack.origin, "port": stack.port,
                          "dir": stack.dir, "conf": stack.conf, "jwt_secret": stack.jwt_secret}),
              flush=True)
        for line in sys.stdin:
            if line.strip() == "stop":
                break
            try:
                answer = obey(stack, line)
            except (AssertionError, IndexError, ValueError) as e:
                answer = {"error": str(e)}
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    main()
