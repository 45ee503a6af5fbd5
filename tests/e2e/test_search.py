"""Search behind real web servers: what is posted is found at once, indexed later by whoever has the time,
and readable without a script."""
import os
import subprocess
import unittest
import urllib.parse

from stack import API, PAGE, Stack, wait_for

MANY = 80  # more than an indexer leaves for later


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
