"""The chat as a handful of lists and dicts: what must be true. Nothing here knows of sockets or files.

An event is told by essence(): what a reader can see of it. A model can be copied: that is a backup."""
import typing

ROOMS = ("general", "energy", "materials")
STATUS = {"too_long": "413", "bad_request": "400", "muted": "403", "banned": "403", "forbidden": "403",
          "client_id_conflict": "409", "slow_mode": "429", "message_not_found": "404",
          "room_not_found": "404", "name_taken": "409", "edit_conflict": "409"}
SLOW_S = 3600  # longer than a run, shorter than the day that the clock is moved by
UNREAD_MOST, UNREAD_LOOKED_AT = 100, 1000
EVENTS = {"edit": "message_edited", "delete": "message_deleted", "react": "reaction", "pin": "pin"}


class Message(typing.NamedTuple):
    kind: str
    id: int
    username: str
    text: str | None  # None: deleted
    user_id: int
    reply_to: int | None
    sentiment: str | None
    client_id: str
    rev: int = 1
    reactions: tuple = ()  # (emoji, (user, …)), …

    def deleted(self):
        return self._replace(text=None, sentiment=None, reactions=())

    def reacted(self, emoji, user_id, on):
        """They stand in the order in which the emoji came; one that nobody has any more is gone."""
        there = {e: set(users) for e, users in self.reactions}
        there.setdefault(emoji, set())
        (there[emoji].add if on else there[emoji].discard)(user_id)
        return self._replace(reactions=tuple((e, tuple(sorted(u))) for e, u in there.items() if u))


def reactions_of(frame):
    return tuple((r["emoji"], tuple(sorted(r["user_ids"]))) for r in frame.get("reactions", ()))


def essence(frame):
    """Of a frame or of an item of messages/."""
    if frame["type"] == "message":
        return Message("message", frame["id"], frame["username"], frame.get("message"), frame["user_id"],
                       frame.get("reply_to"), frame.get("sentiment"), frame["client_id"], frame["rev"],
                       reactions_of(frame))
    if "msg_seq" in frame and frame["type"] != "mention":
        return (frame["type"], frame["id"], frame.get("emoji"), frame.get("on"), frame.get("user_id"))
    what = frame.get("change") or frame.get("act") or frame.get("code")
    return (frame["type"], what, frame.get("of", frame.get("value", frame.get("retention_days"))))


class Room:
    """One log; a person's own is one too."""

    def __init__(self):
        self.log, self.days = [], []  # of seq 1, 2, …, purged ones too
        self.before = {}  # seq: what a message was before it was changed
        self.pins = []    # the newest first
        self.floor = 0
        self.topic = ""
        self.archived = False
        self.slow_s = self.retention_days = 0

    def head(self):
        return len(self.log)

    def append(self, day, *event):
        self.log.append(Message(*event) if event[0] == "message" else event)
        self.days.append(day)

    # ---- what is done to messages ----

    def find(self, msg_id):
        """(seq, message), or None where it is not there any more."""
        return next(((seq, m) for seq, m in self.messages().items() if m.id == msg_id), None)

    def change(self, seq, message):
        """It is another now; as it was it may have been heard by whoever has no cursor."""
        self.before.setdefault(seq, []).append(self.log[seq - 1])
        self.log[seq - 1] = message

    def apply(self, day, seq, user_id, kind, what):
        """What an act makes of the message, and the event that tells of it."""
        message = self.log[seq - 1]
        shown = what.get("emoji"), what.get("on"), user_id if kind == "react" else None
        self.append(day, EVENTS[kind], message.id, *shown)
        if kind == "edit":
            self.change(seq, message._replace(text=what["message"], rev=message.rev + 1))
        elif kind == "react":
            self.change(seq, message.reacted(what["emoji"], user_id, what["on"]))
        elif kind == "delete":
            self.change(seq, message.deleted())
        if kind in ("pin", "delete"):
            self.pins = [pinned for pinned in self.pins if pinned != message.id]
            self.pins[:0] = [message.id] if what.get("on") else []

    def messages(self, after=0):
        """{seq: essence} of those that are there."""
        after = max(after, self.floor)
        return {seq: e for seq, e in enumerate(self.log[after:], after + 1) if e[0] == "message"}

    def purge(self, today):
        """(events, messages) that go: all before the first that is young enough."""
        if not self.retention_days:
            return 0, 0
        cut = next((seq for seq in range(self.floor, self.head())
                    if self.days[seq] >= today - self.retention_days), self.head())
        gone = cut - self.floor, sum(e[0] == "message" for e in self.log[self.floor:cut])
        self.floor = cut
        self.pins = [msg_id for msg_id in self.pins if self.find(msg_id)]
        return gone


class Member:
    def __init__(self, kind, user_id, name, role):
        self.kind, self.user_id, self.name, self.role = kind, user_id, name, role
        self.muted = self.banned = False
        self.marks = {}  # room: seq
        self.own = Room()

    def is_moderator(self):
        return self.role in ("moderator", "admin")


class Model:
    def __init__(self, day):
        self.rooms, self.members = {}, {}
        for slug in ROOMS:
            self.create(slug, day)

    def room(self, slug, who):
        return self.members[who].own if slug == "@me" else self.rooms.get(slug)

    # ---- posting ----

    def find(self, who, client_id):
        """(room, seq, essence) of what this id made; of what was purged nothing is known."""
        user_id = self.members[who].user_id
        for slug, room in self.rooms.items():
            for seq, m in room.messages().items():
                if (m.user_id, m.client_id) == (user_id, client_id):
                    return slug, seq, m
        return None

    def refusal(self, who, slug, text, known, reply_to, day):
        """The code that a post must get; "" where it is stored or was before."""
        member, room = self.members[who], self.rooms.get(slug)
        if member.banned:
            return "banned"
        if not text.strip():
            return "bad_request"
        if len(text) > 2000:
            return "too_long"
        if member.muted:
            return "muted"
        if room.archived:
            return "forbidden"
        if known:
            # What was changed since cannot be compared any more.
            same = known[2].text in (text, None) or known[2].rev > 1
            return "" if known[0] == slug and same else "client_id_conflict"
        if room.slow_s and not member.is_moderator() and self.wrote_on(member, room, day):
            return "slow_mode"
        if reply_to and not any(m.id == reply_to and m.text is not None for m in room.messages().values()):
            return "message_not_found"
        return ""

    def act_refusal(self, who, slug, msg_id, kind, what, day):
        """The code that an act must get; "" where it is done, or was so before."""
        member, room = self.members[who], self.rooms[slug]
        found = room.find(msg_id)
        if member.banned:
            return "banned"
        if not found:
            return "message_not_found"
        if member.muted:
            return "muted"
        if room.archived:
            return "forbidden"
        seq, message = found
        own, fresh = message.user_id == member.user_id, room.days[seq - 1] == day
        rules = {"edit": self.edit_refusal, "delete": self.delete_refusal, "react": self.react_refusal,
                 "pin": self.pin_refusal}
        return rules[kind](member, message, own and fresh, what)

    @staticmethod
    def edit_refusal(member, message, free, what):
        if message.user_id != member.user_id:
            return "forbidden"
        if message.text is None:
            return "message_not_found"
        if not free:
            return "forbidden"
        return "" if what["rev"] == message.rev or what["message"] == message.text else "edit_conflict"

    @staticmethod
    def delete_refusal(member, _message, free, _what):
        return "" if free or member.is_moderator() else "forbidden"

    @staticmethod
    def react_refusal(_member, message, _free, _what):
        return "message_not_found" if message.text is None else ""

    def pin_refusal(self, member, message, _free, what):
        if not member.is_moderator():
            return "forbidden"
        pinned = any(message.id in room.pins for room in self.rooms.values())
        return "message_not_found" if message.text is None and what["on"] and not pinned else ""

    def act(self, who, slug, msg_id, kind, what, day):
        """Does it; what is so already is no event."""
        room, user_id = self.rooms[slug], self.members[who].user_id
        seq, message = room.find(msg_id)
        so = {"edit": lambda: message.text == what["message"],
              "delete": lambda: message.text is None,
              "react": lambda: what["on"] == any(user_id in users for emoji, users in message.reactions
                                                 if emoji == what["emoji"]),
              "pin": lambda: what["on"] == (msg_id in room.pins)}
        if not so[kind]():
            room.apply(day, seq, user_id, kind, what)

    @staticmethod
    def wrote_on(member, room, day):
        days = [room.days[seq - 1] for seq, m in room.messages().items() if m.user_id == member.user_id]
        return bool(days) and days[-1] == day

    # ---- people ----

    def shown(self, who):
        """Host users of one name are told apart."""
        me = self.members[who]
        twin = any(m is not me and m.kind != "guest" and m.name == me.name
                   for m in self.members.values())
        return f"{me.name}#{me.user_id}" if me.kind != "guest" and twin else me.name

    def is_taken(self, name, but):
        return any(m.name == name for who, m in self.members.items() if who != but)

    def tell_name(self, who, day):
        """In their own log, and in each room that has something by them: there it is another name now."""
        me, name = self.members[who], self.shown(who)
        me.own.append(day, "renamed", None, None)
        for room in self.rooms.values():
            mine = {seq: m for seq, m in room.messages().items() if m.user_id == me.user_id}
            for seq, message in mine.items():
                room.change(seq, message._replace(username=name))
            if mine:
                room.append(day, "renamed", None, None)

    def tell_alike(self, name, but, day):
        """Whoever is alone with the name, or was, has a number now or has it no longer."""
        others = [who for who, m in self.members.items()
                  if who != but and m.kind != "guest" and m.name == name]
        if len(others) == 1:
            self.tell_name(others[0], day)

    def name_by_oneself(self, who, name, day):
        before, self.members[who].name = self.members[who].name, name
        if self.members[who].kind != "guest":
            self.tell_name(who, day)
            self.tell_alike(before, who, day)

    def name_by_host(self, who, name, day):
        """A guest that has the name gives way."""
        before = self.members[who].name
        if before == name:
            return
        for other, m in self.members.items():
            if m.kind == "guest" and m.name == name:
                m.name = f"{name}~guest"
                if self.is_taken(m.name, other):
                    m.name = f"{name}~guest{m.user_id}"
                m.own.append(day, "notice", "renamed", None)
        self.members[who].name = name
        self.tell_name(who, day)
        self.tell_alike(before, who, day)
        self.tell_alike(name, who, day)

    def unread(self, who, slug):
        """Of others, past the mark, as far as the server looks; nothing without a mark."""
        member, room = self.members[who], self.rooms[slug]
        if slug not in member.marks or member.marks[slug] >= room.head():
            return 0
        after = list(room.messages(member.marks[slug]).values())[:UNREAD_LOOKED_AT]
        return min(UNREAD_MOST, sum(m.user_id != member.user_id and m.text is not None for m in after))

    # ---- rooms ----

    def create(self, slug, day):
        self.rooms[slug] = Room()
        self.rooms[slug].append(day, "room", "created", None)

    def state(self, who):
        """{room: (head, floor, unread, last read, topic)}, as the list of rooms has it."""
        marks = self.members[who].marks
        return {slug: (r.head(), r.floor, self.unread(who, slug), marks.get(slug, 0), r.topic)
                for slug, r in self.rooms.items() if not r.archived}
