"""People who do things to what they wrote: edit, react, pin, delete, one act after the other. What was
acknowledged is so afterwards, once: in the tables, and as one event of the log."""
import os
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from stack import API, new_client_id  # noqa: E402
from writing import FormWriter, HelloWriter, HttpWriter  # noqa: E402

EMOJI = ("👍", "🚀", "📉")
ACTS_EACH = 6  # to one message, before the next is written


class ActByHttp(HttpWriter):
    METHODS = {True: "PUT", False: "DELETE"}

    def act(self, kind, msg_id, **what):
        at = f"{API}messages/{msg_id}/"
        method, path, body = {
            "edit": lambda: ("PATCH", at, what),
            "delete": lambda: ("DELETE", at, None),
            "pin": lambda: (self.METHODS[what["on"]], f"{at}pin/", None),
            "react": lambda: (self.METHODS[what["on"]],
                              f"{at}reactions/{urllib.parse.quote(what['emoji'])}/", None)}[kind]()
        return self.outcome(lambda: self.stack.http(method, path, body, token=self.token))


class ActByForm(FormWriter):
    def act(self, kind, msg_id, **what):
        fields = [(key, int(value) if isinstance(value, bool) else value) for key, value in what.items()]
        return self.outcome(lambda: self.stack.http(
            "POST", f"{API}messages/{msg_id}/{kind}/", fields, headers={"Accept": "text/html"},
            token=self.token))


class ActBySocket(HelloWriter):
    def act(self, kind, msg_id, **what):
        client_id = new_client_id()
        return self.exchange(client_id, {"type": kind, "msg_id": msg_id, "client_id": client_id, **what})


WAYS_TO_ACT = {"json": ActByHttp, "form": ActByForm, "hello": ActBySocket}


class Thing:
    """A message as its author knows it to be."""

    def __init__(self, msg_id, text):
        self.msg_id, self.text = msg_id, text
        self.edits = 0
        self.marks = {}     # (kind, emoji or ""): whether it is there
        self.changes = {}   # the same: how often that changed
        self.settled = set()  # of these: what is not taken back any more
        self.deleted = False

    def says(self):
        return "" if self.deleted else self.text


class Acts:
    """What one person does, by chance; `surely(ask)` asks until the outcome is known."""

    def __init__(self, way, random, surely):
        self.way, self.random, self.surely = way, random, surely
        self.things, self.done = [], 0

    def now(self):
        return self.things[-1] if self.things and not self.things[-1].deleted else None

    def begin(self, msg_id, text):
        self.things.append(Thing(msg_id, text))

    def one(self):
        """An act to the message at hand; its end, now and then, after enough of them."""
        thing = self.now()
        self.done += 1
        if self.done % ACTS_EACH == 0:
            self.delete(thing)
        elif self.random.random() < 0.4:
            self.edit(thing)
        else:
            self.mark(thing, *self.random.choice([("pin", ""), *(("react", e) for e in EMOJI)]))

    def ask(self, *args, **what):
        """(whether it is known to be done, how often it was asked)"""
        outcome, tries = self.surely(lambda: self.way.act(*args, **what))
        return outcome is not None and outcome.kind == "acked", tries

    def edit(self, thing):
        text = f"{thing.text.split(' edit ')[0]} edit {thing.edits + 1}"
        if self.ask("edit", thing.msg_id, message=text, rev=thing.edits + 1)[0]:
            thing.text = text
            thing.edits += 1

    def mark(self, thing, kind, emoji):
        key = kind, emoji
        on = not thing.marks.get(key, False)
        if key in thing.settled:
            return
        acked, tries = self.ask(kind, thing.msg_id, on=on, **({"emoji": emoji} if emoji else {}))
        if tries > 1:  # the first may still be on its way, and would undo what came after it
            thing.settled.add(key)
        if acked:
            thing.marks[key] = on
            thing.changes[key] = thing.changes.get(key, 0) + 1

    def delete(self, thing):
        thing.deleted = self.ask("delete", thing.msg_id)[0]


class StoredActs:
    """What the tables and the log have of messages."""

    def __init__(self, db):
        self.messages = {row["id"]: row for row in db.execute("SELECT * FROM message")}
        self.reactions = {tuple(row) for row in db.execute("SELECT msg_id, emoji, user_id FROM reaction")}
        self.pins = {row["msg_id"] for row in db.execute("SELECT msg_id FROM pin")}
        self.events = {(row["msg_id"], row["kind"]): row["n"] for row in db.execute(
            "SELECT msg_id, kind, count(*) AS n FROM event WHERE msg_id > 0 GROUP BY msg_id, kind")}

    def of(self, thing):
        """What it should be compared with, as expected() has it."""
        row = self.messages[thing.msg_id]
        marks = {("react", emoji) for msg_id, emoji, user_id in self.reactions
                 if (msg_id, user_id) == (thing.msg_id, row["user_id"])}
        marks |= {("pin", "")} if thing.msg_id in self.pins else set()
        events = {kind: self.events.get((thing.msg_id, kind), 0)
                  for kind in ("message", "message_edited", "message_deleted", "reaction", "pin")}
        return row["body"], row["rev"], row["deleted_ms"] > 0, marks, events


def expected(thing):
    # Pins and reactions go with their message; that is one event.
    marks = {key for key, on in thing.marks.items() if on and not thing.deleted}
    changes = {kind: sum(n for key, n in thing.changes.items() if key[0] == kind) for kind in ("react", "pin")}
    return thing.says(), thing.edits + 1, thing.deleted, marks, {
        "message": 1, "message_edited": thing.edits, "message_deleted": int(thing.deleted),
        "reaction": changes["react"], "pin": changes["pin"]}


def check_acts(actor, stored):
    wrong = []
    for thing in actor.acts.things:
        if thing.msg_id not in stored.messages:
            continue  # check_writer() says so
        there, asked = stored.of(thing), expected(thing)
        if there != asked:
            wrong.append(f"{actor.name}: {thing.msg_id} is {there}, acknowledged was {asked}")
    return wrong
