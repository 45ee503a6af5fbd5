"""chat.fcgi and api.fcgi without a web server: an installation in a temporary folder, the programs as
plain CGI or on a listening socket, and a small FastCGI client that can also misbehave."""
import fcntl
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import termios
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.join(ROOT, os.environ.get("BUILD", "build"))
PAGE, API = "/stocks/chat/", "/api/stocks/chat/"

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR = 1, 2, 3, 4, 5, 6, 7
RESPONDER, KEEP_CONN = 1, 1


class Answer:
    """What a gateway gets from a CGI program."""

    def __init__(self, raw):
        self.raw = raw
        head, found, self.body = raw.partition(b"\r\n\r\n")
        if not found:
            raise AssertionError(f"no answer: {raw!r}")
        self.headers = [line.split(": ", 1) for line in head.decode().split("\r\n")]
        self.status = int(self.header("Status").split()[0])

    def header(self, name):
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return values[0] if values else None

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)


def variables(method, uri, body=b"", kind=None, **extra):
    """The variables of a request as a web server sets them; None takes one away."""
    env = {"GATEWAY_INTERFACE": "CGI/1.1", "SERVER_PROTOCOL": "HTTP/1.1", "REQUEST_METHOD": method,
           "REQUEST_URI": uri, "QUERY_STRING": uri.partition("?")[2], "REMOTE_ADDR": "203.0.113.7",
           "HTTP_HOST": "127.0.0.1:8080", "SCRIPT_NAME": "/wherever", "PATH_INFO": "/misleading"}
    if body or kind:
        env["CONTENT_LENGTH"] = str(len(body))
        env["CONTENT_TYPE"] = kind or "application/json"
    env.update(extra)
    return {key: value for key, value in env.items() if value is not None}


class Installation:
    def __init__(self, init=True, **conf):
        self.dir = tempfile.mkdtemp(prefix="outcry-programs-")
        self.conf = os.path.join(self.dir, "outcry.conf")
        self.settings = {"secret": "s" * 40, "jwt_secret": "j" * 40, "guests": "write",
                         "log_file": "log"}
        self.settings.update(conf)
        self.write_conf()
        if init:
            self.run("outcry", "init", "--config", self.conf, check=True)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        shutil.rmtree(self.dir)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write_conf(self):
        with open(self.conf, "w", encoding="utf-8") as f:
            f.writelines(f"{k} = {v}\n" for k, v in self.settings.items())
        os.chmod(self.conf, 0o600)

    def run(self, program, *args, check=False):
        return subprocess.run([os.path.join(BUILD, program), *args], capture_output=True, text=True,
                              check=check, timeout=60, stdin=subprocess.DEVNULL)

    def log(self, name="log"):
        """What was written down so far."""
        if not os.path.exists(self.path(name)):
            return ""
        with open(self.path(name), encoding="utf-8") as f:
            return f.read()

    # ---- plain CGI ----

    def start_cgi(self, program, env, *args):
        """A process that waits for its body on .stdin."""
        return subprocess.Popen([os.path.join(BUILD, program), *args],
                                env={"OUTCRY_CONFIG": self.conf, **env}, stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/")

    def cgi(self, method, uri, body=b"", kind=None, program=None, **extra):
        program = program or ("api.fcgi" if uri.startswith(API) else "chat.fcgi")
        process = self.start_cgi(program, variables(method, uri, body, kind, **extra))
        out, err = process.communicate(body, timeout=60)
        if process.returncode:
            raise AssertionError(f"{program} exited {process.returncode}: {err.decode()}")
        return Answer(out)


class Worker:
    """A FastCGI program on a listening Unix socket as its standard input."""

    def __init__(self, installation, program="api.fcgi", processes=1, name="worker", suffix=".sock"):
        self.path = installation.path(name + suffix)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self.path)
            listener.listen(128)
            command = [os.path.join(BUILD, program), "--config", installation.conf]
            self.processes = [
                subprocess.Popen(command, stdin=listener, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, env={}, cwd="/")
                for _ in range(processes)]

    @property
    def process(self):
        return self.processes[0]

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stderr.close()

    def connect(self):
        return Connection(self.path)

    def ask(self, method, uri, body=b"", kind=None, **extra):
        with self.connect() as c:
            c.request(variables(method, uri, body, kind, **extra), body)
            return c.answer()


class Connection:
    """One connection of a web server, record by record."""

    def __init__(self, path, seconds=30):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(seconds)
        self.socket.connect(path)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        self.socket.close()

    def record(self, kind, content=b"", request=1, padding=0):
        head = struct.pack("!BBHHBx", 1, kind, request, len(content), padding)
        self.socket.sendall(head + content + b"\0" * padding)

    def begin(self, flags=0):
        self.record(BEGIN, struct.pack("!HB5x", RESPONDER, flags))

    def stream(self, kind, data, piece=60000):
        for i in range(0, len(data), piece):
            self.record(kind, data[i:i + piece])
        self.record(kind)

    @staticmethod
    def pairs(env):
        def length(n):
            return bytes([n]) if n < 128 else struct.pack("!I", n | 0x80000000)
        out = b""
        for key, value in env.items():
            k, v = key.encode(), value.encode()
            out += length(len(k)) + length(len(v)) + k + v
        return out

    def request(self, env, body=b"", flags=0, piece=60000):
        self.begin(flags)
        self.stream(PARAMS, self.pairs(env), piece)
        self.stream(STDIN, body, piece)

    def exactly(self, n):
        data = b""
        while len(data) < n:
            more = self.socket.recv(n - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def answer(self):
        """All of STDOUT up to END_REQUEST."""
        out = b""
        while True:
            _, kind, _, length, padding = struct.unpack("!BBHHBx", self.exactly(8))
            content = self.exactly(length + padding)[:length]
            if kind == STDOUT:
                out += content
            if kind == END:
                return Answer(out)

    def unread(self):
        """How much of what we sent the other end has not read yet."""
        return struct.unpack("i", fcntl.ioctl(self.socket, termios.TIOCOUTQ, b"\0" * 4))[0]

    def until_closed(self):
        """Whether the other end closed without a further byte."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionError:
            return True


def wait_for(condition, what, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.01)
