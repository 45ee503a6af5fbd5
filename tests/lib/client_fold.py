"""A client that holds several rooms and only ever applies what it is told, to be compared with one that
loads everything now: what it was not told of is what differs."""
from room_fold import Fold
from stack import API, WS
from streams import Stream, query


class Client:
    """Of the list of rooms events say only that it changed: then it is asked for, as the page does."""

    def __init__(self, stack, token, public=("general",)):
        self.stack, self.token, self.public = stack, token, public
        self.folds, self.list, self.me, self.epoch = {}, {}, 0, None
        self.stale = False

    def load(self):
        self.me = self.get("me/")["seq"]
        self.folds = {}
        return self.refresh()

    def get(self, path):
        return self.stack.get(path, token=self.token).json

    def refresh(self):
        """The list, and what is in rooms that are new to it."""
        answer = self.get("rooms/")
        there = {room["id"]: room for room in answer["rooms"] + answer["away"]}
        mine = [slug for slug, room in there.items() if room["kind"] != "public" or slug in self.public]
        self.list = {"rooms": {slug: self.shown(there[slug]) for slug in mine},
                     "invitations": answer["invitations"],
                     "ignored": self.get("me/ignored/")["ignored"]}
        self.folds = {slug: self.folds.get(slug) or Fold(self.stack, self.token, slug).load() for slug in mine}
        self.epoch = self.folds[self.public[0]].epoch
        self.stale = False
        return self

    @staticmethod
    def shown(room):
        return {key: value for key, value in room.items() if key not in ("seq", "unread", "last_read_seq")}

    # ---- what it is told ----

    def take(self, event):
        if event["type"] == "error":
            assert event["code"] == "room_not_found", event
            self.folds.pop(event["room"], None)
        elif event["type"] == "resync":
            self.folds.pop(event["room"], None)
            self.stale = True
        elif event.get("room") == "@me" and "seq" in event:
            self.take_own(event)
        elif event.get("room") in self.folds:
            self.stale |= event["type"] in ("room", "moderation") and event["seq"] > self.folds[event["room"]].seq
            hidden = self.list["rooms"].get(event["room"], {}).get("hidden", False)
            self.stale |= hidden and event["type"] == "message"  # it may be back
            self.folds[event["room"]].take(event)

    def take_own(self, event):
        if event["seq"] <= self.me:
            return
        assert event["seq"] == self.me + 1, f"@me: {event['seq']} after {self.me}"
        self.me = event["seq"]
        self.stale = True
        if event["type"] == "ignored":  # what is shown of everybody may be another
            self.folds = {}
        if event.get("change") in ("left", "removed"):
            self.folds.pop(event["of"], None)

    # ---- ways to catch up ----

    def cursors(self):
        return {"@me": self.me, **{slug: fold.seq for slug, fold in self.folds.items()}}

    def settle(self):
        """Whatever was new to it is asked for; then nothing is missing."""
        if self.stale:
            self.refresh()

    def by_polls(self, path=API + "events/"):
        more = True
        while more:
            what = query(self.cursors(), epoch=self.epoch, wait=0)
            reply = self.stack.http("GET", f"{path}?{what}", token=self.token)
            answer = reply.json
            for event in answer.get("events", ()):
                self.take(event)
            for room in answer.get("missing", ()):
                self.folds.pop(room, None)
            for event in answer.get("resync", ()):
                self.take({**event, "type": "resync"})
            more = answer.get("more", reply.status == 410)
        self.settle()

    def by_long_polls(self):
        self.by_polls(WS + "poll/")

    def by_socket(self):
        sock = self.stack.hello(token=self.token, rooms=self.cursors(), epoch=self.epoch)
        self.follow(sock)
        sock.close()

    def by_stream(self):
        stream = Stream(self.stack.dial(), self.cursors(), self.token, epoch=self.epoch)
        stream.until("welcome", 30)
        self.follow(stream)
        stream.close()

    def follow(self, reader):
        """Up to the heads that the welcome told."""
        heads = {slug: room["seq"] for slug, room in reader.welcome["rooms"].items()}
        refused = [slug for slug in self.folds if slug not in heads]
        while any(slug in self.folds for slug in refused) or any(
                self.cursors().get(slug, seq) < seq for slug, seq in heads.items()):
            self.take(reader.recv(30))
        self.settle()

    # ---- what it shows ----

    def assert_same(self, test, fresh):
        test.assertEqual(self.me, fresh.me)
        test.assertEqual(self.list, fresh.list)
        test.assertEqual(sorted(self.folds), sorted(fresh.folds))
        for slug, fold in fresh.folds.items():
            self.folds[slug].assert_same(test, fold)
