"""A WebSocket to the chat, as tests hold it."""
import collections
import json
import time

import websocket


class Socket:
    """A WebSocket whose frames are dicts. Batches are taken apart; pings are answered unless asked not
    to; presence frames are kept in .presence and returned only when waited for."""

    def __init__(self, connection):
        self.connection = connection
        self.pending = []
        self.close_code = None

    def send(self, **frame):
        self.connection.send(json.dumps(frame))

    def read_text(self):
        """One whole text message; None at a close frame, whose code is kept. The client's own recv()
        answers a close before it tells of it, and so loses the code where the other end is gone."""
        text = b""
        while True:
            frame = self.connection.recv_frame()
            if frame.opcode == websocket.ABNF.OPCODE_CLOSE:
                self.close_code = int.from_bytes(frame.data[:2], "big") if frame.data else 1005
                return None
            if frame.opcode == websocket.ABNF.OPCODE_PING:
                self.connection.pong(frame.data)
            elif frame.opcode in (websocket.ABNF.OPCODE_TEXT, websocket.ABNF.OPCODE_CONT):
                text += frame.data
                if frame.fin:
                    return text

    def recv(self, seconds=30):
        """The next frame; None when the socket was closed (see close_code)."""
        if self.pending:
            return self.pending.pop(0)
        self.connection.settimeout(seconds)
        try:
            data = self.read_text()
        except (websocket.WebSocketConnectionClosedException, ConnectionError):
            data = None
        if data is None:
            return None
        frame = json.loads(data)
        if frame["type"] == "ping":
            self.send(type="pong")
            return self.recv(seconds)
        if frame["type"] == "batch":
            self.pending = frame["events"]
            return self.pending.pop(0)
        return frame

    def until(self, kind, seconds=30, **fields):
        """The next frame of this type with these fields; others are dropped, but for the event
        that an ack is about: either may come first."""
        deadline = time.monotonic() + seconds
        seen = collections.deque(maxlen=8)
        early = []
        while time.monotonic() < deadline:
            try:
                frame = self.recv(max(0.05, deadline - time.monotonic()))
            except websocket.WebSocketTimeoutException:
                break
            if frame is None:
                raise AssertionError(f"closed with {self.close_code}, waiting for {kind}; "
                                     f"saw last {list(seen)}")
            its_own = all(frame.get(k) == v for k, v in fields.items())
            if frame["type"] == kind and its_own:
                self.pending = early + self.pending
                return frame
            if kind == "ack" and frame["type"] == "message" and its_own and fields:
                early.append(frame)
            seen.append(frame if frame["type"] == "error" else frame["type"])
        raise AssertionError(f"no {kind} {fields} within {seconds} s; saw last {list(seen)}")

    def until_closed(self, seconds=30):
        """Reads until the other end closes; the close code (1006: without one)."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.recv(seconds) is None:
                return self.close_code or 1006
        raise AssertionError(f"still open after {seconds} s")

    def close(self):
        try:
            self.connection.close(timeout=1)
        except OSError:
            pass
