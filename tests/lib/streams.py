"""Clients of /ws/chat/stream/ and /ws/chat/poll/ on a bare socket: straight to the sidecar, or through
a web server."""
import collections
import json
import select
import time

from stack import WS


def request(what, query="", token=None, cookies=None, method="GET", version="1.1", host="chat.example",
            path=None, **fields):
    """The bytes of a request; further fields as in Last_Event_ID="…"; None leaves one out."""
    head = {"Host": host}
    if token:
        head["Authorization"] = "Bearer " + token
    if cookies:
        head["Cookie"] = "; ".join(f"{k}={v}" for k, v in cookies.items())
    head.update({k.replace("_", "-"): v for k, v in fields.items()})
    lines = "".join(f"{k}: {v}\r\n" for k, v in head.items() if v is not None)
    path = path or f"{WS}{what}/"
    return f"{method} {path}{'?' if query else ''}{query} HTTP/{version}\r\n{lines}\r\n".encode()


def query(rooms, **fields):
    """rooms: a list of names, a dict of cursors, or text as it is."""
    if isinstance(rooms, dict):
        rooms = ",".join(f"{room}:{seq}" for room, seq in rooms.items())
    elif not isinstance(rooms, str):
        rooms = ",".join(rooms)
    return "&".join([f"rooms={rooms}"] + [f"{k}={v}" for k, v in fields.items() if v is not None])


class Ended(AssertionError):
    """The other end closed."""


class Answer:
    def __init__(self, status, headers, body=b""):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        return self.json["error"]["code"]


def parse_head(head):
    first, *lines = head.decode().split("\r\n")
    headers = {}
    for line in lines:
        name, value = line.split(": ", 1)
        headers[name.lower()] = value
    return Answer(int(first.split()[1]), headers)


class Line:
    """A socket with what was read of it and not used yet."""

    def __init__(self, sock):
        self.socket, self.raw = sock, b""

    def receive(self, seconds=30):
        self.socket.settimeout(seconds)
        try:
            piece = self.socket.recv(65536)
        except ConnectionError:
            piece = b""
        if not piece:
            raise Ended("end of connection")
        self.raw += piece

    def is_quiet(self, seconds):
        """Whether neither bytes nor the end came."""
        return not self.raw and not select.select([self.socket], [], [], seconds)[0]

    def until_closed(self, seconds=30):
        """Reads to the end; what came."""
        try:
            while True:
                self.receive(seconds)
        except Ended:
            return self.raw

    def head(self, seconds=30):
        while b"\r\n\r\n" not in self.raw:
            self.receive(seconds)
        head, self.raw = self.raw.split(b"\r\n\r\n", 1)
        return parse_head(head)

    def answer(self, seconds=30):
        """A whole answer with its body."""
        answer = self.head(seconds)
        length = int(answer.headers["content-length"])
        while len(self.raw) < length:
            self.receive(seconds)
        answer.body, self.raw = self.raw[:length], self.raw[length:]
        return answer

    def ask(self, *args, **kwargs):
        self.socket.sendall(request(*args, **kwargs))
        return self

    def close(self):
        self.socket.close()


class Body:
    """What came of a body without a length: .raw as it came, .text without the chunks around it."""

    text, ended, chunked = b"", False, False

    def begin(self, headers):
        self.text, self.ended = b"", False
        self.chunked = headers.get("transfer-encoding") == "chunked"

    def unwrap(self):
        """Moves what is whole from .raw to .text."""
        if not self.chunked:
            self.text, self.raw = self.text + self.raw, b""
        while self.raw:
            size, found, rest = self.raw.partition(b"\r\n")
            length = int(size.split(b";")[0], 16) if found else 0
            if not found or len(rest) < length + 2:
                return
            self.ended = length == 0
            self.text += rest[:length]
            self.raw = rest[length + 2:]


class Stream(Line, Body):
    """Server-sent events. .answer is the head, with the body where it was refused; .last_id is what an
    EventSource would send as Last-Event-ID."""

    def __init__(self, sock, rooms=("general",), token=None, **fields):
        super().__init__(sock)
        params = {k: fields.pop(k) for k in ("epoch", "conn", "state") if k in fields}
        self.pending = collections.deque()
        self.last_id = self.retry = self.welcome = None
        self.ask("stream", query(rooms, **params), token=token, **fields)
        self.answer = self.head()
        if self.answer.status != 200:
            self.answer.body = self.until_closed()
            return
        self.begin(self.answer.headers)
        self.unwrap()

    def take_block(self, block):
        """An event, as the specification of EventSource has it; .last_id moves when it is whole."""
        data = []
        for line in block.decode().split("\n"):
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "id":
                self.last_id = value
            elif name == "retry":
                self.retry = int(value)
            elif name == "data":
                data.append(value)
        if not data:
            return
        frame = json.loads("\n".join(data))
        if frame["type"] == "welcome":
            self.welcome = frame
        self.pending.extend(frame["events"] if frame["type"] == "batch" else [frame])

    def recv(self, seconds=30):
        """The next frame; batches are taken apart. Raises Ended or TimeoutError."""
        deadline = time.monotonic() + seconds
        while not self.pending:
            while b"\n\n" in self.text and not self.pending:
                block, self.text = self.text.split(b"\n\n", 1)
                self.take_block(block)
            if not self.pending and self.ended:
                raise Ended("last chunk")
            if not self.pending:
                self.receive(max(0.01, deadline - time.monotonic()))
                self.unwrap()
        return self.pending.popleft()

    def until(self, kind, seconds=30, **fields):
        deadline = time.monotonic() + seconds
        seen = collections.deque(maxlen=8)
        while time.monotonic() < deadline:
            try:
                frame = self.recv(deadline - time.monotonic())
            except (Ended, TimeoutError) as e:
                raise AssertionError(f"{e!r}, waiting for {kind} {fields}; saw last {list(seen)}") from None
            if frame["type"] == kind and all(frame.get(k) == v for k, v in fields.items()):
                return frame
            seen.append(frame if frame["type"] == "error" else frame["type"])
        raise AssertionError(f"no {kind} {fields} within {seconds} s; saw last {list(seen)}")

    def until_close(self, seconds=30):
        """The code of the `close` event; behind it nothing comes and the connection ends."""
        code = self.until("close", seconds)["code"]
        try:
            frame = self.recv(seconds)
        except Ended:
            return code
        raise AssertionError(f"{frame} came after close")


class Poller(Line):
    """Polls one after the other on one connection."""

    def __init__(self, sock, rooms=("general",), token=None, epoch=None, **fields):
        super().__init__(sock)
        self.rooms = dict(rooms) if isinstance(rooms, dict) else {room: None for room in rooms}
        self.token, self.epoch, self.fields = token, epoch, fields

    def ask_next(self, wait=None, conn=None, state=None, **fields):
        rooms = ",".join(room if seq is None else f"{room}:{seq}" for room, seq in self.rooms.items())
        return self.ask("poll", query(rooms, epoch=self.epoch, wait=wait, conn=conn, state=state),
                        token=self.token, **{**self.fields, **fields})

    def take(self, seconds=30):
        """The answer to ask_next(); where it is good the cursors move."""
        answer = self.answer(seconds)
        if answer.status == 200:
            body = answer.json
            self.epoch = body["epoch"]
            for room, state in body["rooms"].items():
                self.rooms[room] = state["seq"]
        return answer

    def poll(self, seconds=30, **kwargs):
        self.ask_next(**kwargs)
        return self.take(seconds)
