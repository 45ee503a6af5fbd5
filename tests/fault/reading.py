"""Ways of following rooms, for the fault suite: one class each, listed in READERS. Each opens a feed at
a cursor; a feed's next() gives the frames that came, as the protocol names them, and raises one of
writing.BROKEN when the way is gone."""
import json
import os
import socket
import sys
import threading

import websocket

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from stack import API, WS, Socket  # noqa: E402
from streams import Body, parse_head  # noqa: E402

QUIET = threading.Event()  # never set: what a poller waits on between two questions
POLL_S = 0.2  # how often the timed poll asks; a browser's is ten times as long
# What a feed may carry beside the durable events of rooms.
PASSING = {"ack", "welcome", "subscribed", "unsubscribed", "presence", "typing", "read", "ping", "error",
           "resync", "history", "auth_ok", "auth_required"}


class Closed(OSError):
    """The other end closed the feed."""

    def __init__(self, code):
        super().__init__(f"closed with {code}")
        self.code = code


def cursors_of(rooms):
    return ",".join(f"{room}:{seq}" for room, seq in rooms.items())


class Feed:
    def __init__(self, stack, token, epoch, rooms):
        self.stack, self.token, self.epoch, self.rooms = stack, token, epoch, rooms

    def next(self, seconds):
        """The frames that came within `seconds`; [] where none did."""
        raise NotImplementedError

    def resume(self, epoch, room, seq):
        """Goes on with a room after its resync."""

    def close(self):
        pass


class SocketFeed(Feed):
    def __init__(self, stack, token, epoch, rooms):
        super().__init__(stack, token, epoch, rooms)
        self.socket = Socket(stack.ws_connection(subprotocols=["chat.v1"]))
        frame = {"type": "hello", "proto": "chat.v1", "token": token, "rooms": rooms}
        if epoch:
            frame["epoch"] = epoch
        try:
            self.socket.send(**frame)
            self.socket.welcome = self.socket.until("welcome")
        except AssertionError as e:
            self.close()
            raise Closed(str(e)) from None
        self.epoch = self.socket.welcome["epoch"]

    def next(self, seconds):
        try:
            frame = self.socket.recv(seconds)
        except (websocket.WebSocketTimeoutException, TimeoutError, BlockingIOError):
            return []
        if frame is None:
            raise Closed(self.socket.close_code)
        return [frame]

    def resume(self, epoch, room, seq):
        self.socket.send(type="subscribe", room=room, since=seq, epoch=epoch)

    def close(self):
        self.socket.connection.shutdown()


class PollFeed(Feed):
    """events/ asked again and again."""

    path, wait = API + "events/", ""

    def ask(self):
        epoch = f"epoch={self.epoch}&" if self.epoch else ""
        reply = self.stack.http("GET", f"{self.path}?{epoch}rooms={cursors_of(self.rooms)}{self.wait}",
                                token=self.token)
        try:
            answer = reply.json
        except ValueError:
            raise Closed(reply.status) from None
        if reply.status == 410:
            return answer["resync"]
        if reply.status != 200:
            raise Closed(reply.status)
        self.epoch = answer["epoch"]
        for event in answer["events"]:
            self.rooms[event["room"]] = event["seq"]
        return answer["events"]

    def pause(self, seconds):
        QUIET.wait(min(seconds, POLL_S))

    def next(self, seconds):
        frames = self.ask()
        if not frames:
            self.pause(seconds)
        return frames

    def resume(self, epoch, room, seq):
        self.epoch = epoch
        self.rooms[room] = seq


class LongPollFeed(PollFeed):
    path, wait = WS + "poll/", "&wait=2"

    def pause(self, seconds):
        pass  # the server waited


class StreamFeed(Feed, Body):
    """Server-sent events, read off the bare socket: http.client cannot wait for half a chunk."""

    def __init__(self, stack, token, epoch, rooms):
        super().__init__(stack, token, epoch, rooms)
        self.open()

    def open(self):
        epoch = f"epoch={self.epoch}&" if self.epoch else ""
        self.socket = socket.create_connection(("127.0.0.1", self.stack.port), 10)
        self.raw = b""
        try:
            self.socket.sendall(
                f"GET {WS}stream/?{epoch}rooms={cursors_of(self.rooms)} HTTP/1.1\r\n"
                f"Host: 127.0.0.1:{self.stack.port}\r\nAccept: text/event-stream\r\n"
                f"Authorization: Bearer {self.token}\r\n\r\n".encode())
            while b"\r\n\r\n" not in self.raw:
                self.receive()
        except OSError:
            self.close()
            raise
        head, self.raw = self.raw.split(b"\r\n\r\n", 1)
        answer = parse_head(head)
        if answer.status != 200:
            self.close()
            raise Closed(answer.status)
        self.begin(answer.headers)

    def receive(self):
        piece = self.socket.recv(65536)
        if not piece:
            raise Closed("end of stream")
        self.raw += piece

    def next(self, seconds):
        self.unwrap()
        if b"\n\n" not in self.text:
            self.socket.settimeout(seconds)
            try:
                self.receive()
            except TimeoutError:
                return []
            self.unwrap()
        if self.ended:
            raise Closed("end of stream")
        *blocks, self.text = self.text.replace(b"\r\n", b"\n").split(b"\n\n")
        frames = []
        for block in blocks:
            frames += self.frames(block.decode())
        return frames

    def frames(self, block):
        data = [line[5:].strip() for line in block.split("\n") if line.startswith("data:")]
        if not data:
            return []  # a comment
        frame = json.loads("\n".join(data))
        frames = frame["events"] if frame["type"] == "batch" else [frame]
        for got in frames:
            if got["type"] == "welcome":
                self.epoch = got["epoch"]
            elif got["type"] not in PASSING and "seq" in got:
                self.rooms[got["room"]] = got["seq"]
        return frames

    def resume(self, epoch, room, seq):
        self.close()
        self.epoch = epoch
        self.rooms[room] = seq
        self.open()

    def close(self):
        self.socket.close()


READERS = {"socket": SocketFeed, "poll": PollFeed, "stream": StreamFeed, "longpoll": LongPollFeed}


def offered(stack, token):
    """The names of the ways that this installation has."""
    names = []
    for name, feed in READERS.items():
        try:
            feed(stack, token, None, {"general": 0}).close()
            if feed is LongPollFeed:
                feed(stack, token, None, {"general": 0}).ask()
        except Closed as e:
            if e.code not in (404, 426):
                raise
        else:
            names.append(name)
    return names
