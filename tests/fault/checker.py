"""What must hold after every fault, and the table of what was seen.

acked ⊆ stored; a client id is one row; what was refused for good is not there; every reader has shown
the rooms' logs, each event once, in order, and nothing else; logs are gapless; the file is sound."""
import json
import os
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from driver import ROOMS  # noqa: E402
from stack import BUILD  # noqa: E402


class Stored:
    """What is in the database."""

    def __init__(self, stack):
        with stack.database() as db:
            db.row_factory = sqlite3.Row
            self.messages = db.execute(
                "SELECT m.id, m.seq, m.body, m.client_id, r.slug FROM message m "
                "JOIN room r ON r.id = m.room_id").fetchall()
            self.log = {room: [tuple(row) for row in db.execute(
                "SELECT e.seq, e.kind, e.msg_id FROM event e JOIN room r ON r.id = e.room_id "
                "WHERE r.slug = ? ORDER BY e.seq", (room,))] for room in ROOMS}
            self.broken_rooms = [tuple(row) for row in db.execute(
                "SELECT r.slug, r.head, count(e.id), max(e.seq) FROM room r "
                "LEFT JOIN event e ON e.room_id = r.id GROUP BY r.id "
                "HAVING count(e.id) != r.head - r.floor OR coalesce(max(e.seq), 0) != r.head")]
            self.integrity = db.execute("PRAGMA integrity_check").fetchone()[0]
        self.by_client_id = {}
        for row in self.messages:
            self.by_client_id.setdefault(row["client_id"], []).append(row)


def check_writer(writer, stored):
    wrong = []
    for client_id, (seq, msg_id) in writer.acked.items():
        rows = stored.by_client_id.get(client_id, [])
        room, text = writer.texts[client_id]
        if not rows:
            wrong.append(f"lost: {writer.name} has an ack for {text!r} ({room} {seq})")
        elif (rows[0]["body"], rows[0]["slug"]) != (text, room) or \
                seq not in (None, rows[0]["seq"]) or msg_id not in (None, rows[0]["id"]):
            wrong.append(f"{writer.name}: {text!r} is stored otherwise: {tuple(rows[0])}")
    for client_id, rows in stored.by_client_id.items():
        if client_id in writer.texts and len(rows) > 1:
            wrong.append(f"doubled: {writer.name}: {writer.texts[client_id]} is {len(rows)} rows")
    wrong += [f"stored though refused ({code}): {writer.texts[client_id]}"
              for client_id, code in writer.refused.items() if client_id in stored.by_client_id]
    return wrong


def expected(reader, room, log):
    """The log as this reader must have shown it: of a room loaded anew, the messages."""
    return [event for event in log
            if event[1] == "message" or
            not any(after < event[0] <= up_to for after, up_to in reader.loaded[room])]


def check_reader(reader, stored):
    wrong = [f"{reader.name}: {what}" for what in reader.wrong]
    for room in ROOMS:
        shown, log = reader.shown[room], expected(reader, room, stored.log[room])
        if shown == log:
            continue
        place = next((i for i, pair in enumerate(zip(shown, log)) if pair[0] != pair[1]),
                     min(len(shown), len(log)))
        wrong.append(f"{reader.name} in {room}: shown {shown[place:place + 3]} where the log has "
                     f"{log[place:place + 3]}; {len(shown)} of {len(log)}")
    return wrong


def check(work):
    """[] or what is wrong, each in a sentence."""
    stored = Stored(work.stack)
    wrong = [f"{thread.name} died of {thread.error!r}" for thread in work.failed()]
    for writer in work.writers:
        wrong += check_writer(writer, stored)
    for reader in work.readers:
        wrong += check_reader(reader, stored)
    if stored.integrity != "ok":
        wrong.append(f"integrity_check: {stored.integrity}")
    wrong += [f"a log with holes (slug, head, events, newest): {row}" for row in stored.broken_rooms]
    return wrong


class Table:
    """build/fault-table.txt: rows of all files of the suite, each kept until its fault runs again."""

    columns = ("fault", "rounds", "acked", "lost", "doubled", "no service, s", "worst writer, s")
    path = os.path.join(BUILD, "fault-table.json")

    @classmethod
    def rows(cls):
        try:
            with open(cls.path, encoding="utf-8") as f:
                return json.load(f)
        except FileNotFoundError:
            return {}

    @classmethod
    def add(cls, fault, rounds, work=None, wrong=(), note=""):
        rows = cls.rows()
        doubled = sum("doubled" in w or " came after " in w for w in wrong)
        row = [rounds, "", len(wrong) - doubled, doubled, "", ""]
        if work:
            row[1] = work.acked()
            row[4:] = [f"{work.without_service():.2f}", f"{work.worst_writer():.2f}"]
        rows[fault] = [str(cell) for cell in row] + [note]
        with open(cls.path, "w", encoding="utf-8") as f:
            json.dump(rows, f, indent=1, ensure_ascii=False)

    @classmethod
    def text(cls):
        rows = [cls.columns] + [(fault, *row[:-1]) for fault, row in cls.rows().items()]
        notes = ["note"] + [row[-1] for row in cls.rows().values()]
        widths = [max(len(row[i]) for row in rows) for i in range(len(cls.columns))]
        lines = []
        for row, note in zip(rows, notes):
            cells = [cell.ljust(w) if i == 0 else cell.rjust(w)
                     for i, (cell, w) in enumerate(zip(row, widths))]
            lines.append("  ".join([*cells, note]).rstrip())
        return "\n".join(lines) + "\n"

    @classmethod
    def show(cls):
        text = cls.text()
        with open(os.path.join(BUILD, "fault-table.txt"), "w", encoding="utf-8") as f:
            f.write(text)
        print(text, file=sys.stderr)
