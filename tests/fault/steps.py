"""What random people do; each operation is done to the real chat and to the model."""
import copy
import os
import re
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from acting import EMOJI  # noqa: E402
from model import STATUS  # noqa: E402
from people import Nameless  # noqa: E402
from stack import API, new_client_id, wait_for  # noqa: E402

WORDS = ("AAPL", "calls", "puts", "ünïcode", "日本", "<b>", "&amp;", "'quoted'", "🚀", "moon")
WRONG_TEXTS = ("x" * 2001, "  \n ", "")
DAY_S = 86400


class Posting:
    def text(self):
        return f"{self.number} " + " ".join(self.rng.choices(WORDS, k=self.rng.randrange(1, 6)))

    def room_to_write(self, who):
        return "general" if who.way_to_write == "seed" else self.rng.choice(list(self.model.rooms))

    def expect(self, outcome, code):
        self.test.assertIn(outcome.kind, ("refused", "later"), f"{code}: {vars(outcome)}")
        self.test.assertIn(outcome.code, (code, STATUS[code]))

    def is_done(self, outcome, code):
        """Whether it was done: where it had to be refused, that it was."""
        if code == "banned":
            self.test.assertNotEqual(outcome.kind, "acked")
        elif code:
            self.expect(outcome, code)
        else:
            self.test.assertEqual(outcome.kind, "acked", vars(outcome))
        return not code

    def say(self, who, room, text, client_id, known=None, **extras):
        code = self.model.refusal(who.number, room, text, known, extras.get("reply_to"), self.world.day)
        outcome = who.send_surely(room, text, client_id, **extras)
        if not self.is_done(outcome, code):
            return
        if known:
            self.test.assertIn((outcome.seq, outcome.msg_id), ((known[1], known[2][1]), (None, None)))
        else:
            self.take(who, room, text, client_id, outcome, extras)

    def take(self, who, room, text, client_id, outcome, extras):
        log = self.model.rooms[room]
        seq = log.head() + 1
        if outcome.msg_id is None:  # a form's answer does not say
            page = who.fresh_messages(room, seq - 1)
            self.test.assertIn(seq, page)
            outcome.seq, outcome.msg_id = seq, page[seq][1]
        self.test.assertEqual(outcome.seq, seq)
        log.append(self.world.day, "message", outcome.msg_id, self.model.shown(who.number), text,
                   who.member.user_id, extras.get("reply_to"), extras.get("sentiment"), client_id)
        who.sent.append((client_id, room, text))

    def post(self, who):
        extras = {}
        if who.way_to_write != "seed" and self.rng.random() < 0.2:
            extras["sentiment"] = self.rng.choice(("bullish", "bearish"))
        self.say(who, self.room_to_write(who), self.text(), new_client_id(), **extras)

    def reply(self, who):
        """To something of the room; now and then to something of another, or of before a purge."""
        room = self.room_to_write(who)
        other = room if self.rng.random() < 0.8 else self.rng.choice(list(self.model.rooms))
        if message := self.any_message(other):
            self.say(who, room, self.text(), new_client_id(), reply_to=message.id)

    def any_message(self, room):
        messages = [e for e in self.model.rooms[room].log[-200:] if e[0] == "message"]
        return self.rng.choice(messages) if messages else None

    def earlier(self, who):
        """(client id, room, text, what is known of it) of something that was said before."""
        if not who.sent or who.way_to_write == "seed":  # a seed socket is told of no duplicate
            return None
        client_id, room, text = self.rng.choice(who.sent[-30:])
        if room not in self.model.rooms:
            return None
        return client_id, room, text, self.model.find(who.number, client_id)

    def post_again(self, who):
        """The same id and text: the first result again."""
        if mine := self.earlier(who):
            client_id, room, text, known = mine
            self.say(who, room, text, client_id, known)

    def post_other(self, who):
        if mine := self.earlier(who):
            client_id, room, _, known = mine
            self.say(who, room, self.text(), client_id, known)

    def post_wrong(self, who):
        if not who.member.banned:
            self.say(who, self.room_to_write(who), self.rng.choice(WRONG_TEXTS), new_client_id())

    def switch_writing(self, who):
        who.switch_writing(self.rng.choice(self.world.to_write))


class Acting:
    """What is done to messages, by those who may and by those who may not."""

    def act(self, who, kind, mine=False, **what):
        room = self.rng.choice([r for r in self.model.rooms if mine is False or self.own(who, r)] or ["general"])
        message = self.rng.choice(self.own(who, room) or [None]) if mine else self.any_message(room)
        if message is None:
            return
        what = {key: value(message) if callable(value) else value for key, value in what.items()}
        code = self.model.act_refusal(who.number, room, message.id, kind, what, self.world.day)
        outcome = who.act_surely(kind, message.id, **what)
        if self.is_done(outcome, code):
            self.model.act(who.number, room, message.id, kind, what, self.world.day)

    def own(self, who, room):
        return [e for e in self.model.rooms[room].log[-200:]
                if e[0] == "message" and e.user_id == who.member.user_id]

    def edit(self, who):
        """Mostly one's own; now and then from a text that is not the newest, or without a change."""
        stale = self.rng.random() < 0.15
        again = self.rng.random() < 0.15
        text = self.text()
        self.act(who, "edit", mine=self.rng.random() < 0.85, rev=lambda m: m.rev - stale or 9,
                 message=lambda m: m.text if again and m.text else text)

    def delete(self, who):
        self.act(who, "delete", mine=self.rng.random() < 0.7)

    def react(self, who):
        self.act(who, "react", emoji=self.rng.choice(EMOJI), on=self.rng.random() < 0.7)

    def pin(self, who):
        self.act(who, "pin", on=self.rng.random() < 0.7)


class Reading:
    def follow(self, who):
        if not who.member.banned:
            who.follow(self.rng.choice(list(self.model.rooms)))

    def leave(self, who):
        if len(who.following) > 2 and not who.member.banned:
            who.leave(self.rng.choice([room for room in who.following if room != "@me"]))

    def mark_read(self, who):
        if who.member.banned:
            return
        room = self.rng.choice([r for r in self.model.rooms if not self.model.rooms[r].archived])
        head = self.model.rooms[room].head()
        up_to = self.rng.randrange(1, head + 3)
        marks = who.member.marks
        marks[room] = max(marks.get(room, 0), min(up_to, head))
        self.test.assertEqual(who.mark_read(room, min(up_to, head) if who.feed else up_to),
                              (marks[room], self.model.unread(who.number, room)))

    def reconnect(self, who):
        who.disconnect()

    def sleep(self, who):
        """Comes back with a cursor of long ago."""
        room = self.rng.choice(who.following)
        if not who.member.banned and who.epoch == self.world.epoch:
            who.rewind(room, self.rng.randrange(0, who.seen[room] + 1))

    def switch_reading(self, who):
        who.disconnect()
        who.way_to_read = self.rng.choice(self.world.to_read)


class People:
    def name(self, who):
        return self.rng.choice((f"{who.kind} {self.number}", self.rng.choice(self.people).member.name))

    def rename(self, who):
        if who.member.banned:
            return
        name = self.name(who)
        if isinstance(who, Nameless):
            self.rename_oneself(who, name)
        elif "~" not in name:
            self.rename_by_host(who, name)

    def rename_oneself(self, who, name):
        reply = who.rename(name)
        if "~" in name:
            self.test.assertEqual((reply.status, reply.error), (400, "bad_request"))
        elif self.model.is_taken(name, who.number):
            self.test.assertEqual((reply.status, reply.error), (409, "name_taken"))
        else:
            self.test.assertEqual(reply.status, 200, reply.text)
            self.model.name_by_oneself(who.number, name, self.world.day)

    def rename_by_host(self, who, name):
        """The next token says so; an open socket is told of it, or everything opened anew."""
        who.claim = name
        who.sign_in()
        if who.feed is None or who.way_to_read != "socket" or self.rng.random() < 0.3 or \
                not who.show_token():
            who.hang_up()
            self.meet(who)
        else:
            who.switch_writing(who.way_to_write)
            self.model.name_by_host(who.number, name, self.world.day)

    def meet(self, who):
        """The server sees the person's token."""
        who.http("GET", API + "me/")
        if who.kind == "host":
            self.model.name_by_host(who.number, who.claim, self.world.day)

    def sanction(self, who):
        verb, state = self.rng.choice((("mute", "muted"), ("ban", "banned")))
        member = who.member
        now = not getattr(member, state)
        if now and verb == "ban" and sum(p.member.banned for p in self.people) > 1:
            return
        self.stack.outcry("user", verb, str(member.user_id), "forever" if now else "off")
        setattr(member, state, now)
        member.own.append(self.world.day, "moderation", *((verb, None) if now else ("undo", verb)))
        if verb == "ban" and now:
            who.await_end()
            who.hang_up()

    def role(self, who):
        if who.kind == "guest":
            done = self.stack.outcry("user", "role", str(who.member.user_id), "moderator", check=False)
            self.test.assertEqual(done.returncode, 1)
            return
        role = self.rng.choice(("member", "moderator", "admin"))
        self.stack.outcry("user", "role", str(who.member.user_id), role)
        who.member.role = role
        who.member.own.append(self.world.day, "moderation", "role", role)

    def revoke(self, who):
        """Every session ends; only a token that was issued since is taken."""
        if who.kind == "guest" or who.member.banned:
            return
        self.stack.shift(self.stack.offset + 2)  # a token's time is in whole seconds
        self.stack.outcry("user", "revoke", str(who.member.user_id))
        who.member.own.append(self.world.day, "moderation", "revoke", None)
        who.await_end()
        who.hang_up()
        reply = who.http("GET", API + "me/")
        self.test.assertEqual((reply.status, reply.error), (401, "token_invalid"))
        self.stack.shift(self.stack.offset + 2)
        who.sign_in()


class Rooms:
    def change(self, verb, room, *args):
        self.stack.outcry("room", verb, room, *args)
        return self.model.rooms[room]

    def create(self, _who):
        if len(self.model.rooms) < 7:
            slug = f"room-{self.number}"
            self.stack.outcry("room", "create", slug, f"Room {self.number}")
            self.model.create(slug, self.world.day)

    def topic(self, _who):
        room = self.change("topic", self.rng.choice(list(self.model.rooms)), f"topic {self.number}")
        room.topic = f"topic {self.number}"
        room.append(self.world.day, "room", "topic", None)

    def archive(self, _who):
        slug = self.rng.choice([r for r in self.model.rooms if r != "general"])
        undo = self.model.rooms[slug].archived
        room = self.change("archive", slug, *(["--undo"] if undo else []))
        room.archived = not undo
        room.append(self.world.day, "room", "restored" if undo else "archived", None)

    def slow(self, _who):
        slug = self.rng.choice(list(self.model.rooms))
        seconds = 0 if self.model.rooms[slug].slow_s else 3600
        room = self.change("slow", slug, str(seconds))
        room.slow_s = seconds
        room.append(self.world.day, "moderation", "slow", seconds)

    def retention(self, _who):
        days = self.rng.randrange(0, 4)
        room = self.change("retention", self.rng.choice(list(self.model.rooms)), str(days))
        room.retention_days = days
        room.append(self.world.day, "room", "policy", days)

    def purge(self, _who):
        """What the dry run tells is what then goes."""
        dry = self.stack.outcry("purge", "--dry-run").stdout
        self.test.assertEqual(self.stack.outcry("purge").stdout.replace("Deleted", "Would delete"), dry)
        gone = [room.purge(self.world.day) for room in self.model.rooms.values()]
        counts = re.search(r"(\d+) events and (\d+) messages in (\d+) rooms\.", dry).groups()
        self.test.assertEqual([int(n) for n in counts],
                              [sum(e for e, _ in gone), sum(m for _, m in gone),
                               sum(e > 0 for e, _ in gone)])

    def next_day(self, _who):
        self.stack.shift(self.stack.offset + DAY_S)
        self.world.day += 1


class Operator:
    def backup(self, _who):
        path = self.stack.path(f"var/backup-{self.number}.db")
        self.stack.outcry("backup", path)
        self.backups.append((path, copy.deepcopy(self.model)))
        if len(self.backups) > 4:
            os.unlink(self.backups.pop(0)[0])

    def restore(self, _who):
        """An older history: its people come back with the tokens of today."""
        if not self.backups:
            return
        path, model = self.rng.choice(self.backups)
        self.stack.outcry("restore", path)
        self.world.model = copy.deepcopy(model)
        self.world.epoch = wait_for(self.new_epoch, "another epoch", 30)
        for who in self.everybody:
            self.meet(who)
        for who in self.people:
            who.sent = [mine for mine in who.sent if mine[1] in self.model.rooms]
            who.switch_writing(who.way_to_write) if self.rng.random() < 0.5 else None
        self.listen_again()

    def new_epoch(self):
        epoch = self.people[0].http("GET", API + "health/").json["epoch"]
        return epoch if epoch != self.world.epoch else None

    def kill_sidecar(self, _who):
        if not self.stack.with_sidecar:
            return
        self.hear_all()
        self.stack.stop_sidecar(self.rng.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM)))
        self.stack.start_sidecar()
        self.listen_again()

    def kill_workers(self, _who):
        self.stack.kill_workers()

    def restart_web(self, _who):
        self.hear_all()
        self.stack.stop_web()
        self.stack.start_web()
        self.listen_again()

    def listen_again(self):
        self.ear.close()
        self.ear.open()

    def hear_all(self):
        self.test.assertEqual([], self.ear.missing())


class Steps(Posting, Acting, Reading, People, Rooms, Operator):
    WEIGHTS = {"post": 40, "reply": 6, "post_again": 6, "post_other": 4, "post_wrong": 4,
               "edit": 8, "delete": 3, "react": 8, "pin": 3,
               "switch_writing": 6, "follow": 6, "leave": 4, "mark_read": 8, "reconnect": 6, "sleep": 4,
               "switch_reading": 6, "rename": 3, "sanction": 2.5, "role": 1, "revoke": 1, "create": 0.4,
               "topic": 1.5, "archive": 1, "slow": 1, "retention": 1, "purge": 1, "next_day": 0.5,
               "backup": 0.6, "restore": 0.4, "kill_sidecar": 0.4, "kill_workers": 0.4,
               "restart_web": 0.2}

    def __init__(self, test, world, people, ear, rng):
        self.test, self.world, self.people, self.ear, self.rng = test, world, people, ear, rng
        self.everybody = [*people, ear.owner]
        self.stack = world.stack
        self.number = 0
        self.backups = []

    @property
    def model(self):
        return self.world.model

    def step(self):
        self.number += 1
        name = self.rng.choices(list(self.WEIGHTS), self.WEIGHTS.values())[0]
        who = self.rng.choice(self.people)
        getattr(self, name)(who)
        return f"{name} by {who.claim}"
