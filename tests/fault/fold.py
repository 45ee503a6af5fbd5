"""The log, folded by a reader of its own, against the tables: what the events tell is the state."""
import collections
import hashlib
import json
import sqlite3

NOTHING = bytes(32)


def field(text):
    return f"{len(text.encode())}:{text}\n" if text is not None else "-\n"


def chained(previous, e):
    """The hash that an event must have; db/event.h says of what it is made."""
    numbers = (e["room_id"], e["seq"], e["ts_ms"]), (e["msg_id"], e["actor_id"], e["target_user_id"])
    first, second = ("".join(f"{n or 0}\n" for n in some) for some in numbers)
    body = e["body_hash"].hex() if e["body_hash"] else None
    return hashlib.sha256(previous + (first + field(e["kind"]) + second + field(e["payload"])
                                      + field(body)).encode()).digest()


class Fold:
    def __init__(self):
        self.messages = {}   # id: [room, seq, author, when, deleted by, hashes of salt and text by rev]
        self.reactions = set()  # (message, emoji, user)
        self.pins = {}       # message: who pinned it
        self.rooms = {}      # room: {column: value}, as far as the log goes back
        self.people = {}     # user: {column: value}
        self.wrong = []

    def take(self, e):
        payload = json.loads(e["payload"] or "{}")
        if e["kind"] == "message":
            self.messages[e["msg_id"]] = [e["room_id"], e["seq"], e["actor_id"], e["ts_ms"], None, [e["body_hash"]]]
        elif e["msg_id"] in self.messages:
            self.change_message(e, payload)
        elif e["kind"] == "room":
            self.change_room(self.rooms.setdefault(e["room_id"], {}), payload)
        elif payload.get("act") == "slow":
            self.rooms.setdefault(e["room_id"], {})["slow_s"] = payload["value"]
        elif e["kind"] == "moderation":
            self.change_person(self.people.setdefault(e["target_user_id"], {}), payload)

    def change_message(self, e, payload):
        msg_id = e["msg_id"]
        if e["kind"] == "message_edited":
            self.messages[msg_id][-1].append(e["body_hash"])
        elif e["kind"] == "reaction":
            (self.reactions.add if payload["on"] else self.reactions.discard)(
                (msg_id, payload["emoji"], payload["user_id"]))
        elif e["kind"] == "pin":
            self.pins.pop(msg_id, None)
            self.pins.update({msg_id: e["actor_id"]} if payload["on"] else {})
        elif e["kind"] == "message_deleted":
            self.messages[msg_id][-2] = e["actor_id"]
            self.reactions = {r for r in self.reactions if r[0] != msg_id}
            self.pins.pop(msg_id, None)

    @staticmethod
    def change_room(room, payload):
        if payload["change"] == "policy":
            room["retention_days"] = payload["retention_days"]
        elif payload["change"] in ("archived", "restored"):
            room["archived"] = payload["change"] == "archived"

    @staticmethod
    def change_person(person, payload):
        act = payload["act"]
        if act in ("mute", "ban"):
            person["muted_until" if act == "mute" else "banned_until"] = payload["until"]
        elif act == "undo":
            person["muted_until" if payload["of"] == "mute" else "banned_until"] = 0
        elif act == "role":
            person["role"] = payload["value"]
        elif act == "revoke":
            person["tokens_valid_after"] = payload["until"]


def fold_log(db, room):
    """One room's events in order; what is wrong with the log itself is in .wrong."""
    fold, seq, previous = Fold(), room["floor"], room["floor_hash"] or NOTHING
    for e in db.execute("SELECT * FROM event WHERE room_id = ? ORDER BY seq", (room["id"],)):
        if e["seq"] != seq + 1:
            fold.wrong.append(f"{room['slug']}: {e['seq']} after {seq}")
        if chained(previous, e) != e["hash"]:
            fold.wrong.append(f"{room['slug']} {e['seq']}: not chained to what was before")
        seq, previous = e["seq"], e["hash"]
        fold.take(e)
    if (seq, previous) != (room["head"], room["head_hash"] or NOTHING):
        fold.wrong.append(f"{room['slug']}: ends at {seq}, its head is {room['head']}")
    return fold


def compare_row(table, row, folded):
    return [f"{table} {row['id']}: {column} is {row[column]}, the log says {value}"
            for column, value in folded.items() if row[column] != value]


def text_hash(row):
    return hashlib.sha256(row["salt"] + row["body"].encode()).digest()


def stored_messages(db):
    """As Fold.messages; of a deleted one all that it said is among its revisions."""
    earlier = {}
    for row in db.execute("SELECT * FROM message_rev ORDER BY msg_id, rev"):
        earlier.setdefault(row["msg_id"], []).append(text_hash(row))
    return {m["id"]: [m["room_id"], m["seq"], m["user_id"], m["created_ms"], m["deleted_by"],
                      earlier.get(m["id"], []) + ([] if m["deleted_ms"] else [text_hash(m)])]
            for m in db.execute("SELECT * FROM message")}


def differences(db):
    """[] or what the tables have otherwise than the log, each in a sentence."""
    db.row_factory = sqlite3.Row
    db.execute("BEGIN")
    users = {row["id"]: row for row in db.execute("SELECT * FROM user")}
    stored = {"message": stored_messages(db),
              "reaction": dict.fromkeys(tuple(row) for row in db.execute(
                  "SELECT msg_id, emoji, user_id FROM reaction")),
              "reactions of": {(row["msg_id"], row["emoji"]): row["count"] for row in db.execute(
                  "SELECT * FROM reaction_count")},
              "pin": {row["msg_id"]: row["user_id"] for row in db.execute("SELECT * FROM pin")}}
    wrong, folded = [], {"message": {}, "reaction": {}, "pin": {}}
    for room in db.execute("SELECT *, archived_ms > 0 AS archived FROM room").fetchall():
        fold = fold_log(db, room)
        folded["message"].update(fold.messages)
        folded["reaction"].update(dict.fromkeys(fold.reactions))
        folded["pin"].update(fold.pins)
        wrong += fold.wrong + compare_row("room", room, fold.rooms.get(room["id"], {}))
        for user_id, state in fold.people.items():
            wrong += compare_row("user", users[user_id], state)
    db.execute("COMMIT")
    folded["reactions of"] = collections.Counter((msg_id, emoji) for msg_id, emoji, _ in folded["reaction"])
    return wrong + [f"{what} {i}: {stored[what].get(i, 'none')}, the log says {folded[what].get(i, 'none')}"
                    for what in stored for i in stored[what].keys() | folded[what].keys()
                    if stored[what].get(i, "none") != folded[what].get(i, "none")]
