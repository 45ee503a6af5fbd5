"""Backup, restore, verify and purge of a chat that is being used."""
import hashlib
import os
import re
import sqlite3
import threading
import unittest

from stack import API, Stack, wait_for


def texts(messages):
    return [m["message"] for m in messages]


class BackupTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(conf={"rate_user_burst": 100000, "rate_user_per_minute": 100000}).start()
        cls.token = cls.stack.token(7, "ana")

    @classmethod
    def tearDownClass(cls):
        cls.stack.stop()

    def post(self, text, room="general"):
        reply = self.stack.post(text, token=self.token, room=room)
        self.assertEqual(reply.status, 201, reply.text)
        return reply.json["message"]

    def test_a_backup_beside_writers_holds_what_was_acknowledged_before_it(self):
        before = [self.post(f"before {i}")["id"] for i in range(5)]
        stop, failed = threading.Event(), []

        def write():
            i = 0
            while not stop.is_set():
                i += 1
                if self.stack.post(f"meanwhile {i}", token=self.token).status != 201:
                    failed.append(i)
        writers = [threading.Thread(target=write) for _ in range(3)]
        for writer in writers:
            writer.start()
        target = self.stack.path("var/beside.db")
        done = self.stack.outcry("backup", target)
        stop.set()
        for writer in writers:
            writer.join()
        self.assertIn("checked", done.stdout)
        self.assertEqual(failed, [])
        self.assertEqual(os.stat(target).st_mode & 0o777, 0o640)
        copy = sqlite3.connect(f"file:{target}?mode=ro", uri=True)
        self.assertEqual(copy.execute("PRAGMA integrity_check").fetchone(), ("ok",))
        stored = {row[0] for row in copy.execute("SELECT id FROM message")}
        copy.close()
        self.assertLessEqual(set(before), stored)
        again = self.stack.outcry("backup", target, check=False)
        self.assertEqual(again.returncode, 1)
        self.assertIn("exists; nothing was written", again.stderr)

    def test_wrong_use_is_told(self):
        for args in (("backup",), ("restore",), ("restore", "--accept", "x"), ("restore", "a", "b")):
            self.assertEqual(self.stack.outcry(*args, check=False).returncode, 2, args)

    def test_a_broken_backup_is_refused_and_nothing_changes(self):
        message = self.post("stays")
        target = self.stack.path("var/broken.db")
        self.stack.outcry("backup", target)
        with open(target, "r+b") as f:
            for page in range(2, os.path.getsize(target) // 4096):
                f.seek(page * 4096)
                f.write(b"\xa5" * 64)
        epoch = self.stack.get("health/").json["epoch"]
        done = self.stack.outcry("restore", target, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, "Damaged|malformed")
        self.assertEqual(self.stack.get("health/").json["epoch"], epoch)
        self.assertIn(message["id"], [m["id"] for m in self.stack.history(token=self.token)])


class VerifyTest(unittest.TestCase):
    def test_verify_tells_room_by_room_and_fails_on_damage(self):
        with Stack() as stack:
            token = stack.token(7, "ana")
            for i in range(3):
                stack.post(f"text {i}", token=token)
            done = stack.outcry("verify")
            self.assertRegex(done.stdout, r"ok +general +seq 1 to 4, 3 messages")
            self.assertRegex(done.stdout, r": 0 problems\n$")
            backup = stack.path("var/backup.db")
            stack.outcry("backup", backup)
            self.assertRegex(stack.outcry("verify", backup).stdout, "3 messages: 0 problems")
            with sqlite3.connect(backup) as copy:
                copy.execute("UPDATE message SET body = 'forged' WHERE body = 'text 1'")
            done = stack.outcry("verify", "--quiet", backup, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stdout, r"FAIL +general .*seq 3: the message's text was changed")
            # And what does not verify is not restored.
            done = stack.outcry("restore", backup, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("the message's text was changed", done.stderr)
            self.assertEqual(stack.outcry("verify", "--quiet").stdout, "")
            left = [n for n in os.listdir(stack.path("var")) if n.startswith("chat.db.")]
            self.assertEqual(left, [])


class PurgeTest(unittest.TestCase):
    def make_old(self, stack, days):
        """All that was said until now was said `days` days ago: a chat that is set up again."""
        stack.stop_web()
        stack.stop_sidecar()
        with sqlite3.connect(stack.path("var/chat.db")) as db:
            db.execute("UPDATE event SET ts_ms = ts_ms - ? WHERE room_id IN"
                       " (SELECT id FROM room WHERE slug = 'general')", (days * 86400000,))
        stack.start_sidecar()
        stack.start_web()

    def counts(self, text):
        return [int(n) for n in re.search(r"(\d+) events and (\d+) messages", text).groups()]

    def test_a_dry_run_prints_what_the_run_then_deletes(self):
        with Stack() as stack:
            token = stack.token(7, "ana")
            for i in range(7):
                stack.post(f"old {i}", token=token)
                stack.post(f"energy {i}", token=token, room="energy")
            self.make_old(stack, 40)
            stack.post("new", token=token)
            before = stack.get("messages/?room=general", token=token).json
            self.assertEqual(self.counts(stack.outcry("purge").stdout), [0, 0])
            stack.outcry("room", "retention", "general", "30")
            stack.outcry("room", "retention", "energy", "30")
            dry = stack.outcry("purge", "--dry-run").stdout
            self.assertEqual(self.counts(dry), [8, 7])
            self.assertEqual(texts(stack.history(token=token))[0], "old 0")
            run = stack.outcry("purge").stdout
            self.assertEqual(run.replace("Deleted", "Would delete"), dry)
            self.assertEqual(texts(stack.history(token=token)), ["new"])
            self.assertEqual(len(stack.history("energy", token=token)), 7)
            polled = stack.get(f"events/?epoch={before['epoch']}&rooms=general:3", token=token)
            self.assertEqual((polled.status, polled.json["resync"][0]["reason"]), (410, "floor"))
            self.assertEqual(stack.get("messages/?room=general", token=token).json["floor"], 8)
            stack.outcry("room", "retention", "general", "0")
            for wrong in ("-1", "x", "36501"):
                done = stack.outcry("room", "retention", "general", wrong, check=False)
                self.assertEqual(done.returncode, 2)
            # Nothing of the old text is left on disk.
            for name in ("chat.db", "chat.db-wal"):
                with open(stack.path("var", name), "rb") as f:
                    self.assertNotIn(b"old 3", f.read())


class WitnessTest(unittest.TestCase):
    def test_a_copy_put_back_by_hand_is_read_only_until_it_is_accepted(self):
        with Stack() as stack:
            token = stack.token(7, "ana")
            stack.post("one", token=token)
            backup = stack.path("var/backup.db")
            stack.outcry("backup", backup)
            stack.post("two", token=token)
            epoch = stack.get("health/").json["epoch"]
            stack.stop_web()
            stack.stop_sidecar()
            for name in ("chat.db-wal", "chat.db-shm"):
                os.unlink(stack.path("var", name))
            with open(backup, "rb") as source, open(stack.path("var/chat.db"), "wb") as target:
                target.write(source.read())
            stack.start_sidecar()
            stack.start_web()

            health = stack.get("health/").json
            self.assertEqual(health["status"], "read_only")
            self.assertIn("older than its witness", health["storage"])
            self.assertEqual(texts(stack.history(token=token)), ["one"])
            reply = stack.post("three", token=token)
            self.assertEqual((reply.status, reply.error), (503, "busy"))
            self.assertIn("can only be read", reply.json["error"]["message"])
            sock = stack.hello(rooms={"general": 0}, token=token)
            sock.send(type="message", room="general", message="four", client_id="d" * 12)
            self.assertEqual(sock.until("error", client_id="d" * 12)["code"], "busy")
            self.assertIn("storage_alarm", "".join(stack.logs().values()))
            done = stack.outcry("verify", check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("older than its witness", done.stdout)
            self.assertIn("older than its witness", stack.outcry("doctor", check=False).stdout)

            stack.outcry("restore", "--accept")
            self.assertEqual(sock.until_closed(), 4003)
            health = wait_for(lambda: stack.get("health/").json, "it answers")
            self.assertEqual(health["status"], "ok")
            self.assertNotEqual(health["epoch"], epoch)
            self.assertEqual(stack.post("five", token=token).status, 201)
            self.assertEqual(texts(stack.history(token=token)), ["one", "five"])
            self.assertIn("0 problems", stack.outcry("verify").stdout)


class FilesTest(unittest.TestCase):
    def send(self, stack, token, data):
        """A message with the file."""
        ask = {"room": "general", "name": "prices.csv", "size": len(data)}
        upload = stack.http("POST", API + "uploads/", ask, token=token).json["upload"]["id"]
        stack.http("PUT", f"{API}uploads/{upload}/?offset=0", data, {"Content-Type": "application/octet-stream"},
                   token=token)
        stack.http("POST", f"{API}uploads/{upload}/done/", {}, token=token)
        posted = stack.post("look", token=token, attachments=[upload])
        self.assertEqual(posted.status, 201, posted.text)
        return posted.json["message"]["attachments"][0]["url"]

    def place(self, folder, data):
        name = hashlib.sha256(data).hexdigest()
        return os.path.join(folder, name[:2], name[2:4], name)

    def test_files_are_backed_up_missed_and_brought_back(self):
        one, two, stray = b"day,close\n1,190.5\n", b"day,close\n2,191\n", b"nobody's\n"
        with Stack() as stack:
            token = stack.token(7, "ana")
            kept, backup, copies = stack.path("var/files"), stack.path("var/backup.db"), stack.path("var/copies")
            urls = [self.send(stack, token, data) for data in (one, two)]
            self.assertIn("ok    files: 2 are there, and what they should be", stack.outcry("verify", "--whole").stdout)

            # Nobody's for more than a day: counted, and no fault.
            os.makedirs(os.path.dirname(self.place(kept, stray)), exist_ok=True)
            with open(self.place(kept, stray), "wb") as f:
                f.write(stray)
            os.utime(self.place(kept, stray), (1e9, 1e9))
            done = stack.outcry("verify")
            self.assertIn("1 files (9 bytes) are nobody's", done.stdout)
            os.unlink(self.place(kept, stray))

            done = stack.outcry("backup", backup, "--files", copies)
            self.assertIn(f"2 files copied ({len(one) + len(two)} bytes), 0 were there", done.stdout)
            self.assertIn("0 problems", stack.outcry("verify", backup, "--files", copies, "--whole").stdout)
            done = stack.outcry("backup", stack.path("var/second.db"), "--files", copies)
            self.assertIn("0 files copied (0 bytes), 2 were there", done.stdout)

            # One is lost, one is damaged.
            os.unlink(self.place(kept, one))
            with open(self.place(kept, two), "r+b") as f:
                f.write(b"x")
            self.assertEqual(stack.get(urls[0], token=token).status, 404)
            done = stack.outcry("verify", "--quiet", "--whole", check=False)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stdout, "FAIL  files: of 2, 1 are missing and 1 broken")
            done = stack.outcry("backup", stack.path("var/third.db"), "--files", stack.path("var/others"), check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("1 files are not what was sent", done.stderr)
            self.assertFalse(os.path.exists(self.place(stack.path("var/others"), two)))

            self.assertIn("1 are missing", stack.outcry("restore", backup).stdout)
            os.unlink(self.place(kept, two))
            done = stack.outcry("restore", backup, "--files", copies)
            self.assertIn("Files: 2 brought back", done.stdout)
            self.assertNotIn("missing", done.stdout)
            for url, data in zip(urls, (one, two)):
                self.assertEqual(stack.get(url, token=token).body, data)
            self.assertIn("0 problems", stack.outcry("verify", "--whole").stdout)


class RestoreTest(unittest.TestCase):
    def test_after_a_restore_every_client_loads_again_and_none_goes_quiet(self):
        with Stack() as stack:
            ana, bob = stack.token(7, "ana"), stack.token(8, "bob")
            stack.post("one", token=ana)
            backup = stack.path("var/backup.db")
            stack.outcry("backup", backup)
            stack.post("two", token=ana)
            stack.post("new person", token=bob)
            old = stack.hello(rooms={"general": 0}, token=ana)
            seed = stack.ws(token=bob)
            cursor = old.welcome["rooms"]["general"]["seq"]
            epoch = old.welcome["epoch"]
            polled = stack.get(f"events/?epoch={epoch}&rooms=general:{cursor}", token=ana)
            self.assertEqual(polled.status, 200)

            done = stack.outcry("restore", backup)
            kept = re.search(r"kept: (\S+)", done.stdout).group(1)
            # Sockets are told to come back; the poll is told to load again.
            self.assertEqual(old.until_closed(), 4003)
            self.assertEqual(seed.until_closed(), 4003)
            polled = stack.get(f"events/?epoch={epoch}&rooms=general:{cursor}", token=ana)
            self.assertEqual((polled.status, polled.error), (410, "resync"))
            again = stack.ws_connection(token=ana, subprotocols=["chat.v1"])
            again.close()
            new = stack.hello(rooms={"general": cursor}, epoch=epoch, token=ana)
            self.assertNotEqual(new.welcome["epoch"], epoch)
            resync = new.until("resync", room="general")
            self.assertEqual(resync["reason"], "epoch")
            self.assertEqual(texts(stack.history(token=ana)), ["one"])

            # What comes now reaches readers, under the restored numbers.
            new.send(type="subscribe", room="general", since=resync["seq"])
            reply = stack.post("after", token=bob)
            self.assertEqual(reply.status, 201, reply.text)
            self.assertEqual(new.until("message", message="after")["seq"], resync["seq"] + 1)
            new.send(type="message", room="general", message="over the socket", client_id="c" * 12)
            new.until("ack", client_id="c" * 12)
            self.assertEqual(texts(stack.history(token=ana)), ["one", "after", "over the socket"])
            with sqlite3.connect(f"file:{kept}?mode=ro", uri=True) as replaced:
                self.assertEqual(replaced.execute("SELECT count(*) FROM message").fetchone(), (3,))

            # And back again: the kept one is a backup like any other.
            stack.outcry("restore", kept)
            self.assertEqual(new.until_closed(), 4003)
            wait_for(lambda: texts(stack.history(token=ana)) == ["one", "two", "new person"],
                     "the replaced history is back")
            self.assertEqual(stack.post("last", token=ana).status, 201)

    def number(self, stack, token):
        return stack.get("me/", token=token).json["user"]["id"]

    def test_who_was_erased_since_the_backup_does_not_come_back_with_it(self):
        with Stack() as stack:
            ana, ben, cleo, dan = (stack.token(n, name) for n, name in enumerate(("ana", "ben", "cleo", "dan"), 7))
            stack.post("a wombat was here", token=ana)
            stack.post("ben was here", token=ben)
            stack.post("a wombat by cleo", token=cleo, room="energy")
            stack.post("dan's first wombat", token=dan)
            # Erased before the backup, and signed up again: both are in it.
            stack.http("DELETE", API + "me/", {"confirm": "dan"}, token=dan)
            stack.post("dan is back", token=dan)
            first, second = stack.path("var/first.db"), stack.path("var/second.db")
            stack.outcry("backup", first)
            stack.http("DELETE", API + "me/", {"confirm": "ana"}, token=ana)
            stack.outcry("user", "erase", str(self.number(stack, cleo)))
            stack.post("ana is back", token=ana)
            stack.outcry("backup", second)

            done = stack.outcry("restore", first)
            self.assertIn("Erased again: 2 people, 2 messages.", done.stdout)
            wait_for(lambda: stack.get("health/").status == 200, "it answers")
            self.assertEqual([m["message"] for m in stack.history(token=ben) if "message" in m],
                             ["ben was here", "dan is back"])
            self.assertNotIn("cleo", str(stack.get("messages/?room=energy", token=ben).json))
            with open(stack.path("var/chat.db"), "rb") as f:
                self.assertNotIn(b"wombat", f.read())
            with open(stack.path("var/chat.db-erased"), encoding="ascii") as f:
                self.assertRegex(f.read(), r"\A(\+ person \d+ \d{13} \d{13}\n){3}\Z")
            self.assertIn("0 problems", stack.outcry("verify").stdout)

            # She signs up in the restored history as somebody new; that, and who had come back before the second
            # backup, is nobody whom the journal means.
            self.assertEqual(stack.post("ana once more", token=ana).status, 201)
            self.assertNotIn("Erased again", stack.outcry("restore", "--accept").stdout)
            self.assertIn("ana once more", [m.get("message") for m in stack.history(token=ben)])
            self.assertNotIn("Erased again", stack.outcry("restore", second).stdout)
            self.assertIn("ana is back", [m.get("message") for m in stack.history(token=ben)])
            self.assertIn("Erased again: 2 people", stack.outcry("restore", first).stdout)

    def test_what_a_moderator_removed_since_the_backup_comes_back_only_where_that_is_asked(self):
        with Stack() as stack:
            ana, mia = stack.token(7, "ana"), stack.token(9, "mia", role="moderator")
            bad, own = (stack.post(text, token=ana).json["message"]["id"] for text in ("an address", "a typo"))
            backup = stack.path("var/backup.db")
            stack.outcry("backup", backup)
            self.assertEqual(stack.http("DELETE", f"{API}messages/{bad}/", {}, token=mia).status, 200)
            self.assertEqual(stack.http("DELETE", f"{API}messages/{own}/", {}, token=ana).status, 200)

            def said():
                return [m["message"] for m in stack.history(token=ana) if "message" in m]
            self.assertIn("Removed again, as moderators did: 1 messages.", stack.outcry("restore", backup).stdout)
            self.assertEqual(said(), ["a typo"])
            self.assertIn("0 problems", stack.outcry("verify").stdout)
            self.assertNotIn("Removed again", stack.outcry("restore", backup, "--undelete").stdout)
            self.assertEqual(said(), ["an address", "a typo"])

    def test_who_is_erased_while_a_restore_is_under_way_does_not_come_back(self):
        with Stack(conf={"rate_session_burst": 1000}) as stack:
            people = [(f"p{n}", stack.token(100 + n, f"p{n}")) for n in range(24)]
            for name, token in people:
                self.assertEqual(stack.post(f"said by {name}", token=token).status, 201)
            ben = stack.token(8, "ben")
            stack.post("ben was here", token=ben)
            backup = stack.path("var/backup.db")
            stack.outcry("backup", backup)
            erased, restored = [], threading.Event()

            def erase():
                for number, (name, token) in enumerate(people):
                    if number == len(people) // 2:
                        restored.wait(60)  # the second half goes beside another one
                    reply = stack.http("DELETE", API + "me/", {"confirm": name}, token=token)
                    if reply.status == 200:
                        erased.append(name)
            eraser = threading.Thread(target=erase)
            eraser.start()
            restores = 0
            while eraser.is_alive():
                stack.outcry("restore", backup)
                restores += 1
                restored.set()
            eraser.join()
            wait_for(lambda: stack.get("health/").status == 200, "it answers")
            left = {m["message"] for m in stack.history(token=ben) if m.get("message")}
            self.assertEqual({f"said by {name}" for name in erased} & left, set())
            self.assertIn("ben was here", left)
            self.assertGreater(len(erased), 0)
            self.assertGreater(restores, 1)
            self.assertIn("0 problems", stack.outcry("verify").stdout)

    def test_restores_under_load_lose_nothing_that_was_acknowledged_after_them(self):
        with Stack(conf={"rate_user_burst": 100000, "rate_user_per_minute": 100000}) as stack:
            tokens = [stack.token(n, f"user{n}") for n in range(3)]
            for token in tokens:
                self.assertEqual(stack.post("hello", token=token).status, 201)
            backup = stack.path("var/backup.db")
            stack.outcry("backup", backup)
            stop, acked, odd = threading.Event(), [], []

            def write(number):
                i = 0
                while not stop.is_set():
                    i += 1
                    restores = restored[0]
                    reply = stack.post(f"{number}-{i}", token=tokens[number])
                    if reply.status == 201:
                        acked.append((reply.json["message"]["id"], restores))
                    elif reply.status != 503 or reply.error != "busy":
                        odd.append((reply.status, reply.text))
            restored = [0]
            writers = [threading.Thread(target=write, args=(n,)) for n in range(3)]
            for writer in writers:
                writer.start()
            for _ in range(3):
                wait_for(lambda: len(acked) > 10 * (restored[0] + 1), "writers write")
                stack.outcry("restore", backup)
                restored[0] += 1
            wait_for(lambda: [n for _, n in acked].count(3) > 20, "writers write after it")
            stop.set()
            for writer in writers:
                writer.join()
            self.assertEqual(odd, [])
            stored = {m["id"] for m in stack.history(token=tokens[0])}
            self.assertEqual([i for i, n in acked if n == 3 and i not in stored], [])
            authors = {m["username"] for m in stack.history(token=tokens[0])}
            self.assertEqual(authors, {"user0", "user1", "user2"})


if __name__ == "__main__":
    unittest.main()
