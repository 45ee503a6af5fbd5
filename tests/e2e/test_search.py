"""Search behind real web servers: what is posted is found at once, indexed later by whoever has the time,
and readable without a script."""
import html
import os
import re
import subprocess
import unittest
import urllib.parse

from stack import API, PAGE, Stack, wait_for

MANY = 80  # more than an indexer leaves for later
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
FOUND = re.compile(r'<span class="found-text" dir="auto">(.*?)</span>(?:<br>|</a>)', re.DOTALL)


def texts(reply):
    return ["".join(piece["text"] for piece in found["snippet"]) for found in reply.json["results"]]


def indexed(stack):
    with stack.database() as db:
        return min(row[0] for row in db.execute("SELECT event_id FROM search_cursor"))


class Search:
    server, gateway, sidecar, started = None, "fastcgi", "external", True

    def ask(self, stack, question, token):
        return stack.get("search/?sort=newest&q=" + urllib.parse.quote(question), token=token)

    def test_what_was_posted_is_found_and_indexed_later(self):
        with Stack(self.server, gateway=self.gateway, sidecar=self.started,
                   conf={"sidecar": self.sidecar, "rate_search_burst": "1000",
                         "rate_user_burst": "1000", "rate_address_burst": "1000"}) as stack:
            ana = stack.token(1, "ana")
            message = stack.post("Platinum needle", token=ana).json["message"]
            self.assertEqual(texts(self.ask(stack, "needle", ana)), ["Platinum needle"])
            for number in range(MANY):
                stack.post(f"hay number {number}", token=ana)
            wait_for(lambda: self.ask(stack, "hay", ana) and indexed(stack) > 0,
                     "the messages are indexed", 60)
            self.assertEqual(texts(self.ask(stack, "needle", ana)), ["Platinum needle"])
            self.assertEqual(texts(self.ask(stack, f"number {MANY - 1}", ana)),
                             [f"hay number {MANY - 1}"])

            answer = stack.http("PATCH", API + f"messages/{message['id']}/", token=ana,
                                body={"message": "Palladium pin", "rev": 1})
            self.assertEqual(answer.status, 200)
            self.assertEqual(texts(self.ask(stack, "needle", ana)), [])
            self.assertEqual(texts(self.ask(stack, "palladium", ana)), ["Palladium pin"])
            self.assertIn("0 problems", stack.outcry("verify").stdout)


# What ana said, the oldest first, and what each question finds of it, the newest first.
SAID = ["上海 copper premium is up", "上 is one sign", "BRK.B closed lower", "BRK and B apart",
        "an exact phrase here", "a phrase, exact or not", "'; DROP TABLE message; --", "drop it",
        "NEAR( is no operator", "100 % of \"it\"", "_ and % alone"]
FOUND_BY = {
    "上海": [0],
    "上": [1, 0],
    "BRK.B": [2],
    '"exact phrase"': [4],
    '"EXACT PHRASE': [4],
    "exact phrase": [5, 4],
    "'; DROP": [7, 6],
    "'; DROP TABLE message; --": [6],
    "NEAR(": [8],
    "NEAR( operator": [8], "NEAR(is no": [8], "NEAR(no": [],
    "no NEAR/2 operator": [],
    "no AND operator": [],
    "col:premium": [],
    "copper*": [0],
    "copp* ^premium": [0],
    "from:ana 上海": [0],
    "from:nobody 上海": [],
    "has:file": ["notes"],
    "holdings": ["notes"], '"q3 holdings" notes': ["notes"], '"notes q3"': [],
    "has:file 上": [],
    # Nothing is asked, or nothing that a word could be.
    "": None, " ": None, "*": None, '"': None, '""': None, "from:": None, "-": None, "'": None, "(": None,
    "has:nothing": None, "%": [], "_": [],
}


class Hostile:
    """Whatever is asked: an answer, and the right rows, by the API and on the page without scripts."""
    server = None

    def test_any_question_has_its_rows(self):
        limits = {f"rate_{of}_burst": "1000" for of in ("search", "user", "address")}
        with Stack(self.server, conf=limits) as stack:
            ana, eve = stack.token(1, "ana"), stack.token(2, "eve")
            for text in SAID:
                stack.post(text, token=ana)
            self.send_file(stack, ana)
            hidden = stack.http("POST", API + "rooms/", {"title": "Desk"}, token=ana).json["room"]["id"]
            for text in SAID:
                stack.post("between us: " + text, token=ana, room=hidden)
            self.ask_all(stack, eve)
            stack.outcry("index")
            self.ask_all(stack, eve)
            self.assertIn("0 problems", stack.outcry("verify").stdout)

    def send_file(self, stack, token):
        number = stack.http("POST", API + "uploads/", {"name": "Q3 holdings.pdf", "size": len(PDF)}, token=token).json["upload"]["id"]
        stack.http("PUT", f"{API}uploads/{number}/?offset=0", PDF, token=token,
                   headers={"Content-Type": "application/octet-stream"})
        self.assertEqual(stack.http("POST", f"{API}uploads/{number}/done/", token=token).status, 200)
        self.assertEqual(stack.post("notes", token=token, attachments=[number]).status, 201)

    def test_a_files_name_finds_its_message_for_whom_it_is_and_goes_with_it(self):
        limits = {f"rate_{of}_burst": "1000" for of in ("search", "user", "address")}
        with Stack(self.server, conf=limits) as stack:
            ana, eve = stack.token(1, "ana"), stack.token(2, "eve")
            self.send_file(stack, ana)
            stack.outcry("index")
            answer = stack.get("search/?q=holdings", token=eve).json["results"][0]
            self.assertEqual(answer["files"], [{"id": answer["files"][0]["id"], "name": [
                {"text": "Q3 "}, {"text": "holdings", "hit": True}, {"text": ".pdf"}]}])
            page = stack.http("GET", PAGE + "search/?q=holdings", token=eve, headers={"Accept": "text/html"})
            self.assertIn("Q3 <mark>holdings</mark>.pdf", page.text)
            self.assertEqual(stack.http("DELETE", f"{API}messages/{answer['id']}/", {}, token=ana).status, 200)
            self.assertEqual(stack.get("search/?q=holdings", token=ana).json["results"], [])
            self.assertIn("0 problems", stack.outcry("verify").stdout)

    def ask_all(self, stack, token):
        for question, rows in FOUND_BY.items():
            with self.subTest(question=question):
                where = "search/?sort=newest&q=" + urllib.parse.quote(question)
                reply = stack.get(where, token=token)
                self.assertEqual(reply.status, 200, reply.text)
                wanted = [SAID[row] if isinstance(row, int) else row for row in rows or ()]
                self.assertEqual(texts(reply), wanted)
                if rows is None:
                    self.assertFalse(reply.json["asked"])
                page = stack.http("GET", PAGE + where, token=token, headers={"Accept": "text/html"})
                self.assertEqual(page.status, 200)
                self.assertEqual([html.unescape(re.sub("</?mark>", "", text)) for text in FOUND.findall(page.text)], wanted)
                self.assertIn(f'value="{html.escape(question)}"'.replace("&#x27;", "&#39;"), page.text)


class HostileLighttpd(Hostile, unittest.TestCase):
    server = "lighttpd"


class HostileApache(Hostile, unittest.TestCase):
    server = "apache"


class SearchLighttpd(Search, unittest.TestCase):
    server = "lighttpd"

    @unittest.skipUnless(os.access("/usr/bin/lynx", os.X_OK), "lynx is not installed")
    def test_lynx_searches(self):
        with Stack(self.server, conf={"guests": "read"}) as stack:
            stack.post("Copper & <tin> rally", token=stack.token(1, "ana"))
            stack.post("Gold sleeps", token=stack.token(1, "ana"))
            url = stack.origin + PAGE + "search/?q=copper"
            page = subprocess.run(["lynx", "-dump", "-width=200", url], timeout=30, check=True,
                                  capture_output=True, text=True).stdout
            self.assertIn("Copper & <tin> rally", page)
            self.assertIn("1 message.", page)
            self.assertNotIn("Gold sleeps", page)

    def test_an_index_is_rebuilt_and_checked_from_the_command_line(self):
        with Stack(self.server) as stack:
            stack.post("Copper rallies", token=stack.token(1, "ana"))
            out = stack.outcry("index", "--rebuild", "--compact").stdout
            self.assertRegex(out, r"Indexed up to event (\d+) \(words\) and \1 \(parts of words\) of \1")
            self.assertIn("0 problems", stack.outcry("verify").stdout)


class SearchApacheCgiWithoutSidecar(Search, unittest.TestCase):
    server, gateway, sidecar = "apache", "cgi", "off"


class SearchCgiWhileTheSidecarIsStopped(Search, unittest.TestCase):
    server, gateway, started = "lighttpd", "cgi", False


if __name__ == "__main__":
    unittest.main()
