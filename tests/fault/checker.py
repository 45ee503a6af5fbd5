"""What must hold after every fault, and the table of what was seen.

acked ⊆ stored; a client id is one row; what was refused for good is not there; every reader has shown
the rooms' logs, each event once, in order, and nothing else; logs are gapless; the file is sound."""
import os
import sqlite3
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import fault_table  # noqa: E402
from acting import StoredActs, check_acts  # noqa: E402
from driver import ROOMS  # noqa: E402


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
            self.acts = StoredActs(db)
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
    for writer in work.senders():
        wrong += check_writer(writer, stored)
    for actor in work.actors:
        wrong += check_acts(actor, stored.acts)
    for reader in work.readers:
        wrong += check_reader(reader, stored)
    if stored.integrity != "ok":
        wrong.append(f"integrity_check: {stored.integrity}")
    wrong += [f"a log with holes (slug, head, events, newest): {row}" for row in stored.broken_rooms]
    return wrong


class Table:
    """Rows of the run's table. What was lost is whatever else was wrong."""

    @staticmethod
    def add(fault, rounds, work=None, wrong=(), note="", acked=None):
        doubled = sum("doubled" in w or " came after " in w for w in wrong)
        if work:
            # Where nobody writes all the time, the time between two acks says nothing.
            times = [f"{t:.2f}" for t in (work.without_service(), work.worst_writer())] \
                if work.writers else [None, None]
            acked = work.acked() if acked is None else acked
        else:
            times = [None, None]
        fault_table.add(fault, [rounds, acked, len(wrong) - doubled, doubled, *times], note)

    @staticmethod
    def show():
        """For those who run one file by itself: tests/run prints the whole at its end."""
        print(fault_table.text(), file=sys.stderr)
