#!/usr/bin/python3
"""What is done to messages, over real web servers and sockets: everybody sees it live, and whoever was away
ends in the same state as a fresh load."""
import random
import unittest
import urllib.parse

from alone import SidecarCase
from room_fold import Fold, act
from stack import API, Installed, new_client_id

SEED = 20261124
STEPS = 120


class Acts(Installed):
    conf = {"rate_user_burst": "5000", "rate_address_burst": "50000"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ana, cls.ben = cls.stack.token(1, "ana"), cls.stack.token(2, "ben")
        cls.mod = cls.stack.token(3, "mod", role="moderator")

    def hello(self, token, **kwargs):
        sock = self.stack.hello(token=token, **kwargs)
        self.addCleanup(sock.close)
        return sock

    def say(self, text, token=None, **fields):
        reply = self.stack.post(text, token=token or self.ana, **fields)
        self.assertEqual(reply.status, 201, reply.text)
        return reply.json["message"]

    def test_a_deletion_over_the_socket_is_acked_and_reaches_everybody(self):
        ana, ben = self.hello(self.ana), self.hello(self.ben)
        said = self.say("to be deleted")
        ref = new_client_id()
        ana.send(type="delete", msg_id=said["id"], client_id=ref)
        ack = ana.until("ack", client_id=ref)
        self.assertEqual((ack["msg_id"], ack["room"]), (said["id"], "general"))
        for sock in (ana, ben):
            event = sock.until("message_deleted", id=said["id"])
            self.assertEqual((event["seq"], event["msg_seq"]), (ack["seq"], said["seq"]))
        ana.send(type="delete", msg_id=said["id"], client_id=ref)
        self.assertNotIn("seq", ana.until("ack", client_id=ref))

    def test_an_edit_over_the_socket_reaches_everybody_and_a_stale_one_gets_the_newer_text(self):
        ana, ben = self.hello(self.ana), self.hello(self.ben)
        said = self.say("frist")
        ref = new_client_id()
        ana.send(type="edit", msg_id=said["id"], message="first", rev=1, client_id=ref)
        ack = ana.until("ack", client_id=ref)
        event = ben.until("message_edited", id=said["id"])
        self.assertEqual((event["message"], event["rev"], event["seq"]), ("first", 2, ack["seq"]))
        ana.send(type="edit", msg_id=said["id"], message="frist again", rev=1, client_id=ref)
        error = ana.until("error", client_id=ref)
        self.assertEqual((error["code"], error["current"]["message"], error["current"]["rev"]),
                         ("edit_conflict", "first", 2))
        self.assertEqual(act(self.stack, "GET", said["id"]).json["message"]["message"], "first")

    def test_reactions_by_socket_and_by_http_are_one_set(self):
        ana, ben = self.hello(self.ana), self.hello(self.ben)
        said = self.say("through 85")
        ref = new_client_id()
        ana.send(type="react", msg_id=said["id"], emoji="🚀", on=True, client_id=ref)
        ack = ana.until("ack", client_id=ref)
        event = ben.until("reaction", id=said["id"])
        me = ana.welcome["user"]["id"]
        self.assertEqual((event["seq"], event["emoji"], event["on"], event["user_id"]),
                         (ack["seq"], "🚀", True, me))
        self.assertEqual(event["reactions"], [{"emoji": "🚀", "count": 1, "user_ids": [me]}])
        ana.send(type="react", msg_id=said["id"], emoji="🚀", on=True, client_id=ref)
        self.assertNotIn("seq", ana.until("ack", client_id=ref))
        self.assertEqual(self.react(said, "🚀", self.ben).json["message"]["reactions"][0]["count"], 2)
        self.assertEqual(ana.until("reaction", user_id=ben.welcome["user"]["id"])["reactions"][0]["count"], 2)
        self.assertEqual(self.react(said, "🚀", self.ana, on=False).status, 200)
        self.assertEqual(ben.until("reaction", on=False)["reactions"][0]["count"], 1)
        self.assertEqual(self.react(said, "not an emoji", self.ana).error, "bad_request")

    def test_a_pin_is_by_a_moderator_and_everybody_sees_it(self):
        ben = self.hello(self.ben)
        said = self.say("read this first")
        self.assertEqual(act(self.stack, "PUT", said["id"], "pin/", token=self.ana).error, "forbidden")
        self.assertEqual(act(self.stack, "PUT", said["id"], "pin/", token=self.mod).status, 200)
        event = ben.until("pin", id=said["id"])
        self.assertEqual((event["on"], event["pin"]["excerpt"]), (True, "read this first"))
        self.assertNotIn("seq", act(self.stack, "PUT", said["id"], "pin/", token=self.mod).json)
        pins = self.stack.get("rooms/general/pins/", token=self.ben).json["pins"]
        self.assertEqual(pins[0], event["pin"])
        self.assertEqual(act(self.stack, "DELETE", said["id"], "pin/", token=self.mod).status, 200)
        self.assertFalse(ben.until("pin", id=said["id"])["on"])

    def test_a_pin_over_the_socket_is_acked_and_reaches_everybody(self):
        mod, ben = self.hello(self.mod), self.hello(self.ben)
        said = self.say("kept in sight")
        ref = new_client_id()
        ben.send(type="pin", msg_id=said["id"], on=True, client_id=ref)
        self.assertEqual(ben.until("error", client_id=ref)["code"], "forbidden")
        mod.send(type="pin", msg_id=said["id"], on=True, client_id=ref)
        ack = mod.until("ack", client_id=ref)
        event = ben.until("pin", id=said["id"])
        self.assertEqual((event["seq"], event["on"], event["pin"]["excerpt"]), (ack["seq"], True, "kept in sight"))
        mod.send(type="pin", msg_id=said["id"], on=False, client_id=ref)
        self.assertFalse(ben.until("pin", id=said["id"])["on"])

    def test_a_quote_is_what_the_quoted_message_says_now(self):
        ben = self.hello(self.ben)
        start = ben.welcome["rooms"]["general"]["seq"]
        said = self.say("spread\nblew   out " + "x" * 200)
        answer = self.say("indeed", token=self.ben, reply_to=said["id"])
        self.assertEqual(answer["quote"]["username"], "ana")
        self.assertEqual(answer["quote"]["excerpt"], "spread blew out " + "x" * 104 + "…")
        act(self.stack, "PATCH", said["id"], token=self.ana, message="spread is back", rev=1)
        self.assertEqual(ben.until("message_edited", id=said["id"])["excerpt"], "spread is back")
        again = self.hello(self.ben, rooms={"general": start}, epoch=ben.welcome["epoch"])
        self.assertEqual(again.until("message", id=answer["id"])["quote"]["excerpt"], "spread is back")
        act(self.stack, "DELETE", said["id"], token=self.ana)
        row = act(self.stack, "GET", answer["id"]).json["message"]
        self.assertEqual((row["reply_to"], row["quote"]["deleted"]), (said["id"], True))
        self.assertNotIn("excerpt", row["quote"])

    def test_who_comes_back_never_sees_what_was_edited_away(self):
        ben = self.hello(self.ben)
        start = ben.welcome["rooms"]["general"]["seq"]
        said = self.say("the secret part")
        self.assertEqual(act(self.stack, "PATCH", said["id"], token=self.ana, message="the public part",
                             rev=1).status, 200)
        again = self.hello(self.ben, rooms={"general": start}, epoch=ben.welcome["epoch"])
        self.assertEqual(again.until("message", id=said["id"])["message"], "the public part")
        self.assertEqual(again.until("message_edited", id=said["id"])["message"], "the public part")

    def test_a_refusal_names_its_frame(self):
        ben = self.hello(self.ben)
        said = self.say("not yours")
        ref = new_client_id()
        ben.send(type="delete", msg_id=said["id"], client_id=ref)
        self.assertEqual(ben.until("error", client_id=ref)["code"], "forbidden")
        ben.send(type="delete", msg_id=4711, client_id=ref)
        self.assertEqual(ben.until("error", client_id=ref)["code"], "message_not_found")
        ben.send(type="delete", client_id=ref)
        self.assertEqual(ben.until("error", client_id=ref)["code"], "bad_request")

    def test_a_seed_socket_hears_of_messages_only(self):
        seed = self.stack.ws()
        self.addCleanup(seed.close)
        said = self.say("first")
        self.assertEqual(act(self.stack, "DELETE", said["id"], token=self.ana).status, 200)
        self.say("second")
        seed.until("message", message="second")
        self.assertEqual({f["type"] for f in seed.pending} - {"message"}, set())

    def react(self, row, emoji, token, on=True):
        return act(self.stack, "PUT" if on else "DELETE", row["id"],
                   f"reactions/{urllib.parse.quote(emoji)}/", token=token)

    def random_act(self, rng, rows):
        """One of the acts, by somebody who may or may not."""
        token = rng.choice((self.ana, self.ben, self.mod))
        row = rng.choice(rows)
        kind = rng.choice(("post", "post", "reply", "reply", "react", "react",
                           "react", "pin", "delete", "edit", "edit"))
        if kind == "post":
            rows.append(self.say(f"number {rng.random()}", token))
        elif kind == "reply":
            reply = self.stack.post("in reply", token=token, reply_to=row["id"])
            rows += [reply.json["message"]] if reply.status == 201 else []
            return reply
        elif kind == "react":
            return self.react(row, rng.choice("👍🚀📈"), token, rng.random() < 0.6)
        elif kind == "pin":
            return act(self.stack, rng.choice(("PUT", "DELETE")), row["id"], "pin/", token=self.mod)
        elif kind == "delete":
            return act(self.stack, "DELETE", row["id"], token=token)
        elif kind == "edit":
            rev = act(self.stack, "GET", row["id"]).json["message"]["rev"]
            return act(self.stack, "PATCH", row["id"], token=token, message=f"edited {rng.random()}",
                       rev=rev)
        return None

    def test_whoever_was_away_ends_as_a_fresh_load(self):
        rng = random.Random(SEED)
        rows = [self.say("the first of them")]
        readers = [Fold(self.stack, self.ben).load() for _ in range(3)]
        for step in range(STEPS):
            reply = self.random_act(rng, rows)
            self.assertIn(reply.status if reply else 200, (200, 201, 403, 404), reply and reply.text)
            if step % 40 == 39:
                fresh = readers[0].fresh()
                readers[0].catch_up_by_poll()
                readers[1].catch_up_by_socket(fresh.seq)
                readers[0].assert_same(self, fresh)
                readers[1].assert_same(self, fresh)
        fresh = readers[2].fresh()
        readers[2].catch_up_by_long_poll()
        readers[2].assert_same(self, fresh)

    def test_a_deleted_message_is_unread_no_longer(self):
        ben = self.stack.token(50, "reader")

        def unread():
            rooms = self.stack.get("rooms/", token=ben).json["rooms"]
            return next(room["unread"] for room in rooms if room["id"] == "utilities")
        head = self.say("before", room="utilities")["seq"]
        self.stack.http("PUT", API + "rooms/utilities/read/", {"up_to": head}, token=ben)
        said = [self.say(f"new {n}", room="utilities") for n in range(3)]
        self.assertEqual(unread(), 3)
        for message in said:
            act(self.stack, "DELETE", message["id"], token=self.ana)
        self.assertEqual(unread(), 0)


class Lighttpd(Acts, unittest.TestCase):
    server = "lighttpd"


class Apache(Acts, unittest.TestCase):
    server = "apache"


class Limits(SidecarCase):
    def test_acts_that_are_too_many_silence_no_posts(self):
        sock = self.chat()
        first = new_client_id()
        sock.send(type="message", room="general", message="react to this", client_id=first)
        number = sock.until("ack", client_id=first)["msg_id"]
        for i in range(70):
            sock.send(type="react", msg_id=number, emoji="👍", on=i % 2 == 0, client_id=new_client_id())
        self.assertEqual(sock.until("error", 30)["code"], "rate_limited")
        second = new_client_id()
        sock.send(type="message", room="general", message="still heard", client_id=second)
        sock.until("ack", 30, client_id=second)


if __name__ == "__main__":
    unittest.main()
