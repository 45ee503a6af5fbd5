#!/usr/bin/python3
"""Somebody who wrote a hundred thousand messages takes all of it along, through real web servers, from a worker
that stays small; and the files by what is said of them."""
import hashlib
import os
import sqlite3
import unittest

from memory import MOST_KB, Memory
from stack import API, BUILD, Stack

MANY = 100_000
FEWER = 20_000
NOTES = b"day,close\n1,190.5\n"
SANITIZED = "asan" in BUILD


class MyData:
    server, gateway = "lighttpd", "fastcgi"

    def fill(self, stack, user):
        """What takes too long to be typed: messages, each tenth edited, reactions, mentions."""
        with sqlite3.connect(stack.path("var/chat.db")) as db:
            room, head = db.execute("SELECT id, head FROM room WHERE slug = 'general'").fetchone()
            db.executemany(
                "INSERT INTO message (id, room_id, seq, user_id, author_name, body, salt, via, client_id, created_ms, rev,"
                " edited_ms) VALUES (?, ?, ?, ?, 'ana', ?, zeroblob(16), 'api', ?, 1, ?, ?)",
                ((n, room, head + n, user, f"message {n} " + "said " * 40, f"client-{n}", 2 - (n % 10 > 0), n % 10 == 0)
                 for n in range(1, MANY + 1)))
            db.executemany("INSERT INTO message_rev (msg_id, rev, body, salt, editor_id, ts_ms)"
                           " VALUES (?, 1, 'before it was mended', zeroblob(16), ?, 1)",
                           ((n, user) for n in range(10, MANY + 1, 10)))
            db.executemany("INSERT INTO reaction (msg_id, emoji, user_id, ts_ms) VALUES (?, '🚀', ?, 1)",
                           ((n, user) for n in range(FEWER)))
            db.executemany("INSERT INTO mention (msg_id, at, len, user_id, room_id, seq, author_id, ts_ms)"
                           " VALUES (?, 0, 4, ?, ?, ?, 1, 1)", ((n, user, room, n) for n in range(FEWER)))
        db.close()

    def send_file(self, stack, token):
        upload = stack.http("POST", API + "uploads/", {"name": "prices.csv", "size": len(NOTES)}, token=token).json["upload"]["id"]
        stack.http("PUT", f"{API}uploads/{upload}/?offset=0", NOTES, {"Content-Type": "application/octet-stream"}, token=token)
        self.assertEqual(stack.http("POST", f"{API}uploads/{upload}/done/", {}, token=token).status, 200)
        posted = stack.post("look", token=token, attachments=[upload])
        self.assertEqual(posted.status, 201, posted.text)
        return posted.json["message"]["id"]

    def test_a_hundred_thousand_messages_from_a_small_worker(self):
        stack = Stack(self.server, gateway=self.gateway)
        self.addCleanup(stack.stop)
        stack.make_files()
        memory = Memory(stack)
        stack.start()
        ana, ben = stack.token(7, "ana"), stack.token(8, "ben")
        posted = self.send_file(stack, ana)
        stack.post("by ben", token=ben)
        stack.stop_web()
        stack.stop_sidecar()
        self.fill(stack, stack.database().execute("SELECT id FROM user WHERE ext_id = 'h:7'").fetchone()[0])
        stack.start_sidecar()
        stack.start_web()
        reply = stack.get("me/data/", token=ana)
        self.assertEqual(reply.status, 200)
        data = reply.json
        self.assertIsNone(data["next"])
        self.assertEqual(len(data["messages"]), MANY + 1)
        self.assertEqual({m["user_id"] for m in data["messages"]}, {data["user"]["id"]})
        self.assertEqual(sum("revisions" in m for m in data["messages"]), MANY // 10)
        self.assertEqual((len(data["reactions"]), len(data["mentions"])), (FEWER, FEWER))
        self.assertNotIn("by ben", reply.text)

        file, = data["files"]
        self.assertEqual((file["msg_id"], file["sha256"]), (posted, hashlib.sha256(NOTES).hexdigest()))
        self.assertEqual(stack.get(file["url"], token=ana).body, NOTES)
        # What it was written to is gone.
        self.assertEqual([name for name in os.listdir(stack.path("var")) if "scratch" in name], [])
        if not SANITIZED:
            most = memory.most()
            self.assertLess(max(most.values()), MOST_KB, most)


class Lighttpd(MyData, unittest.TestCase):
    pass


class Apache(MyData, unittest.TestCase):
    server = "apache"


class Cgi(MyData, unittest.TestCase):
    gateway = "cgi"


if __name__ == "__main__":
    unittest.main()
