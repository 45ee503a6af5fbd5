#!/usr/bin/python3
"""An account ends: its connections close, everybody sees its messages go, whoever was away too, and the
operator can do the same."""
import unittest
from urllib.parse import quote

from room_fold import Fold, act
from stack import API, Installed


class Account(Installed):
    def hello(self, token):
        sock = self.stack.hello(token=token, rooms=["general", "@me"])
        self.addCleanup(sock.close)
        return sock

    def test_it_ends_for_everybody_at_once_and_for_who_was_away(self):
        ana, ben = self.stack.token(1, "ana"), self.stack.token(2, "ben")
        said = [self.stack.post(f"a wombat, {n}", token=ana).json["message"] for n in range(3)]
        act(self.stack, "PATCH", said[0]["id"], token=ana, message="no wombat", rev=1)
        liked = self.stack.post("ben's own", token=ben).json["message"]["id"]
        act(self.stack, "PUT", liked, f"reactions/{quote('🚀')}/", token=ana)
        away = Fold(self.stack, ben).load()
        self.assertEqual(away.rows[liked]["reactions"][0]["count"], 1)
        mine, theirs = self.hello(ana), self.hello(ben)
        self.assertEqual(self.stack.http("DELETE", API + "me/", {"confirm": "ben"}, token=ana).status, 400)
        answer = self.stack.http("DELETE", API + "me/", {"confirm": "ana"}, token=ana)
        self.assertEqual((answer.status, answer.json), (200, {"messages": 3, "done": True}))
        self.assertEqual(theirs.until("reaction", 30, id=liked)["reactions"], [])
        for message in said:
            theirs.until("message_deleted", 30, id=message["id"])
        while mine.recv(30):
            pass
        self.assertEqual(mine.close_code, 4500)
        fresh = away.fresh()
        away.catch_up_by_socket(fresh.seq)
        self.assertEqual([row.get("message") for row in away.rows.values()], [None] * len(said) + ["ben's own"])
        self.assertNotIn("reactions", away.rows[liked])
        self.assertNotIn("reactions", fresh.rows[liked])
        self.assertNotIn("wombat", str(fresh.rows))
        again = self.stack.get("me/", token=ana).json["user"]
        self.assertNotEqual(again["id"], mine.welcome["user"]["id"])
        self.stack.outcry("verify")  # fails where a log is not whole

    def test_the_operator_erases_too(self):
        cleo = self.stack.token(3, "cleo")
        message = self.stack.post("by cleo", token=cleo, room="energy").json["message"]
        number = self.stack.get("me/", token=cleo).json["user"]["id"]
        self.assertIn("Erased 1 messages", self.stack.outcry("user", "erase", str(number)).stdout)
        row = act(self.stack, "GET", message["id"]).json["message"]
        self.assertEqual((row["username"], row["deleted"]), ("Deleted user", True))
        self.stack.outcry("purge")


class Lighttpd(Account, unittest.TestCase):
    server = "lighttpd"


class Apache(Account, unittest.TestCase):
    server = "apache"


if __name__ == "__main__":
    unittest.main()
