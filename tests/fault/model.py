"""The chat as a handful of lists and dicts, and people who use the real one as it is used."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from reading import PASSING, READERS  # noqa: E402
from writing import BROKEN, WRITERS  # noqa: E402

ROOMS = ("general", "energy", "materials")
STATUS = {"too_long": "413", "bad_request": "400", "muted": "403", "banned": "403",
          "client_id_conflict": "409", "forbidden": "403"}


class Model:
    """What must be true."""

    def __init__(self):
        self.log = {room: [("room", None)] for room in ROOMS}  # (kind, message id) of seq 1, 2, …
        self.messages = {room: {} for room in ROOMS}           # seq: (id, author, text)
        self.topic = {room: "" for room in ROOMS}

    def post(self, room, msg_id, who, text):
        self.log[room].append(("message", msg_id))
        self.messages[room][len(self.log[room])] = (msg_id, who.username, text)

    def set_topic(self, room, topic):
        self.topic[room] = topic
        self.log[room].append(("room", None))

    def head(self, room):
        return len(self.log[room])

    def unread(self, who, room):
        """Of others, past the mark, as far as the server looks; nothing without a mark."""
        if not who.read[room]:
            return 0
        after = [author for seq, author in who.world.authors[room].items() if seq > who.read[room]]
        return min(100, sum(author != who.user_id for author in after[:1000]))


class World:
    def __init__(self, stack, offered):
        self.stack, self.offered = stack, offered
        self.model = Model()
        self.authors = {room: {} for room in ROOMS}  # seq: user id


class Person:
    """One user: a way to write, a way to read, a cursor and what is on the screen."""

    way_to_write, way_to_read = "json", "socket"

    def __init__(self, world, number):
        self.world, self.stack = world, world.stack
        self.username = f"person{number}"
        self.sign_in(number)
        me = self.http("GET", "/api/stocks/chat/me/").json["user"]
        self.user_id, self.username = me["id"], me["username"]
        self.muted = self.banned = False
        self.rooms = {"general": 0}                  # the rooms that are followed, and how far
        self.screen = {room: [] for room in ROOMS}   # (kind, message id) or None
        self.read = {room: 0 for room in ROOMS}
        self.sent = []                               # (client id, room, text, seq, id)
        self.writer = self.feed = self.epoch = None

    def sign_in(self, number):
        self.token = self.stack.token(number, self.username, ttl=36000)

    def http(self, method, path, body=None):
        return self.stack.http(method, path, body, token=self.token)

    # ---- writing ----

    def send(self, room, text, client_id):
        if self.writer is None:
            self.writer = WRITERS[self.way_to_write](self.stack, self.token, self.username)
        return self.writer.send(text, client_id, room)

    def send_surely(self, room, text, client_id, seconds=20):
        """Until it is known what became of it."""
        deadline = time.monotonic() + seconds
        while True:
            outcome = self.send(room, text, client_id)
            if outcome.kind in ("acked", "refused") or time.monotonic() > deadline or self.banned:
                return outcome

    def switch_writing(self, way):
        if self.writer:
            self.writer.close()
        self.way_to_write, self.writer = way, None

    # ---- reading ----

    def disconnect(self):
        if self.feed:
            self.feed.close()
        self.feed = None

    def follow(self, room):
        self.rooms.setdefault(room, len(self.screen[room]))
        if self.way_to_read == "socket" and self.feed:
            self.feed.socket.send(type="subscribe", room=room, since=self.rooms[room],
                                  epoch=self.epoch)
        else:
            self.disconnect()

    def leave(self, room):
        self.rooms.pop(room, None)
        if self.way_to_read == "socket" and self.feed:
            self.feed.socket.send(type="unsubscribe", room=room)
        else:
            self.disconnect()

    def behind(self):
        return [room for room, seq in self.rooms.items() if seq < self.world.model.head(room)]

    def catch_up(self, seconds=15):
        """Reads until the screen is what the model's heads say; never over a hole."""
        deadline = time.monotonic() + seconds
        while self.behind():
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.username} by {self.way_to_read} does not get on: "
                                     f"{self.rooms}, heads "
                                     f"{ {r: self.world.model.head(r) for r in self.rooms} }")
            try:
                if self.feed is None:
                    self.feed = READERS[self.way_to_read](self.stack, self.token, self.epoch,
                                                          dict(self.rooms))
                for frame in self.feed.next(0.3):
                    self.show(frame)
                self.epoch = self.feed.epoch or self.epoch
            except BROKEN:
                self.disconnect()

    def show(self, frame):
        room = frame.get("room")
        if frame["type"] == "resync":
            self.reload(frame)
        if frame["type"] in PASSING or room not in self.rooms:
            return  # what was on its way as the room was left
        if frame["seq"] <= self.rooms[room]:
            return  # had before it was left and entered again
        if frame["seq"] != self.rooms[room] + 1:
            raise AssertionError(f"{self.username} in {room}: {frame['seq']} after "
                                 f"{self.rooms[room]} by {self.way_to_read}")
        self.rooms[room] = frame["seq"]
        self.screen[room].append((frame["type"], frame.get("id")))

    def reload(self, frame):
        """Too far behind: the room's messages as history; of what else happened nothing is known."""
        room, head = frame["room"], frame["seq"]
        if frame["reason"] != "lag":
            raise AssertionError(f"{self.username}: {frame}")
        messages = self.fresh_messages(room, self.rooms[room])
        self.screen[room] += [("message", messages[seq][0]) if seq in messages else None
                              for seq in range(self.rooms[room] + 1, head + 1)]
        self.rooms[room] = head
        self.feed.resume(frame["epoch"], room, head)

    # ---- what the server says when asked anew ----

    def fresh_state(self):
        """{room: (head, unread, last read, topic)}"""
        rooms = self.http("GET", "/api/stocks/chat/rooms/").json["rooms"]
        return {r["id"]: (r["seq"], r["unread"], r["last_read_seq"], r["topic"]) for r in rooms
                if r["id"] in ROOMS}

    def fresh_messages(self, room, after):
        """{seq: (id, author, text)} of those newer than `after`."""
        found = {}
        while True:
            page = self.http("GET", f"/api/stocks/chat/messages/?room={room}&after={after}"
                             "&limit=200").json
            for m in page["messages"]:
                found[m["seq"]] = (m["id"], m["username"], m["message"])
                after = m["seq"]
            if not page["has_more"]:
                return found


class Guest(Person):
    """Signed in by name alone: a cookie and its seal; may take another name."""

    def sign_in(self, number):
        reply = self.stack.http("POST", "/api/stocks/chat/session/", {"username": self.username})
        self.cookies, self.csrf = reply.cookies, reply.json["csrf"]
        self.token = next(iter(self.cookies.values()))  # as a bearer it needs no seal

    def rename(self, name):
        return self.stack.http("PATCH", "/api/stocks/chat/me/", {"display_name": name},
                               headers={"X-CSRF-Token": self.csrf}, cookies=self.cookies)


