"""A room as a client holds it that only ever applies events, to be compared with what the server says
when the room is loaded afresh."""
import re

from stack import API, PAGE, WS

LOADED = 200  # rows that a fresh load has at most
MENTION = re.compile(r'<(a|span) class="mention[^>]*data-user="(\d+)"[^>]*>(.*?)</\1>')
# What an event says about itself, not about the message.
OWN = ("type", "room", "seq", "timestamp", "actor_id", "msg_seq", "author_id")


class Fold:
    def __init__(self, stack, token, room="general"):
        self.stack, self.token, self.room = stack, token, room
        self.rows, self.pins, self.seq, self.epoch = {}, [], 0, None

    def load(self):
        """As a page begins: the newest rows, and the cursor that was read with them."""
        page = self.get(f"messages/?room={self.room}&limit={LOADED}")
        self.rows = {m["id"]: m for m in page["messages"]}
        self.seq, self.epoch = page["seq"], page["epoch"]
        self.pins = self.get(f"rooms/{self.room}/pins/")["pins"]
        return self

    def get(self, path):
        return self.stack.get(path, token=self.token).json

    def take(self, event):
        if event.get("room") != self.room or "seq" not in event or event["type"] in ("ack", "resync"):
            return
        if event["seq"] <= self.seq:
            return
        assert event["seq"] == self.seq + 1, f"{event['seq']} after {self.seq}"
        self.seq = event["seq"]
        getattr(self, "on_" + event["type"], lambda _: None)(event)

    def on_message(self, event):
        self.rows[event["id"]] = event
        self.count(event.get("thread"))

    def count(self, thread):
        """What an event says of a thread: the root has it, and every reply."""
        for row in self.rows.values():
            if thread and row["id"] == thread["id"]:
                row.pop("replies", None)
                row.update({"replies": thread["replies"]} if thread["replies"] else {})
            if thread and row.get("thread", {}).get("id") == thread["id"]:
                row["thread"] = thread

    def on_message_edited(self, event):
        row = self.rows[event["id"]]
        for key in ("html", "mentions", "mentions_all"):
            row.pop(key, None)
        row.update({k: event[k] for k in ("message", "html", "rev", "edited_at", "mentions", "mentions_all") if k in event})
        for quote in self.quotes_of(event["id"]):
            quote["excerpt"] = event.get("excerpt", "")
        for pin in self.pins:
            if pin["id"] == event["id"]:
                pin["excerpt"] = event.get("excerpt", "")
        if event.get("deleted"):
            self.on_message_deleted(event)

    def on_renamed(self, event):
        who, name = event["target_id"], event["username"]
        for row in self.rows.values():
            for part in (row, row.get("quote", {})):
                if part.get("user_id") == who:
                    part["username"] = name
            for one in row.get("mentions", ()):
                if one["user_id"] == who:
                    self.reword(row, "@" + one["username"], "@" + name)
                    one["username"] = name
        for pin in self.pins:
            if pin["user_id"] == who:
                pin["username"] = name

    def reword(self, row, before, now):
        """In a text, and in what is shown of it elsewhere."""
        for key in ("message", "html"):
            if key in row:
                row[key] = row[key].replace(before, now)
        for part in self.quotes_of(row["id"]) + [pin for pin in self.pins if pin["id"] == row["id"]]:
            part["excerpt"] = part["excerpt"].replace(before, now)

    def on_message_deleted(self, event):
        row = self.rows[event["id"]]
        for key in ("message", "html", "sentiment", "disclosure", "quote", "reactions", "attachments",
                    "mentions", "mentions_all"):
            row.pop(key, None)
        row["deleted"] = True
        self.count(event.get("thread"))
        self.unpin(event["id"])
        for quote in self.quotes_of(event["id"]):
            quote.pop("excerpt", None)
            quote["deleted"] = True

    def on_reaction(self, event):
        row = self.rows[event["id"]]
        row["reactions"] = event["reactions"]
        if not event["reactions"]:
            row.pop("reactions")

    def on_pin(self, event):
        self.unpin(event["id"])
        if event["on"] and "pin" in event:
            self.pins.insert(0, event["pin"])

    def unpin(self, number):
        self.pins = [pin for pin in self.pins if pin["id"] != number]

    def quotes_of(self, number):
        return [row["quote"] for row in self.rows.values() if row.get("quote", {}).get("id") == number]

    def catch_up_by_poll(self, path=API + "events/"):
        more = True
        while more:
            query = f"?epoch={self.epoch}&rooms={self.room}:{self.seq}&wait=0"
            answer = self.stack.http("GET", path + query, token=self.token).json
            for event in answer["events"]:
                self.take(event)
            more = answer["more"]

    def catch_up_by_long_poll(self):
        self.catch_up_by_poll(WS + "poll/")

    def catch_up_by_socket(self, head):
        sock = self.stack.hello(token=self.token, rooms={self.room: self.seq}, epoch=self.epoch)
        while self.seq < head:
            self.take(sock.recv(30))
        sock.close()

    def fresh(self):
        return Fold(self.stack, self.token, self.room).load()

    def assert_same(self, test, fresh):
        test.assertEqual(self.seq, fresh.seq)
        first = min((row["seq"] for row in fresh.rows.values()), default=0) if len(fresh.rows) == LOADED else 0
        test.assertEqual(sorted(n for n, row in self.rows.items() if row["seq"] >= first), sorted(fresh.rows))
        for number, row in fresh.rows.items():
            test.assertEqual(self.rows[number], row)
        test.assertEqual(self.pins, fresh.pins)
        fresh.assert_page(test)

    def assert_page(self, test):
        """What the server renders as the page is the same, too."""
        page = self.stack.http("GET", f"{PAGE}r/{self.room}/?format=json", token=self.token).json
        for shown in page["messages"]:
            for reaction in shown.get("reactions", ()):
                del reaction["users"]
            for file in shown.get("attachments", ()):
                del file["is_image"], file["size_label"]
            if "html" in shown:  # where the page has links to people
                shown["html"] = MENTION.sub(r'<span data-user="\2">\3</span>', shown["html"])
            row = self.rows[shown["id"]]
            test.assertEqual({key: shown[key] for key in row}, row)
            test.assertEqual("reactions" in shown, "reactions" in row)
        test.assertEqual(page["pins"], self.pins)


def act(stack, method, message_id, rest="", token=None, **body):
    return stack.http(method, f"{API}messages/{message_id}/{rest}", body or None, token=token)
