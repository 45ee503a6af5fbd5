"""People who use the real chat as it is used: each with a way to write, a way to read, a cursor in every
room that was ever entered, and what is on the screen."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from acting import WAYS_TO_ACT  # noqa: E402
from model import essence, reactions_of  # noqa: E402
from reading import PASSING, READERS, PollFeed  # noqa: E402
from stack import API, PAGE, new_client_id  # noqa: E402
from writing import BROKEN, WRITERS, SeedWriter  # noqa: E402

LAG = 60  # ws_max_lag_events of these runs: some fall that far behind
ANSWER_S = 30
WAITS = ("slow_mode", "429")  # refusals that trying again does not change


class OwnSeed(SeedWriter):
    """A seed socket that shows a token."""

    def open(self):
        return self.stack.ws(token=self.token)


class WaitingPoll(PollFeed):
    """events/ that may be held until there is something."""

    wait = "&wait=1"


WAYS_TO_WRITE = dict(WRITERS, seed=OwnSeed)
WAYS_TO_READ = dict(READERS, wait=WaitingPoll)


class Person:
    """A user of the host, whose token has the name."""

    kind = "host"

    def __init__(self, world, number, role=None):
        self.world, self.stack, self.number, self.role = world, world.stack, number, role
        self.claim = f"person{number}"
        self.way_to_write, self.way_to_read = world.to_write[0], world.to_read[0]
        self.writer = self.feed = None
        self.leaving = False                  # may not load anything any more
        self.epoch = world.epoch
        self.following = ["general", "@me"]
        self.seen = {"general": 0, "@me": 0}  # room: seq, of all rooms that were entered
        self.screen = {}                      # room: {seq: essence}
        self.sent = []                        # (client id, room, text)
        self.sign_in()

    def sign_in(self):
        self.token = self.stack.token(self.number, self.claim, self.role, ttl=400 * 86400,
                                      iat=int(self.stack.now()))

    @property
    def member(self):
        return self.world.model.members[self.number]

    def room(self, slug):
        return self.world.model.room(slug, self.number)

    def headers(self, method):
        return {"token": self.token}

    def http(self, method, path, body=None):
        """Asks until something other than a broken server answers."""
        deadline = time.monotonic() + ANSWER_S
        while True:
            try:
                reply = self.stack.http(method, path, body, **self.headers(method))
                if reply.status < 500 or time.monotonic() > deadline:
                    return reply
            except BROKEN:
                if time.monotonic() > deadline:
                    raise

    def get(self, path):
        return self.http("GET", API + path).json

    # ---- writing ----

    def send_surely(self, room, text, client_id, **extras):
        """Until it is known what became of it."""
        deadline = time.monotonic() + ANSWER_S
        while True:
            if self.writer is None:
                self.writer = WAYS_TO_WRITE[self.way_to_write](self.stack, self.token, self.claim)
            outcome = self.writer.send(text, client_id, room, **extras)
            if outcome.kind in ("acked", "refused") or outcome.code in WAITS or self.member.banned \
                    or time.monotonic() > deadline:
                return outcome

    def act_surely(self, kind, msg_id, **what):
        """Until it is known what became of it."""
        way = WAYS_TO_ACT.get(self.way_to_write, WAYS_TO_ACT["json"])(self.stack, self.token, self.claim)
        deadline = time.monotonic() + ANSWER_S
        try:
            while True:
                outcome = way.act(kind, msg_id, **what)
                if outcome.kind in ("acked", "refused") or self.member.banned or time.monotonic() > deadline:
                    return outcome
        finally:
            way.close()

    def switch_writing(self, way):
        if self.writer:
            self.writer.close()
        self.way_to_write, self.writer = way, None

    def hang_up(self):
        """Whatever is open: the token in it is not the right one any more, or the server is gone."""
        self.disconnect()
        self.switch_writing(self.way_to_write)

    # ---- reading ----

    def disconnect(self):
        if self.feed:
            self.feed.close()
        self.feed = None

    def cursors(self):
        return {room: self.seen[room] for room in self.following}

    def tell(self, **frame):
        """Over the open socket. False where there is none, or it turns out to be dead."""
        if self.feed is None or self.way_to_read != "socket":
            return False
        try:
            self.feed.socket.send(**frame)
        except BROKEN:
            return False
        return True

    def follow(self, room):
        if room in self.following:
            return
        self.following.append(room)
        self.seen.setdefault(room, 0)
        if not self.tell(type="subscribe", room=room, since=self.seen[room], epoch=self.epoch):
            self.disconnect()

    def leave(self, room):
        self.following.remove(room)
        if not self.tell(type="unsubscribe", room=room):
            self.disconnect()

    def rewind(self, room, seq):
        """A page that slept since it had seen this much."""
        self.disconnect()
        self.seen[room] = seq
        self.screen[room] = {s: e for s, e in self.screen.get(room, {}).items() if s <= seq}

    def behind(self):
        return self.epoch != self.world.epoch or \
            any(self.seen[room] != self.room(room).head() for room in self.following)

    def read_some(self, seconds=0.3):
        """Shows what comes within that time. False where the way broke."""
        try:
            if self.feed is None:
                self.feed = WAYS_TO_READ[self.way_to_read](self.stack, self.token, self.epoch,
                                                           self.cursors())
            for frame in self.feed.next(seconds):
                self.show(frame)
                if self.feed is None:  # to be opened anew; the rest will come again
                    break
        except BROKEN:
            self.disconnect()
            return False
        return True

    def catch_up(self):
        """Reads until the screen is what the model's heads say; never over a hole."""
        deadline = time.monotonic() + ANSWER_S
        while self.behind():
            if time.monotonic() > deadline:
                heads = {room: self.room(room).head() for room in self.following}
                raise AssertionError(f"{self.claim} by {self.way_to_read} does not get on: "
                                     f"{self.cursors()}, heads {heads}")
            self.read_some()

    def show_token(self):
        """A new one, to the open socket. False where the socket broke."""
        deadline = time.monotonic() + ANSWER_S
        try:
            self.feed.socket.send(type="auth", token=self.token)
            while time.monotonic() < deadline:
                for frame in self.feed.next(1):
                    if frame["type"] == "auth_ok":
                        return True
                    self.show(frame)
        except BROKEN:
            self.disconnect()
            return False
        raise AssertionError(f"{self.claim}: no answer to auth")

    def await_end(self):
        """The server closes what is open, by itself."""
        if self.feed is None or self.way_to_read not in ("socket", "stream"):
            self.disconnect()
            return
        deadline, self.leaving = time.monotonic() + ANSWER_S, True
        while self.read_some():
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.claim} is still connected by {self.way_to_read}")
        self.leaving = False

    def show(self, frame):
        room = frame.get("room")
        if frame["type"] == "error" and room in self.following:
            raise AssertionError(f"{self.claim}: {frame}")
        if frame["type"] == "resync" and room in self.following and not self.leaving:
            self.reload(frame)
        if frame["type"] in PASSING or room not in self.following:
            return  # what was on its way as the room was left
        if frame["seq"] <= self.seen[room]:
            return  # had before it was left and entered again
        if frame["seq"] != self.seen[room] + 1:
            raise AssertionError(f"{self.claim} in {room}: {frame['seq']} after "
                                 f"{self.seen[room]} by {self.way_to_read}")
        self.seen[room] = frame["seq"]
        shown = self.screen.setdefault(room, {})
        shown[frame["seq"]] = essence(frame)
        if frame["type"] == "renamed":
            shown.update({seq: e._replace(username=frame["username"]) for seq, e in shown.items()
                          if e[0] == "message" and e.user_id == frame["target_id"]})
        if frame.get("msg_seq") in shown:
            shown[frame["msg_seq"]] = self.changed(shown[frame["msg_seq"]], frame)

    @staticmethod
    def changed(message, frame):
        """What an event makes of the message that is on the screen."""
        if frame["type"] == "message_edited":
            now = message._replace(text=frame.get("message"), rev=frame["rev"])
            return now.deleted() if frame.get("deleted") else now
        if frame["type"] == "message_deleted":
            return message.deleted()
        if frame["type"] == "reaction":
            return message._replace(reactions=reactions_of(frame))
        return message

    # ---- loading again ----

    def due_resync(self, slug):
        """Why this room must be loaded again, if it must."""
        room, seen = self.room(slug), self.seen[slug]
        if self.epoch != self.world.epoch:
            return "epoch"
        if seen < room.floor:
            return "floor"
        return "lag" if room.head() - seen > LAG else None

    def reload(self, frame):
        room = frame["room"]
        if frame["epoch"] == self.epoch != self.world.epoch:
            return  # was on its way as another history took the place of this one
        if frame["reason"] != self.due_resync(room):
            raise AssertionError(f"{self.claim} with {self.cursors()}: {frame}")
        if frame["reason"] == "epoch":
            self.load_everything()
        else:
            self.load(room)
        if self.way_to_read == "socket" and frame["reason"] != "epoch":
            self.feed.resume(self.epoch, room, self.seen[room])
        else:
            self.disconnect()

    def load_everything(self):
        """Another history: of the one that was shown nothing is of use."""
        self.following = [room for room in self.following if self.room(room)]
        self.screen, self.seen = {}, {}
        for room in self.following:
            self.load(room)

    def load(self, room):
        """A page's worth and what came before it, as history; of what else happened nothing is known."""
        page = self.get(f"messages/?room={room}&limit=1")
        self.epoch, self.seen[room] = page["epoch"], page["seq"]
        self.screen[room] = self.fresh_messages(room, page["floor"])

    # ---- what the server says when asked anew ----

    def fresh_me(self):
        me = self.get("me/")["user"]
        return me["id"], me["username"], me["role"]

    def fresh_state(self):
        """{room: (head, floor, unread, last read, topic)}"""
        return {r["id"]: (r["seq"], r["floor"], r["unread"], r["last_read_seq"], r["topic"])
                for r in self.get("rooms/")["rooms"] if r["id"] in self.world.model.rooms}

    def fresh_messages(self, room, after):
        """{seq: essence} of those newer than `after`."""
        found = {}
        while True:
            page = self.get(f"messages/?room={room}&after={after}&limit=200")
            for m in page["messages"]:
                found[m["seq"]] = essence(m)
                after = m["seq"]
            if not page["has_more"]:
                return found

    def fresh_pins(self, room):
        return [pin["id"] for pin in self.get(f"rooms/{room}/pins/")["pins"]]

    def newest_on_page(self, room):
        """({seq: essence}, pins) of what the page without JavaScript shows."""
        page = self.http("GET", f"{PAGE}r/{room}/?format=json").json
        return {m["seq"]: essence(m) for m in page["messages"]}, [pin["id"] for pin in page["pins"]]

    def messages_after(self, room, after):
        """The same, over the socket where one is open."""
        if self.feed and self.way_to_read == "socket":
            try:
                return self.history_by_frame(room, after)
            except BROKEN:
                self.disconnect()
        return self.fresh_messages(room, after)

    def history_by_frame(self, room, after):
        found, deadline = {}, time.monotonic() + ANSWER_S
        self.feed.socket.send(type="history", room=room, after=after, limit=200)
        while time.monotonic() < deadline:
            for frame in self.feed.next(1):
                if frame["type"] != "history":
                    self.show(frame)
                    continue
                found.update({m["seq"]: essence(m) for m in frame["messages"]})
                if not frame["has_more"]:
                    return found
                self.feed.socket.send(type="history", room=room, after=max(found), limit=200)
        raise AssertionError(f"{self.claim}: no answer to history")

    def mark_read(self, room, up_to):
        """By the open socket or by HTTP; (last read, unread) afterwards."""
        if self.tell(type="read", room=room, up_to=up_to):
            deadline = time.monotonic() + ANSWER_S
            while True:
                state = self.fresh_state()[room]
                if state[3] >= up_to or time.monotonic() > deadline:
                    return state[3], state[2]
                if not self.read_some(0.05):
                    break  # it broke: what was asked may be lost
        reply = self.http("PUT", f"{API}rooms/{room}/read/", {"up_to": up_to}).json
        return reply["last_read_seq"], reply["unread"]


class Nameless(Person):
    """A user of the host, whose token has no name."""

    kind = "nameless"

    def sign_in(self):
        self.token = self.stack.token(self.number, None, ttl=400 * 86400, iat=int(self.stack.now()))

    def rename(self, name):
        return self.http("PATCH", API + "me/", {"display_name": name})


class Guest(Nameless):
    """Signed in by name alone: a cookie and its seal. What it writes by itself is by bearer."""

    kind = "guest"

    def sign_in(self):
        reply = self.stack.http("POST", API + "session/", {"username": f"person{self.number}"})
        self.cookies, self.csrf = reply.cookies, reply.json["csrf"]
        self.token = next(iter(self.cookies.values()))

    def headers(self, method):
        return {"cookies": self.cookies,
                "headers": {} if method == "GET" else {"X-CSRF-Token": self.csrf}}


class Ear:
    """A seed socket: it has no cursor and hears the default room from its opening on. Its owner, a
    moderator, opens it by saying something, and so knows from where on it hears. Without a sidecar it is
    deaf."""

    def __init__(self, owner):
        self.owner, self.world, self.socket = owner, owner.world, None

    def open(self):
        if not self.world.stack.with_sidecar:
            return
        self.socket = self.world.stack.ws(token=self.owner.token)
        client_id = new_client_id()
        self.socket.send(type="message", message="listening", client_id=client_id, username="listener")
        heard = self.socket.until("message", ANSWER_S, client_id=client_id)
        self.world.model.rooms["general"].append(self.world.day, *essence(heard))
        self.since = self.world.model.rooms["general"].head()

    def close(self):
        if self.socket:
            self.socket.connection.shutdown()
        self.socket = None

    def missing(self):
        """[] or what was not heard, or was heard otherwise."""
        if self.socket is None:
            return []
        general = self.world.model.rooms["general"]
        for seq, said in enumerate(general.log[self.since:], self.since + 1):  # what was purged meanwhile too
            if said[0] == "message":
                heard = essence(self.socket.until("message", ANSWER_S))
                if heard not in (said, *general.before.get(seq, ())):
                    return [said, heard]
        self.since = general.head()
        return []
