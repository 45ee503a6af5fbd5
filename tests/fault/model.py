"""The chat as a handful of lists and dicts: what must be true. Nothing here knows of sockets or files.

An event is told by essence(): what a reader can see of it. A model can be copied: that is a backup."""

ROOMS = ("general", "energy", "materials")
STATUS = {"too_long": "413", "bad_request": "400", "muted": "403", "banned": "403", "forbidden": "403",
          "client_id_conflict": "409", "slow_mode": "429", "message_not_found": "404",
          "room_not_found": "404", "name_taken": "409"}
SLOW_S = 3600  # longer than a run, shorter than the day that the clock is moved by
UNREAD_MOST, UNREAD_LOOKED_AT = 100, 1000


def essence(frame):
    """Of a frame or of an item of messages/."""
    if frame["type"] == "message":
        return ("message", frame["id"], frame["username"], frame["message"], frame["user_id"],
                frame.get("reply_to"), frame.get("sentiment"), frame["client_id"])
    what = frame.get("change") or frame.get("act") or frame.get("code")
    return (frame["type"], what, frame.get("of", frame.get("value", frame.get("retention_days"))))


class Room:
    """One log; a person's own is one too."""

    def __init__(self):
        self.log, self.days = [], []  # of seq 1, 2, …, purged ones too
        self.floor = 0
        self.topic = ""
        self.archived = False
        self.slow_s = self.retention_days = 0

    def head(self):
        return len(self.log)

    def append(self, day, *event):
        self.log.append(event)
        self.days.append(day)

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
            for seq, e in room.messages().items():
                if (e[4], e[7]) == (user_id, client_id):
                    return slug, seq, e
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
            return "" if (known[0], known[2][3]) == (slug, text) else "client_id_conflict"
        if room.slow_s and not member.is_moderator() and self.wrote_on(member, room, day):
            return "slow_mode"
        if reply_to and all(e[1] != reply_to for e in room.messages().values()):
            return "message_not_found"
        return ""

    @staticmethod
    def wrote_on(member, room, day):
        days = [room.days[seq - 1] for seq, e in room.messages().items() if e[4] == member.user_id]
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

    def name_by_host(self, who, name, day):
        """A guest that has the name gives way."""
        if self.members[who].name == name:
            return
        for other, m in self.members.items():
            if m.kind == "guest" and m.name == name:
                m.name = f"{name}~guest"
                if self.is_taken(m.name, other):
                    m.name = f"{name}~guest{m.user_id}"
                m.own.append(day, "notice", "renamed", None)
        self.members[who].name = name

    def unread(self, who, slug):
        """Of others, past the mark, as far as the server looks; nothing without a mark."""
        member, room = self.members[who], self.rooms[slug]
        if slug not in member.marks or member.marks[slug] >= room.head():
            return 0
        after = list(room.messages(member.marks[slug]).values())[:UNREAD_LOOKED_AT]
        return min(UNREAD_MOST, sum(e[4] != member.user_id for e in after))

    # ---- rooms ----

    def create(self, slug, day):
        self.rooms[slug] = Room()
        self.rooms[slug].append(day, "room", "created", None)

    def state(self, who):
        """{room: (head, floor, unread, last read, topic)}, as the list of rooms has it."""
        marks = self.members[who].marks
        return {slug: (r.head(), r.floor, self.unread(who, slug), marks.get(slug, 0), r.topic)
                for slug, r in self.rooms.items() if not r.archived}
