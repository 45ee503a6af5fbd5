#!/usr/bin/python3
"""Markup on every way in and out: the same HTML wherever a message or its edit is read."""
import re
import unittest

from room_fold import act
from stack import Stack, WS, new_client_id
from streams import query

TEXT = "**crude** at $5~7, see https://a.example/x_(y).\n> 5 is more than 4"
HTML = ('<strong>crude</strong> at $5~7, see <a href="https://a.example/x_(y)" rel="nofollow noopener noreferrer"'
        ' target="_blank">https://a.example/x_(y)</a>.<br>&gt; 5 is more than 4')


class Markup(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(conf={"rate_user_burst": "500", "rate_address_burst": "5000"}).start()
        cls.ana = cls.stack.token(1, "ana")

    @classmethod
    def tearDownClass(cls):
        cls.stack.stop()

    def test_the_same_html_comes_by_every_way(self):
        seed, sock = self.stack.ws(token=self.ana), self.stack.hello(token=self.ana)
        self.addCleanup(seed.close)
        self.addCleanup(sock.close)
        head = sock.welcome["rooms"]["general"]["seq"]
        ref = new_client_id()
        sock.send(type="message", message=TEXT, room="general", client_id=ref)
        seen = [sock.until("message", client_id=ref), seed.until("message", client_id=ref)]
        said = seen[0]
        poll = self.stack.http("GET", f"{WS}poll/?" + query({"general": head}), token=self.ana).json
        seen.append(poll["events"][0])
        seen.append(self.stack.get(f"events/?rooms=general:{head}", token=self.ana).json["events"][0])
        seen.append(self.stack.get(f"messages/{said['id']}/", token=self.ana).json["message"])
        seen.append(self.stack.get(f"messages/?after={head}", token=self.ana).json["messages"][0])
        for item in seen:
            self.assertEqual((item["id"], item["message"], item["html"]), (said["id"], TEXT, HTML))
        page = self.stack.http("GET", f"/stocks/chat/m/{said['id']}/", headers={"Accept": "text/html"}, token=self.ana)
        self.assertIn(f">{HTML}</div>", page.text)

    def test_an_edit_brings_its_html_or_none(self):
        sock = self.stack.hello(token=self.ana)
        self.addCleanup(sock.close)
        said = self.stack.post("**a**", token=self.ana).json["message"]
        self.assertEqual(said["html"], "<strong>a</strong>")
        for rev, (text, html) in enumerate((("_b_", "<em>b</em>"), ("*ST", None)), 1):
            done = act(self.stack, "PATCH", said["id"], message=text, rev=rev, token=self.ana)
            self.assertEqual(done.json["message"].get("html"), html)
            event = sock.until("message_edited", id=said["id"], rev=rev + 1)
            self.assertEqual((event["message"], event.get("html")), (text, html))
        revisions = self.stack.get(f"messages/{said['id']}/revisions/", token=self.ana).json["revisions"]
        self.assertEqual([one.get("html") for one in revisions], ["<strong>a</strong>", "<em>b</em>", None])

    def test_an_answer_quotes_what_was_typed(self):
        said = self.stack.post("**bold** [a](https://b.example)", token=self.ana).json["message"]
        reply = self.stack.post("yes", token=self.ana, reply_to=said["id"]).json["message"]
        self.assertEqual(reply["quote"]["excerpt"], "**bold** [a](https://b.example)")

    def test_a_named_emoji_is_stored_as_itself_and_a_retry_finds_it(self):
        ref = new_client_id()
        first = self.stack.post("up :rocket:, not `:rocket:`", token=self.ana, client_id=ref)
        again = self.stack.post("up :rocket:, not `:rocket:`", token=self.ana, client_id=ref)
        self.assertEqual(first.json["message"]["message"], "up 🚀, not `:rocket:`")
        self.assertEqual((again.status, again.json["message"]["id"]), (200, first.json["message"]["id"]))
        done = act(self.stack, "PATCH", first.json["message"]["id"], message="up :bank:", rev=1, token=self.ana)
        self.assertEqual(done.json["message"]["message"], "up 🏦")

    def test_an_operator_can_have_all_of_it_made_anew(self):
        self.stack.post("*again*", token=self.ana)
        done = self.stack.outcry("render")
        self.assertRegex(done.stdout, r"^Changed the look of 0 of \d+ messages\.\n$")
        self.assertTrue(int(re.search(r"of (\d+) messages", done.stdout)[1]) >= 1)


if __name__ == "__main__":
    unittest.main()
