#!/usr/bin/python3
"""Random people do random things over random transports, and after every step what they see, what the
server says when asked anew, and a model in memory agree. So a page that was loaded once and resumed ever
since shows what one shows that is loaded now, and folding the log gives the tables.

OUTCRY_MODEL_SEEDS=7,8 runs these seeds; the long form runs 20 of 10,000 steps."""
import contextlib
import os
import random
import sqlite3
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from acting import EMOJI, ActByHttp  # noqa: E402
from case import LONG, FaultCase, end_module  # noqa: E402
from checker import Table  # noqa: E402
from fold import differences  # noqa: E402
from model import Member, Model  # noqa: E402
from people import LAG, WAYS_TO_WRITE, Ear, Guest, Nameless, Person  # noqa: E402
from reading import offered  # noqa: E402
from shifted import Shifted  # noqa: E402
from stack import new_client_id  # noqa: E402
from steps import DAY_S, Steps  # noqa: E402

STEPS = 10000 if LONG else 500
SEEDS = [int(s) for s in os.environ.get("OUTCRY_MODEL_SEEDS", "").split(",") if s] or \
    list(range(1, 21 if LONG else 4))
EDIT_MINUTES = 900  # longer than a run, shorter than the day that the clock is moved by
THOROUGH = 100 if LONG else 50  # after so many steps everything is compared
# Of seed 1, 2, 3, 4, …: the web server, and whether there is a sidecar.
HOSTS = (("lighttpd", True), ("apache", True), ("lighttpd", False))


def tearDownModule():
    end_module()


class World:
    """The chat, the model of it, and what belongs to neither: the day and the epoch."""

    def __init__(self, stack):
        self.stack = stack
        self.day = int(stack.now() // DAY_S)
        self.model = Model(self.day)
        self.epoch = stack.get("health/").json["epoch"]
        self.to_read, self.to_write = ["poll", "wait"], ["json", "form"]
        if stack.with_sidecar:
            self.to_read = offered(stack, stack.token(99, "prober", ttl=DAY_S * 2)) + ["wait"]
            self.to_write = list(WAYS_TO_WRITE)

    def enter(self, person):
        user_id, name, role = person.fresh_me()
        self.model.members[person.number] = Member(person.kind, user_id, name, role)
        return person


class Agreement(FaultCase):
    def world(self, seed):
        """It begins at noon: days are counted, and none may end by itself."""
        server, sidecar = HOSTS[(seed - 1) % len(HOSTS)]
        conf = {"ws_max_lag_events": str(LAG), "edit_minutes": str(EDIT_MINUTES), "sidecar": "external" if sidecar else "off"}
        noon = (DAY_S // 2 - int(time.time())) % DAY_S
        return World(self.start(Shifted, conf, server=server, sidecar=sidecar, offset=noon))

    # ---- what must agree ----

    def compare_screen(self, who):
        """Resumed = the model."""
        for slug in who.following:
            room, screen = who.room(slug), who.screen.get(slug, {})
            for seq in range(room.floor + 1, room.head() + 1):
                event = room.log[seq - 1]
                # Of what was loaded as history only the messages are known.
                if seq in screen or event[0] == "message":
                    self.assertEqual(screen.get(seq), event, f"{who.claim}, {slug} {seq}")

    def compare_fresh(self, who, thorough):
        """Loaded anew = the model; of the messages the newest unless thorough."""
        model, member = who.world.model, who.member
        self.assertEqual(who.fresh_state(), model.state(who.number))
        if thorough:
            self.assertEqual(who.fresh_me(), (member.user_id, model.shown(who.number), member.role))
        for slug in model.rooms if thorough else who.following[:1]:
            room = who.room(slug)
            after = 0 if thorough else max(0, room.head() - 5)
            self.assertEqual(who.messages_after(slug, after), room.messages(after))
            self.assertEqual(who.fresh_pins(slug), room.pins)

    def compare_page(self, who):
        for slug, room in who.world.model.rooms.items():
            shown, pins = who.newest_on_page(slug)
            self.assertEqual(shown, dict(sorted(room.messages().items())[-len(shown):] if shown else {}))
            self.assertEqual(pins, room.pins)

    def agree(self, who, thorough=False):
        who.catch_up()
        self.compare_screen(who)
        self.compare_fresh(who, thorough)

    def agree_on_all(self, steps):
        steps.hear_all()
        for who in steps.people:
            if not who.member.banned:
                self.agree(who, thorough=True)
                self.compare_page(who)
        done = steps.stack.outcry("verify", "--quiet", check=False)
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        with steps.stack.database() as db:
            self.assertEqual([], differences(db))

    # ---- the run ----

    def run_seed(self, seed):
        world, rng = self.world(seed), random.Random(seed)
        people = [world.enter(Person(world, n)) for n in range(1, 5)]
        people += [world.enter(Nameless(world, 5)), world.enter(Guest(world, 6)),
                   world.enter(Guest(world, 7))]
        ear = Ear(world.enter(Person(world, 98, "moderator")))
        steps, done = Steps(self, world, people, ear, rng), []
        try:
            ear.open()
            for n in range(1, STEPS + 1):
                done.append(steps.step())
                if n % THOROUGH == 0:
                    self.agree_on_all(steps)
                who = rng.choice(people)
                if not who.member.banned:
                    self.agree(who)
        except BaseException:
            print(f"seed {seed}, step {steps.number}, last {done[-8:]}: "
                  f"OUTCRY_MODEL_SEEDS={seed} tests/run tests/fault/test_model.py", file=sys.stderr)
            raise
        finally:
            ear.close()
            for who in people:
                who.hang_up()
            world.stack.stop()
        print(f"seed {seed}: {STEPS} steps by {world.to_read} on {world.stack.server}", file=sys.stderr)
        Table.add(f"random operations, seed {seed}", STEPS, note="each step compared with a model")


class Folding(FaultCase):
    """The reader of the log that the property test relies on sees what it is there to see."""

    FORGERIES = (("UPDATE message SET body = 'forged' WHERE body = 'said'", "message .* the log says"),
                 ("DELETE FROM message WHERE body = 'said'", "message .*: none, the log says"),
                 ("UPDATE message SET deleted_ms = 0 WHERE deleted_ms > 0", "message .* the log says"),
                 ("UPDATE message SET salt = x'00' WHERE rev = 2", "message .* the log says"),
                 ("UPDATE reaction SET user_id = 9", "reaction .*: none, the log says"),
                 ("UPDATE reaction_count SET count = 2", "reactions of .*: 2, the log says 1"),
                 ("DELETE FROM pin", "pin .*: none, the log says"),
                 ("UPDATE message SET user_id = 2 WHERE body = 'said'", "message .* the log says"),
                 ("UPDATE user SET banned_until = 0", "user .*: banned_until is 0, the log says"),
                 ("UPDATE room SET archived_ms = 0", "room .*: archived is 0, the log says True"),
                 ("UPDATE room SET head = head + 1 WHERE slug = 'general'", "general: ends at"),
                 ("DELETE FROM event WHERE kind = 'message' AND seq = 2", "general: 3 after 1"),
                 ("UPDATE event SET ts_ms = ts_ms + 1 WHERE seq = 1", "not chained"))

    ACTS = {"edit": {"message": "other", "rev": 1}, "delete": {}, "react": {"emoji": EMOJI[0], "on": True},
            "pin": {"on": True}}

    def test_a_forgery_of_each_kind_is_seen(self):
        stack = self.start(sidecar=False)
        for number, name in ((1, "ana"), (2, "bob")):
            stack.post("said" if number == 1 else "also", token=stack.token(number, name))
        ways = ActByHttp(stack, stack.token(3, "mod", "moderator"), "mod")
        for kind in ("edit", "delete", "react", "pin"):
            msg_id = ways.send(f"to {kind}", new_client_id(), "general").msg_id
            self.assertEqual(ways.act(kind, msg_id, **self.ACTS[kind]).kind, "acked")
        stack.outcry("user", "ban", "1", "1h")
        stack.outcry("room", "archive", "energy")
        for number, (forgery, seen) in enumerate(self.FORGERIES):
            copy = stack.path(f"var/copy-{number}.db")
            stack.outcry("backup", copy)
            with contextlib.closing(sqlite3.connect(copy)) as db:
                self.assertEqual(differences(db), [])
                db.execute(forgery)
                db.commit()
                self.assertRegex("\n".join(differences(db)), seen)


def test_of(seed):
    def test(self):
        self.run_seed(seed)
    return test


for number in SEEDS:
    setattr(Agreement, f"test_what_is_resumed_what_is_loaded_and_the_model_agree_seed_{number}",
            test_of(number))


if __name__ == "__main__":
    unittest.main()
