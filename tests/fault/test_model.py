#!/usr/bin/python3
"""Random people do random things over random transports, and after every step what they see, what the
server says when asked anew, and a model in memory agree.

OUTCRY_MODEL_SEEDS=7,8 runs these seeds. The long form runs 20 seeds of 10,000 steps, as many as fit into
a run, and goes on at the next: build/model-progress.json."""
import json
import os
import random
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from case import LONG, FaultCase, end_module  # noqa: E402
from checker import Stored, Table  # noqa: E402
from model import ROOMS, STATUS, Guest, Person, World  # noqa: E402
from reading import offered  # noqa: E402
from stack import BUILD, new_client_id  # noqa: E402

STEPS = 10000 if LONG else 500
SEEDS = [int(s) for s in os.environ.get("OUTCRY_MODEL_SEEDS", "").split(",") if s] or \
    list(range(1, 21 if LONG else 4))
RUN_S = 1300  # no further seed is begun after so long
PROGRESS = os.path.join(BUILD, "model-progress.json")
WORDS = ("AAPL", "calls", "puts", "ünïcode", "日本", "<b>", "&amp;", "'quoted'", "🚀", "moon")


def tearDownModule():
    end_module()


class Steps:
    """The operations; each does it to the real chat and to the model."""

    def __init__(self, test, world, people, rng):
        self.test, self.world, self.people, self.rng = test, world, people, rng
        self.model, self.stack = world.model, world.stack
        self.number = 0

    WEIGHTS = {"post": 40, "post_again": 6, "post_other": 4, "post_wrong": 5, "follow": 6, "leave": 4,
               "mark_read": 8, "rename": 3, "sanction": 3, "topic": 2, "reconnect": 7,
               "switch_reading": 6, "switch_writing": 6, "kill_sidecar": 0.4}

    def step(self):
        self.number += 1
        name = self.rng.choices(list(self.WEIGHTS), self.WEIGHTS.values())[0]
        who = self.rng.choice(self.people)
        getattr(self, name)(who)
        return name, who

    def text(self):
        return f"{self.number} " + " ".join(self.rng.choices(WORDS, k=self.rng.randrange(1, 6)))

    # ---- posting ----

    def expect_refusal(self, outcome, code):
        self.test.assertEqual(outcome.kind, "refused", f"{code}: {vars(outcome)}")
        self.test.assertIn(outcome.code, (code, STATUS[code]))

    def post(self, who):
        room, text, client_id = self.rng.choice(ROOMS), self.text(), new_client_id()
        outcome = who.send_surely(room, text, client_id)
        if who.banned:
            self.test.assertNotEqual(outcome.kind, "acked")
        elif who.muted:
            self.expect_refusal(outcome, "muted")
        else:
            self.test.assertEqual(outcome.kind, "acked", vars(outcome))
            self.take(who, room, text, client_id, outcome)

    def take(self, who, room, text, client_id, outcome):
        seq = self.model.head(room) + 1
        if outcome.msg_id is None:  # a form's answer does not say
            page = self.people[0].fresh_messages(room, seq - 1) if not self.people[0].banned \
                else who.fresh_messages(room, seq - 1)
            self.test.assertIn(seq, page)
            outcome.seq, outcome.msg_id = seq, page[seq][0]
        self.test.assertEqual(outcome.seq, seq)
        self.model.post(room, outcome.msg_id, who, text)
        self.world.authors[room][seq] = who.user_id
        who.sent.append((client_id, room, text, seq, outcome.msg_id))

    def earlier(self, who):
        return self.rng.choice(who.sent[-30:]) if who.sent and not who.muted and not who.banned else None

    def post_again(self, who):
        """The same id and text: the first result again."""
        if mine := self.earlier(who):
            client_id, room, text, seq, msg_id = mine
            outcome = who.send_surely(room, text, client_id)
            self.test.assertEqual(outcome.kind, "acked", vars(outcome))
            self.test.assertIn((outcome.seq, outcome.msg_id), ((seq, msg_id), (None, None)))

    def post_other(self, who):
        if mine := self.earlier(who):
            self.expect_refusal(who.send_surely(mine[1], self.text(), mine[0]), "client_id_conflict")

    def post_wrong(self, who):
        if not who.banned and not who.muted:
            text, code = self.rng.choice((("x" * 2001, "too_long"), ("  \n ", "bad_request"),
                                          ("", "bad_request")))
            self.expect_refusal(who.send_surely(self.rng.choice(ROOMS), text, new_client_id()), code)

    # ---- reading ----

    def follow(self, who):
        if not who.banned:
            who.follow(self.rng.choice(ROOMS))

    def leave(self, who):
        if len(who.rooms) > 1 and not who.banned:
            who.leave(self.rng.choice(list(who.rooms)))

    def mark_read(self, who):
        if who.banned:
            return
        room = self.rng.choice(ROOMS)
        up_to = self.rng.randrange(1, self.model.head(room) + 1)
        reply = who.http("PUT", f"/api/stocks/chat/rooms/{room}/read/", {"up_to": up_to})
        self.test.assertEqual(reply.status, 200, reply.text)
        who.read[room] = max(who.read[room], up_to)
        self.test.assertEqual((reply.json["last_read_seq"], reply.json["unread"]),
                              (who.read[room], self.model.unread(who, room)))

    def reconnect(self, who):
        who.disconnect()

    def switch_reading(self, who):
        who.disconnect()
        who.way_to_read = self.rng.choice(self.world.offered)

    def switch_writing(self, who):
        who.switch_writing(self.rng.choice(("json", "form", "hello")))

    # ---- people and rooms ----

    def rename(self, who):
        if not isinstance(who, Guest) or who.banned:
            return
        other = self.rng.choice(self.people)
        name = self.rng.choice((f"guest {self.number}", other.username))
        reply = who.rename(name)
        if name == other.username and other is not who:
            self.test.assertEqual((reply.status, reply.error), (409, "name_taken"))
        else:
            self.test.assertEqual(reply.status, 200, reply.text)
            who.username = name

    def sanction(self, who):
        verb = self.rng.choice(("mute", "ban"))
        state = {"mute": "muted", "ban": "banned"}[verb]
        now = not getattr(who, state)
        self.stack.outcry("user", verb, str(who.user_id), "1h" if now else "off")
        setattr(who, state, now)
        if verb == "ban":  # its connections are closed; those to come are its own affair
            who.disconnect()
            who.switch_writing(who.way_to_write)

    def topic(self, who):
        room = self.rng.choice(ROOMS)
        self.stack.outcry("room", "topic", room, topic := f"topic {self.number}")
        self.model.set_topic(room, topic)

    def kill_sidecar(self, who):
        self.stack.kill_sidecar()
        self.stack.start_sidecar()


class Agreement(FaultCase):
    def agree(self, model, who, thorough):
        """Resumed = loaded anew = model, for one person; of the messages the newest unless thorough."""
        who.catch_up()
        for room, seq in who.rooms.items():
            log = model.log[room][:seq]
            shown = [event or log[n] for n, event in enumerate(who.screen[room])]
            self.assertEqual(shown, log)
        self.assertEqual(who.fresh_state(),
                         {room: (model.head(room), model.unread(who, room), who.read[room],
                                 model.topic[room]) for room in ROOMS})
        for room in ROOMS if thorough else list(who.rooms)[:1]:
            after = 0 if thorough else max(0, model.head(room) - 5)
            self.assertEqual(who.fresh_messages(room, after),
                             {seq: m for seq, m in model.messages[room].items() if seq > after})

    def run_seed(self, seed):
        stack = self.start()
        rng = random.Random(seed)
        world = World(stack, offered(stack, stack.token(99, "prober")))
        people = [Person(world, n) for n in range(1, 5)] + [Guest(world, 5)]
        steps = Steps(self, world, people, rng)
        done = []
        try:
            for n in range(STEPS):
                done.append(steps.step()[0])
                who = rng.choice(people)
                if not who.banned:
                    self.agree(world.model, who, thorough=n % 100 == 99)
            for who in people:
                if who.banned:
                    stack.outcry("user", "ban", str(who.user_id), "off")
                    who.banned = False
                self.agree(world.model, who, thorough=True)
            stored = Stored(stack)
            self.assertEqual((stored.integrity, stored.broken_rooms), ("ok", []))
        except BaseException:
            print(f"seed {seed}, step {steps.number}, last {done[-8:]}: "
                  f"OUTCRY_MODEL_SEEDS={seed} tests/run tests/fault/test_model.py", file=sys.stderr)
            raise
        finally:
            for who in people:
                who.disconnect()
                who.switch_writing(who.way_to_write)
            stack.stop()
        print(f"seed {seed}: {STEPS} steps by {world.offered}", file=sys.stderr)

    def finished(self):
        try:
            with open(PROGRESS, encoding="utf-8") as f:
                return json.load(f)
        except FileNotFoundError:
            return []

    def test_what_is_resumed_what_is_loaded_and_the_model_agree_at_every_step(self):
        finished = self.finished() if LONG else []
        if set(finished) >= set(SEEDS):
            finished = []  # all were through: from the beginning
        began = time.monotonic()
        for seed in SEEDS:
            if seed in finished or time.monotonic() - began > RUN_S:
                continue
            with self.subTest(seed=seed):
                self.run_seed(seed)
                finished.append(seed)
            if LONG:
                with open(PROGRESS, "w", encoding="utf-8") as f:
                    json.dump(finished, f)
        Table.add("random operations against a model", len(finished),
                  note=f"seeds {finished} of {len(SEEDS)}, {STEPS} steps each")


if __name__ == "__main__":
    unittest.main()
