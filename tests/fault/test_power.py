#!/usr/bin/python3
"""The power goes: of what was written only what was synced is sure to be on the disk, of the rest any
part. strace tells what the sidecar writes, syncs and acknowledges, in order; at many instants of that
the disk is made as it may then have been, opened, and compared with the acks."""
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from case import LONG, FaultCase, end_module  # noqa: E402
from checker import Table  # noqa: E402
from stack import new_client_id  # noqa: E402

MESSAGES, CUTS = (300, 2000) if LONG else (60, 150)
SECTOR = 512
CALL = re.compile(r'^(\d+) +(\w+)\(\d+<([^>]*)>(.*)$')
RESUMED = re.compile(r'^(\d+) +<\.\.\. (\w+) resumed>')
STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
CLIENT_ID = re.compile(rb'"type":"ack"[^}]*"client_id":"([0-9a-f]{32})"|'
                       rb'"client_id":"([0-9a-f]{32})"[^}]*"type":"ack"')


def tearDownModule():
    end_module()


def steps_of(trace):
    """("write", file, offset, bytes) | ("cut", file, size) | ("sync", file) | ("ack", client ids)"""
    syncing = {}  # thread: the file whose sync has not returned
    for line in trace:
        if resumed := RESUMED.match(line):
            if resumed[2] in ("fdatasync", "fsync") and resumed[1] in syncing:
                yield "sync", syncing.pop(resumed[1])
            continue
        if not (call := CALL.match(line)):
            continue
        thread, name, path, rest = call.groups()
        path = bytes.fromhex(path.replace("\\x", "")).decode() if path.startswith("\\x") else path
        file = os.path.basename(path)
        data = b"".join(bytes.fromhex(s.replace("\\x", "")) for s in STRING.findall(rest))
        if name in ("fdatasync", "fsync"):
            if "unfinished" in rest:
                syncing[thread] = file
            else:
                yield "sync", file
        elif name == "pwrite64":
            yield "write", file, int(re.search(r'", \d+, (\d+)', rest)[1]), data
        elif name == "ftruncate":
            yield "cut", file, int(re.search(r', (\d+)', rest)[1])
        elif acks := [a or b for a, b in CLIENT_ID.findall(data)]:
            yield "ack", [a.decode() for a in acks]


class Disk:
    """Files as they surely are, and what was done to them since their last sync."""

    def __init__(self, files):
        self.files = {name: bytearray(data) for name, data in files.items()}
        self.pending = {name: [] for name in files}

    def take(self, step):
        if step[0] == "sync":
            for change in self.pending[step[1]]:
                self.change(self.files[step[1]], change)
            self.pending[step[1]] = []
        else:
            self.pending[step[1]].append(step)

    @staticmethod
    def change(data, step):
        if step[0] == "cut":
            del data[step[2]:]
            return
        _, _, offset, content = step
        if len(data) < offset:
            data.extend(bytes(offset - len(data)))
        data[offset:offset + len(content)] = content

    def after_power_cut(self, rng):
        """What may be found: of each unsynced change all, nothing, or some sectors."""
        found = {}
        for name, sure in self.files.items():
            data = bytearray(sure)
            for step in self.pending[name]:
                fate = rng.choice(("whole", "lost", "torn"))
                if fate == "whole":
                    self.change(data, step)
                elif fate == "torn" and step[0] == "write":
                    _, _, offset, content = step
                    for at in range(0, len(content), SECTOR):
                        if rng.random() < 0.5:
                            self.change(data, ("write", name, offset + at, content[at:at + SECTOR]))
            found[name] = bytes(data)
        return found


class PowerCut(FaultCase):
    FILES = ("chat.db", "chat.db-wal")

    def record(self):
        """The disk before, and the steps that the sidecar then took, messages being posted."""
        stack = self.start(conf={"wal_max_bytes": "65536"})
        socks = [stack.hello(hello_token=stack.token(n, f"u{n}"), rooms=["@me"]) for n in (1, 2, 3)]
        for sock in socks:
            sock.send(type="message", message="before")
            sock.until("ack")
        files = {}
        for name in self.FILES:
            with open(stack.path("var", name), "rb") as f:
                files[name] = f.read()
        out = stack.path("trace")
        tracer = subprocess.Popen(
            ["strace", "-f", "-y", "-xx", "-s", "100000", "-o", out, "-e",
             "trace=pwrite64,ftruncate,fdatasync,fsync,sendto", "-p", str(stack.sidecar.pid)],
            stderr=subprocess.PIPE)
        try:
            tracer.stderr.readline()  # "Process … attached"
            for n in range(MESSAGES):
                for sock in socks:  # three that may share a commit
                    sock.send(type="message", message=f"{n} " + "p" * 700, client_id=new_client_id())
                for sock in socks:
                    sock.until("ack")
        finally:
            tracer.terminate()
            tracer.wait()
            tracer.stderr.close()
        with open(out, encoding="ascii", errors="replace") as f:
            steps = [s for s in steps_of(f) if s[0] == "ack" or s[1] in self.FILES]
        return files, steps

    def look(self, folder, found):
        """What SQLite finds on such a disk: client ids, and what is wrong."""
        for name, data in found.items():
            with open(os.path.join(folder, name), "wb") as f:
                f.write(data)
        db = sqlite3.connect(os.path.join(folder, self.FILES[0]))
        try:
            wrong = [row[0] for row in db.execute("PRAGMA integrity_check") if row[0] != "ok"]
            wrong += [f"a log with holes: {row}" for row in db.execute(
                "SELECT r.slug, r.head, count(e.id) FROM room r LEFT JOIN event e ON e.room_id = r.id "
                "GROUP BY r.id HAVING count(e.id) != r.head")]
            return {row[0] for row in db.execute("SELECT client_id FROM message")}, wrong
        except sqlite3.DatabaseError as e:
            return set(), [str(e)]
        finally:
            db.close()
            for name in os.listdir(folder):
                os.unlink(os.path.join(folder, name))

    def test_what_was_acknowledged_is_there_after_a_power_cut_at_any_instant(self):
        if not shutil.which("strace"):
            self.skipTest("strace is not installed")
        files, steps = self.record()
        acked = sum(len(s[1]) for s in steps if s[0] == "ack")
        self.assertEqual(acked, 3 * MESSAGES)
        self.assertTrue(any(s[0] == "sync" and s[1] == "chat.db" for s in steps), "no checkpoint")
        cuts = set(self.rng.sample(range(len(steps)), min(CUTS, len(steps))))
        disk, told, wrong = Disk(files), set(), []
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            for n, step in enumerate(steps):
                if step[0] == "ack":
                    told.update(step[1])
                else:
                    disk.take(step)
                if n in cuts:
                    stored, problems = self.look(folder, disk.after_power_cut(self.rng))
                    wrong += [f"after step {n}: {p}" for p in problems]
                    wrong += [f"after step {n}: lost {c}" for c in told - stored]
        Table.add("power cut", len(cuts), wrong=wrong,
                  acked=acked,
                  note=f"{len(steps)} writes, syncs and acks")
        self.assertEqual([], wrong[:10])


if __name__ == "__main__":
    unittest.main()
