"""Ways of posting, for the fault suite: one class each, listed in WRITERS. A writer's send() posts once
and says what came of it; what it says nothing about is "unknown", and must be sent again under the same
client id."""
import http.client
import os
import socket
import sys
import time

import websocket

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from stack import API  # noqa: E402

BROKEN = (OSError, http.client.HTTPException, websocket.WebSocketException, ValueError)


class Outcome:
    """kind: "acked", "refused" (by a rule: final), "later" (refused, to be tried again), "unknown"."""

    def __init__(self, kind, code="", seq=None, msg_id=None, retry_after=None, status=None):
        self.kind, self.code, self.seq, self.msg_id = kind, code, seq, msg_id
        self.retry_after, self.status = retry_after, status

    @classmethod
    def of_error(cls, error, retry_after=None, status=None):
        if error["code"] == "internal":  # it broke somewhere: nothing is promised
            return cls("unknown", "internal", status=status)
        return cls("later" if error["retryable"] else "refused", error["code"],
                   retry_after=retry_after, status=status)


class HttpWriter:
    """POST as JSON."""

    rooms = True  # may post anywhere

    def __init__(self, stack, token, name):
        self.stack, self.token, self.name = stack, token, name

    def ask(self, text, client_id, room, **extras):
        return self.stack.http("POST", API + "messages/create/",
                               {"message": text, "client_id": client_id, "room": room, **extras},
                               token=self.token)

    def judge(self, reply):
        if reply.status in (200, 201):
            message = reply.json["message"]
            return Outcome("acked", seq=message["seq"], msg_id=message["id"], status=reply.status)
        return Outcome.of_error(reply.json["error"], reply.headers.get("Retry-After"), reply.status)

    def send(self, text, client_id, room, **extras):
        """`extras`: more fields of the message."""
        return self.outcome(lambda: self.ask(text, client_id, room, **extras))

    def outcome(self, ask):
        try:
            reply = ask()
        except BROKEN as e:
            return Outcome("unknown", type(e).__name__)
        try:
            return self.judge(reply)
        except (ValueError, KeyError):  # a page of the web server's own
            return Outcome("unknown", str(reply.status), status=reply.status)

    def close(self):
        pass


class FormWriter(HttpWriter):
    """POST as a form without JavaScript sends it: 303 is the ack."""

    def ask(self, text, client_id, room, **extras):
        fields = {"message": text, "client_id": client_id, "room": room, **extras}
        return self.stack.http("POST", API + "messages/create/", list(fields.items()),
                               headers={"Accept": "text/html"}, token=self.token)

    def judge(self, reply):
        if reply.status == 303:
            return Outcome("acked", status=303)
        if reply.status >= 500:  # a page: whose, it does not say
            return Outcome("unknown", str(reply.status), reply.headers.get("Retry-After"),
                           status=reply.status)
        return Outcome("later" if reply.status == 429 else "refused", str(reply.status),
                       status=reply.status)


class HelloWriter:
    """A chat.v1 socket: the ack frame is the ack."""

    rooms = True

    def __init__(self, stack, token, name, answer_s=8):
        self.stack, self.token, self.name, self.answer_s = stack, token, name, answer_s
        self.socket = None

    def open(self):
        return self.stack.hello(hello_token=self.token, rooms=["@me"])

    def frame(self, text, client_id, room, **extras):
        return {"type": "message", "message": text, "client_id": client_id, "room": room, **extras}

    def judge(self, got, client_id):
        if got.get("client_id") != client_id:
            return None
        if got["type"] == "ack":
            return Outcome("acked", seq=got.get("seq"), msg_id=got["msg_id"])
        return Outcome.of_error(got, got.get("retry_after_ms")) if got["type"] == "error" else None

    def send(self, text, client_id, room, **extras):
        return self.exchange(client_id, self.frame(text, client_id, room, **extras))

    def exchange(self, client_id, frame):
        try:
            if self.socket is None:
                self.socket = self.open()
            self.socket.send(**frame)
            deadline = time.monotonic() + self.answer_s
            while (left := deadline - time.monotonic()) > 0:
                got = self.socket.recv(left)
                if got is None:
                    raise ConnectionError("closed")
                outcome = self.judge(got, client_id)
                if outcome:
                    return outcome
            raise TimeoutError("no answer")
        except (AssertionError, *BROKEN) as e:
            self.close()
            return Outcome("unknown", type(e).__name__)

    def close(self):
        if self.socket is None:
            return
        # Not the polite close: it would wait for an answer of a server that may be dead.
        try:
            self.socket.connection.sock.shutdown(socket.SHUT_RDWR)
        except (OSError, AttributeError):
            pass
        self.socket.connection.shutdown()
        self.socket = None


class SeedWriter(HelloWriter):
    """The original feature's socket: its own message coming back is the ack. One that was stored before
    the connection broke does not come again: what is unknown is first looked for in the history."""

    rooms = False
    unsure = None

    def send(self, text, client_id, room, **extras):
        found = self.look(client_id) if self.unsure == client_id else None
        outcome = found or super().send(text, client_id, room, **extras)
        self.unsure = client_id if outcome.kind == "unknown" else None
        return outcome

    def look(self, client_id):
        try:
            messages = self.stack.get("messages/?room=general&limit=200", token=self.token).json
        except BROKEN:
            return None
        return next((Outcome("acked", seq=m["seq"], msg_id=m["id"])
                     for m in messages.get("messages", ()) if m["client_id"] == client_id), None)

    def open(self):
        return self.stack.ws()

    def frame(self, text, client_id, room, **extras):
        return {"type": "message", "message": text, "client_id": client_id, "username": self.name,
                **extras}

    def judge(self, got, client_id):
        if got["type"] == "message" and got.get("client_id") == client_id:
            return Outcome("acked", seq=got["seq"], msg_id=got["id"])
        # Errors of a seed socket name the message only where they can.
        if got["type"] == "error" and got.get("client_id", client_id) == client_id:
            return Outcome.of_error(got)
        return None


WRITERS = {"json": HttpWriter, "form": FormWriter, "hello": HelloWriter, "seed": SeedWriter}
