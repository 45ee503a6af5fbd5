#!/usr/bin/python3
"""Whoever was away while people did everything that can be done ends, by every transport, with the same as
who loads it all now: messages, mentions, replies, threads, files, reactions, edits, deletions, pins, names, topics and
titles, policies, archives, invitations, coming and going, muting, hiding and ignoring."""
import os
import random
import unittest
import urllib.parse

from client_fold import Client
from room_fold import act
from stack import API, Stack

SEED = int(os.environ.get("OUTCRY_SEED", 20261125))
LONG = os.environ.get("OUTCRY_LONG") == "1"
STEPS, AWAY = (3000, 25) if LONG else (300, 25)
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"


class World:
    """What people do. Whether they may is the server's to say; a refusal is told as such."""

    ALLOWED = (200, 201, 204, 303, 400, 403, 404, 409)
    ACTS = ("post", "post", "post", "mention", "reply", "reply", "file", "react", "react", "edit", "edit", "delete", "pin",
            "settle", "settle", "move", "move", "mute", "hide", "hide", "ignore", "rename", "part")

    def __init__(self, stack, rng):
        self.stack, self.rng = stack, rng
        self.tokens = {name: stack.token(n, name, role="moderator" if name == "mod" else "")
                       for n, name in enumerate(("ana", "ben", "cleo", "mod"), 1)}
        self.ids = {name: stack.get("me/", token=token).json["user"]["id"] for name, token in self.tokens.items()}
        for token in self.tokens.values():
            stack.post("here", token=token)
        self.desk = self.call("ana", "POST", "rooms/", title="Desk").json["room"]["id"]
        self.talk = self.call("ana", "POST", "direct/", user_ids=f"{self.ids['ben']},{self.ids['cleo']}").json["room"]["id"]
        for name in ("ben", "cleo", "mod"):
            self.let_in(name)
        self.rows, self.done = [], {}

    def call(self, who, method, path, **body):
        return self.stack.http(method, API + path, body if method != "GET" else None, token=self.tokens[who])

    def let_in(self, name):
        path = f"rooms/{self.desk}/members/{self.ids[name]}/"
        self.call("ana", "PUT", path)
        return self.call(name, "PUT", path)

    def step(self):
        kind = self.rng.choice(self.ACTS)
        reply = getattr(self, kind)(self.rng.choice(tuple(self.tokens)))
        assert reply is None or reply.status in self.ALLOWED, f"{kind}: {reply.status} {reply.text}"
        if reply is not None and reply.status < 300:
            self.done[kind] = self.done.get(kind, 0) + 1

    # ---- messages ----

    def some_row(self):
        return self.rng.choice(self.rows[-30:])["id"] if self.rows else 1

    def some_of(self, who):
        """Mostly of their own; what others wrote only moderators take away."""
        own = [row["id"] for row in self.rows[-30:] if row["user_id"] == self.ids[who]]
        return self.rng.choice(own) if own and self.rng.random() < 0.7 else self.some_row()

    def post(self, who, text=None):
        room = self.rng.choice(("general", self.desk, self.talk))
        text = (text or self.rng.choice(("plain", "**bold** at $5", "`code`"))) + f" {self.rng.random()}"
        reply = self.stack.post(text, token=self.tokens[who], room=room)
        if reply.status == 201:
            self.rows.append(reply.json["message"])
        return reply

    def mention(self, who):
        """In a new message, or by an edit."""
        text = self.rng.choice(("@ben, look", "**@cleo** and @ana", "@all, by whoever may"))
        return self.edit(who, text) if self.rng.random() < 0.3 else self.post(who, text)

    def reply(self, who):
        row = self.rng.choice(self.rows[-30:]) if self.rows else None
        if not row:
            return None
        reply = self.stack.post("in reply", token=self.tokens[who], room=row["room"], reply_to=row["id"])
        if reply.status == 201:
            self.rows.append(reply.json["message"])
        return reply

    def file(self, who):
        begun = self.call(who, "POST", "uploads/", room="general", name="notes.pdf", size=len(PDF))
        number = begun.json["upload"]["id"]
        self.stack.http("PUT", f"{API}uploads/{number}/?offset=0", PDF, token=self.tokens[who],
                        headers={"Content-Type": "application/octet-stream"})
        done = self.call(who, "POST", f"uploads/{number}/done/")
        assert done.status == 200, done.text
        reply = self.stack.post("with a file", token=self.tokens[who], room="general", attachments=[number])
        if reply.status == 201:
            self.rows.append(reply.json["message"])
        return reply

    def react(self, who):
        emoji = urllib.parse.quote(self.rng.choice("👍🚀📈"))
        return self.call(who, self.rng.choice(("PUT", "PUT", "DELETE")),
                         f"messages/{self.some_row()}/reactions/{emoji}/")

    def edit(self, who, text="edited"):
        number = self.some_of(who)
        now = self.call(who, "GET", f"messages/{number}/")
        if now.status != 200:
            return now
        return act(self.stack, "PATCH", number, token=self.tokens[who], message=f"{text} {self.rng.random()}",
                   rev=now.json["message"]["rev"])

    def delete(self, who):
        return self.call(who, "DELETE", f"messages/{self.some_of(who)}/")

    def pin(self, _):
        return self.call("mod", self.rng.choice(("PUT", "PUT", "DELETE")), f"messages/{self.some_row()}/pin/")

    # ---- rooms and people ----

    def settle(self, _):
        room = self.rng.choice(("general", self.desk))
        change = self.rng.choice(({"topic": f"topic {self.rng.random()}"}, {"title": f"title {self.rng.random()}"},
                                  {"post_policy": self.rng.choice(("all", "members"))}, {"slow_s": 0},
                                  {"archived": self.rng.random() < 0.3}))
        return self.call("mod", "PATCH", f"rooms/{room}/", **change)

    def move(self, _):
        """In and out of the private room, by themselves or another; or only invited."""
        path = f"rooms/{self.desk}/members/{self.ids['ben']}/"
        how = self.rng.choice(("in", "in", "invited", "out", "removed"))
        if how == "in":
            return self.let_in("ben")
        if how == "invited":
            return self.call("ana", "PUT", path)
        return self.call("ben" if how == "out" else "ana", "DELETE", path)

    def part(self, _):
        """Out of the conversation; then the three begin another."""
        who = self.rng.choice(("ben", "cleo"))
        reply = self.call(who, "DELETE", f"rooms/{self.talk}/members/{self.ids[who]}/")
        begun = self.call("ana", "POST", "direct/", user_ids=f"{self.ids['ben']},{self.ids['cleo']}")
        self.talk = begun.json["room"]["id"] if begun.status < 300 else self.talk
        return reply

    def rename(self, _):
        """Or back again, by a newer token each time."""
        name = self.rng.choice(("cleo", "cleopatra", "Cleo C"))
        self.tokens["cleo"] = self.stack.token(3, name)
        return self.call("cleo", "GET", "me/")

    def mute(self, _):
        room = self.rng.choice(("general", self.desk, self.talk))
        return self.call("ben", "PUT", f"rooms/{room}/mute/", **{"for": self.rng.choice(("forever", "off"))})

    def hide(self, _):
        """Mostly out of the list; a message may be its way back."""
        return self.call("ben", "PUT", f"rooms/{self.talk}/hide/", on=int(self.rng.random() < 0.8))

    def ignore(self, _):
        return self.call("ben", self.rng.choice(("PUT", "DELETE")), f"me/ignored/{self.ids['cleo']}/")


class Resume:
    server = None

    def test_whoever_was_away_while_everything_happened_ends_as_who_loads_it_now(self):
        conf = {f"rate_{of}_{what}": "1000000" for of in ("user", "address") for what in ("burst", "per_minute")}
        stack = Stack(self.server, conf=conf).start()
        self.addCleanup(stack.stop)
        world = World(stack, random.Random(SEED))
        away = {way: Client(stack, world.tokens["ben"]).load()
                for way in ("by_polls", "by_long_polls", "by_stream", "by_socket")}
        for step in range(1, STEPS + 1):
            world.step()
            if step % AWAY == 0:
                fresh = Client(stack, world.tokens["ben"]).load()
                for way, client in away.items():
                    getattr(client, way)()
                    with self.subTest(seed=SEED, step=step, way=way):
                        client.assert_same(self, fresh)
        self.assertEqual(set(world.done), set(World.ACTS), "each kind was done")


class Lighttpd(Resume, unittest.TestCase):
    server = "lighttpd"


class Apache(Resume, unittest.TestCase):
    server = "apache"


if __name__ == "__main__":
    unittest.main()
