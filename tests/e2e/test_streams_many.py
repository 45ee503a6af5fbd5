#!/usr/bin/python3
"""Two hundred readers of one room, half of them streams and half polls, while somebody posts."""
import json
import os
import selectors
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from alone import Alone  # noqa: E402
from stack import Stack, new_client_id  # noqa: E402
from streams import Body, parse_head, query, request  # noqa: E402

READERS, MESSAGES = 200, 300
GENEROUS = {key: "1000000" for key in (
    "rate_user_burst", "rate_user_per_minute", "rate_address_burst", "rate_address_per_minute")}
GENEROUS.update(ws_max_per_address="1000", ws_max_per_user="1000")


class Reader:
    """Shows the room by the protocol's rule; .wrong where a number was not the next one."""

    what = None

    def __init__(self, crowd, seq):
        self.crowd, self.last, self.seqs, self.wrong = crowd, seq, [], []
        self.connections = 0
        self.connect()

    def connect(self):
        self.raw = b""
        self.socket = self.crowd.dial()
        self.connections += 1
        self.ask()
        self.socket.setblocking(False)
        self.crowd.selector.register(self.socket, selectors.EVENT_READ, self)

    def ask(self, **fields):
        self.socket.sendall(request(self.what, query({"general": self.last}), **fields))

    def disconnect(self):
        self.crowd.selector.unregister(self.socket)
        self.socket.close()

    def readable(self):
        try:
            piece = self.socket.recv(65536)
        except ConnectionError:
            piece = b""
        if not piece:
            self.disconnect()
            self.connect()
            return
        self.raw += piece
        self.take()

    def show(self, frame):
        for event in frame["events"] if frame["type"] == "batch" else [frame]:
            if event["type"] != "message":
                continue
            if event["seq"] != self.last + 1:
                self.wrong.append((self.last, event["seq"]))
            self.last = event["seq"]
            self.seqs.append(event["seq"])


class StreamReader(Reader, Body):
    what = "stream"
    begun = False

    def connect(self):
        self.begun = False
        super().connect()

    def take(self):
        if not self.begun and b"\r\n\r\n" in self.raw:
            head, self.raw = self.raw.split(b"\r\n\r\n", 1)
            self.begin(parse_head(head).headers)
            self.begun = True
        if self.begun:
            self.unwrap()
        *lines, self.text = self.text.split(b"\n")
        for line in lines:
            if line.startswith(b"data: "):
                self.show(json.loads(line[6:]))


class PollReader(Reader):
    what = "poll"

    def take(self):
        while b"\r\n\r\n" in self.raw:
            head, rest = self.raw.split(b"\r\n\r\n", 1)
            answer = parse_head(head)
            length = int(answer.headers["content-length"])
            if len(rest) < length:
                return
            body, self.raw = json.loads(rest[:length]), rest[length:]
            if answer.status != 200:
                raise AssertionError(body)
            for event in body["events"]:
                self.show(event)
            if answer.headers.get("connection", "").lower() == "close":
                self.disconnect()
                self.connect()
            else:
                self.ask()


class Crowd:
    def __init__(self, dial, seq):
        self.dial, self.selector = dial, selectors.DefaultSelector()
        self.readers = [(StreamReader if n % 2 else PollReader)(self, seq) for n in range(READERS)]

    def listen(self, seconds):
        for key, _ in self.selector.select(seconds):
            key.data.readable()

    def close(self):
        for reader in self.readers:
            reader.disconnect()
        self.selector.close()


class ManyReaders(unittest.TestCase):
    def read(self, stack):
        with stack:
            poster = stack.hello(hello_token=stack.token(1, "poster"), rooms=["general"])
            poster.connection.settimeout(20)
            first = poster.welcome["rooms"]["general"]["seq"]
            crowd = Crowd(stack.dial, first)
            self.addCleanup(crowd.close)
            began = time.monotonic()
            for n in range(MESSAGES):
                poster.send(type="message", message=f"m{n}", client_id=new_client_id())
                crowd.listen(0.002)
            last, deadline = first + MESSAGES, time.monotonic() + 60
            while any(r.last < last for r in crowd.readers) and time.monotonic() < deadline:
                crowd.listen(0.1)
            took = time.monotonic() - began
            for reader in crowd.readers:
                self.assertEqual(reader.wrong, [])
                self.assertEqual(reader.seqs, list(range(first + 1, last + 1)))
            kept = sum(r.connections == 1 for r in crowd.readers)
            print(f"# {READERS * MESSAGES} deliveries in {took:.1f} s; {kept} never had to connect again")
            poster.close()

    def test_each_gets_each_message_once_in_order_from_the_sidecar(self):
        self.read(Alone(conf=GENEROUS))

    def test_each_gets_each_message_once_in_order_through_lighttpd(self):
        self.read(Stack("lighttpd", conf=GENEROUS))

    def test_each_gets_each_message_once_in_order_through_apache(self):
        self.read(Stack("apache", conf=GENEROUS))


if __name__ == "__main__":
    unittest.main()
