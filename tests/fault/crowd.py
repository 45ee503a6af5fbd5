"""Many readers in one thread, over WebSockets or streams, straight at the sidecar's socket. Each follows
one room by the protocol's rules; a payload that all get is parsed once."""
import base64
import json
import os
import selectors
import socket
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from reading import PASSING  # noqa: E402

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
UPGRADE = (b"GET /ws/chat/ HTTP/1.1\r\nHost: chat.example\r\nUpgrade: websocket\r\n"
           b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: chat.v1\r\n"
           b"Sec-WebSocket-Key: " + base64.b64encode(b"0123456789abcdef") + b"\r\n\r\n")
MASK = b"\0\0\0\0"  # masks nothing


def browser_backoffs(count):
    """The waits of so many browsers, in seconds, made by the module that browsers run."""
    script = ("import { Backoff } from './static/js/backoff.js';"
              f"console.log(JSON.stringify(Array.from({{ length: {count} }}, () => {{"
              "const b = new Backoff(); return Array.from({ length: 6 }, () => b.next() / 1000); })));")
    done = subprocess.run(["node", "--input-type=module", "-e", script], cwd=ROOT, check=True,
                          capture_output=True, text=True)
    return json.loads(done.stdout)


def masked(frame):
    text = json.dumps(frame).encode()
    length = bytes([0x80 | len(text)]) if len(text) < 126 else struct.pack("!BH", 0xfe, len(text))
    return b"\x81" + length + MASK + text


class Member:
    """One reader. A slow one reads a byte a second from its welcome on."""

    good = greeting = None  # the status that lets it in; how it begins

    def __init__(self, token, backoff, slow=False):
        self.token, self.backoff, self.slow = token, backoff, slow
        self.sock = self.epoch = None
        self.welcomed = self.watched = False
        self.last = self.connects = self.tries = 0
        self.due = 0.0          # when to connect, or to read the next byte
        self.wrong = []

    def connect(self, path):
        self.buffer, self.let_in, self.welcomed = b"", False, False
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(path)
        self.sock.sendall(self.greeting())
        self.sock.setblocking(False)

    def payloads(self):
        """What has come whole; None where it says that this is the end."""
        raise NotImplementedError

    def heard(self, _ping):
        """Answers a ping, where the way has answers."""


class SocketMember(Member):
    good = b" 101 "

    def greeting(self):
        hello = {"type": "hello", "proto": "chat.v1", "token": self.token,
                 "rooms": {"general": self.last}}
        if self.epoch:
            hello["epoch"] = self.epoch
        return UPGRADE + masked(hello)

    def payloads(self):
        buffer, place = self.buffer, 0
        while len(buffer) - place >= 2:
            length, head = buffer[place + 1] & 0x7f, 2
            if length == 126:
                head = 4
            elif length == 127:
                head = 10
            if len(buffer) - place < head:
                break
            if head > 2:
                length = int.from_bytes(buffer[place + 2:place + head], "big")
            if len(buffer) - place - head < length:
                break
            opcode = buffer[place] & 15
            payload = buffer[place + head:place + head + length]
            place += head + length
            if opcode == 8:
                yield None
            elif opcode == 1:
                yield payload
        self.buffer = buffer[place:]

    def heard(self, _ping):
        self.sock.send(masked({"type": "pong"}))


class StreamMember(Member):
    good = b" 200 "

    def greeting(self):
        epoch = f"epoch={self.epoch}&" if self.epoch else ""
        return (f"GET /ws/chat/stream/?{epoch}rooms=general:{self.last} HTTP/1.1\r\n"
                "Host: chat.example\r\nAccept: text/event-stream\r\n"
                f"Authorization: Bearer {self.token}\r\n\r\n").encode()

    def payloads(self):
        *blocks, self.buffer = self.buffer.split(b"\n\n")
        for block in blocks:
            yield from (line[6:] for line in block.split(b"\n") if line.startswith(b"data: "))


class Crowd(threading.Thread):
    """`backoffs`: for each member the waits before it tries again."""

    def __init__(self, stack, backoffs, slow=0, way=SocketMember):
        super().__init__(daemon=True)
        self.path = stack.path("var/run/ws.sock")
        tokens = [stack.token(3000 + n, f"crowd{n}", ttl=7200) for n in range(50)]
        self.members = [way(tokens[n % 50], backoff, slow=n < slow)
                        for n, backoff in enumerate(backoffs)]
        now = time.monotonic()
        for n, member in enumerate(self.members):
            member.due = now + n * 0.002
        self.selector = selectors.DefaultSelector()
        self.parsed = {}
        self.arrivals = {}   # seq: [when, …]
        self.back = []       # when a member was welcomed again
        self.done = threading.Event()
        self.error = None
        self.start()

    def run(self):
        try:
            while not self.done.is_set():
                self.step()
        except BaseException as e:
            self.error = e
            raise
        finally:
            for member in self.members:
                if member.sock:
                    member.sock.close()

    def step(self):
        for key, _ in self.selector.select(0.02):
            self.read(key.data, 262144)
        now = time.monotonic()
        for member in self.members:
            if now < member.due:
                continue
            if member.sock is None:
                self.connect(member, now)
            elif member.slow:
                member.due = now + 1
                self.read(member, 1)
            else:
                self.watch(member)

    def connect(self, member, now):
        try:
            member.connect(self.path)
        except OSError:
            if member.sock:
                member.sock.close()
            self.wait(member, now)
            return
        member.connects += 1
        self.watch(member)

    def watch(self, member):
        member.due, member.watched = float("inf"), True
        self.selector.register(member.sock, selectors.EVENT_READ, member)

    def unwatch(self, member):
        if member.watched:
            self.selector.unregister(member.sock)
        member.watched = False

    def quicken(self):
        """Has the slow ones read as fast as they can from now on."""
        for member in self.members:
            member.slow = False

    def wait(self, member, now):
        member.sock = None
        member.welcomed = False
        member.due = now + member.backoff[min(member.tries, len(member.backoff) - 1)]
        member.tries += 1

    def leave(self, member):
        self.unwatch(member)
        member.sock.close()
        self.wait(member, time.monotonic())

    def read(self, member, size):
        try:
            data = member.sock.recv(size)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.leave(member)
            return
        member.buffer += data
        if not member.let_in:
            head, found, rest = member.buffer.partition(b"\r\n\r\n")
            if not found:
                return
            if member.good not in head[:16]:
                self.leave(member)
                return
            member.let_in, member.buffer = True, rest
        for payload in member.payloads():
            if payload is None:
                self.leave(member)
                return
            self.take(member, payload)

    def take(self, member, payload):
        frame = self.parsed.get(payload)
        if frame is None:
            if len(self.parsed) > 5000:
                self.parsed.clear()
            frame = self.parsed[payload] = json.loads(payload)
        for got in frame["events"] if frame["type"] == "batch" else [frame]:
            if got["type"] == "welcome":
                member.epoch, member.welcomed, member.tries = got["epoch"], True, 0
                if member.connects > 1:
                    self.back.append(time.monotonic())
                if member.slow:
                    self.unwatch(member)
                    member.due = time.monotonic() + 1
            elif got["type"] == "ping":
                member.heard(got)
            elif got["type"] == "close":
                self.leave(member)  # a stream's; nothing follows it
            elif got["type"] == "resync":
                member.wrong.append(f"resync {got['reason']}")
            elif got["type"] not in PASSING and got.get("room") == "general":
                self.apply(member, got["seq"])

    def apply(self, member, seq):
        if seq != member.last + 1:
            member.wrong.append(f"{seq} came after {member.last}")
        member.last = max(seq, member.last)
        self.arrivals.setdefault(seq, []).append(time.monotonic())

    # ---- for the test's thread ----

    def welcomed(self):
        return sum(m.welcomed for m in self.members)

    def behind(self, head):
        return [m.last for m in self.members if m.last != head and not m.slow]

    def wrong(self):
        return [what for m in self.members for what in m.wrong] + ([repr(self.error)]
                                                                  if self.error else [])

    def stop(self):
        self.done.set()
        self.join(10)
        self.selector.close()
