"""The page and the API through real web servers, as FastCGI and as plain CGI."""
import gzip
import json
import os
import re
import signal
import subprocess
import unittest
from html.parser import HTMLParser

from stack import API, PAGE, Installed, Stack, new_client_id, wait_for


class Form(HTMLParser):
    """The fields of the page's form that posts a message, as a browser without scripts sees them."""

    def __init__(self, html, action):
        super().__init__()
        self.action, self.fields, self.inside = action, {}, False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self.inside = attrs.get("action", "").endswith(self.action)
        elif self.inside and tag in ("input", "textarea") and attrs.get("name"):
            self.fields[attrs["name"]] = attrs.get("value") or ""

    def handle_endtag(self, tag):
        if tag == "form":
            self.inside = False


def curl(*args, **kwargs):
    return subprocess.run(["curl", "-sS", "--max-time", "20", *args], capture_output=True, text=True,
                          check=True, **kwargs).stdout


class Site(Installed):
    """Run for each web server and gateway below."""

    def test_the_root_leads_to_the_page(self):
        reply = self.stack.http("GET", "/")
        self.assertEqual(reply.status, 302)
        self.assertTrue(reply.headers["Location"].endswith(PAGE))

    def test_the_page_shows_the_room_with_strict_headers(self):
        self.stack.post("A row that the server made", token=self.stack.token(1, "ana"))
        reply = self.stack.http("GET", PAGE)
        self.assertEqual(reply.status, 200)
        self.assertIn("A row that the server made", reply.text)
        self.assertIn("default-src 'none'", reply.headers["Content-Security-Policy"])
        self.assertEqual(reply.headers["X-Content-Type-Options"], "nosniff")
        self.assertNotIn("<script>", reply.text)

    def test_the_page_of_a_room_and_its_json_twin(self):
        self.stack.post("Crude is up", token=self.stack.token(1, "ana"), room="energy")
        page = self.stack.http("GET", PAGE + "r/energy/")
        self.assertIn("Crude is up", page.text)
        twin = self.stack.http("GET", PAGE + "r/energy/?format=json").json
        self.assertEqual(twin["room"]["id"], "energy")
        self.assertEqual(twin["messages"][-1]["message"], "Crude is up")

    def test_an_unknown_room_is_a_page_with_404(self):
        reply = self.stack.http("GET", PAGE + "r/nowhere/")
        self.assertEqual(reply.status, 404)
        self.assertTrue(reply.headers["Content-Type"].startswith("text/html"))

    def test_a_trailing_slash_is_optional_everywhere(self):
        for path in (PAGE, PAGE + "r/energy/", API + "messages/", API + "rooms/", API + "health/"):
            with self.subTest(path=path):
                self.assertEqual(self.stack.http("GET", path).status, 200)
                self.assertEqual(self.stack.http("GET", path.rstrip("/")).status, 200)

    def test_every_static_file_the_page_names_is_served(self):
        page = self.stack.http("GET", PAGE).text
        links = re.findall(r'(?:href|src)="(/stocks/chat/static/[^"]+)"', page)
        self.assertTrue(any(".css" in link for link in links), links)
        self.assertTrue(any(".js" in link for link in links), links)
        for link in links:
            with self.subTest(link=link):
                reply = self.stack.http("GET", link.replace("&amp;", "&"))
                self.assertEqual(reply.status, 200)
                kind = {"css": "text/css", "js": "text/javascript"}.get(link.split("?")[0][-3:].strip("."))
                if kind:
                    self.assertTrue(reply.headers["Content-Type"].startswith(kind))
                self.assertEqual(reply.headers["X-Content-Type-Options"], "nosniff")

    def test_static_files_are_cached_by_version_and_compressed(self):
        path = "/stocks/chat/static/vendor/chat.css"
        versioned = self.stack.http("GET", path + "?v=1", headers={"Accept-Encoding": "gzip"})
        self.assertRegex(versioned.headers["Cache-Control"], "max-age=31")
        self.assertEqual(versioned.headers["Content-Encoding"], "gzip")
        plain = self.stack.http("GET", path)
        self.assertRegex(plain.headers["Cache-Control"], "no-cache|max-age=0")
        self.assertEqual(gzip.decompress(versioned.body), plain.body)
        again = self.stack.http("GET", path, headers={"If-None-Match": plain.headers["ETag"]})
        self.assertEqual(again.status, 304)

    def test_nothing_outside_the_chat_and_static_is_served(self):
        for path in ("/lib/base.h", "/stocks/chat/static/../outcry.conf",
                     "/stocks/chat/static/%2e%2e/lighttpd.conf", "/stocks/chat/chat.fcgi/../outcry",
                     "/var/outcry.conf", "/stocks/chatter", "/bin/outcry"):
            with self.subTest(path=path):
                self.assertIn(self.stack.http("GET", path).status, (400, 403, 404))

    def test_methods_are_answered_as_http_says(self):
        head = self.stack.http("HEAD", API + "rooms/")
        self.assertEqual((head.status, head.body), (200, b""))
        options = self.stack.http("OPTIONS", API + "messages/create/")
        self.assertEqual(options.status, 204)
        self.assertIn("POST", options.headers["Allow"])
        wrong = self.stack.http("DELETE", API + "messages/")
        self.assertEqual(wrong.status, 405)
        self.assertIn("GET", wrong.headers["Allow"])
        self.assertEqual(wrong.error, "method_not_allowed")

    def test_an_unchanged_list_is_304(self):
        first = self.stack.get("messages/?room=materials")
        again = self.stack.get("messages/?room=materials",
                               headers={"If-None-Match": first.headers["ETag"]})
        self.assertEqual((again.status, again.body), (304, b""))
        self.stack.post("news", token=self.stack.token(1, "ana"), room="materials")
        changed = self.stack.get("messages/?room=materials",
                                 headers={"If-None-Match": first.headers["ETag"]})
        self.assertEqual(changed.status, 200)

    def test_a_json_post_is_stored_once(self):
        token, client_id = self.stack.token(2, "ben"), new_client_id()
        first = self.stack.post("once", token=token, client_id=client_id)
        again = self.stack.post("once", token=token, client_id=client_id)
        other = self.stack.post("other", token=token, client_id=client_id)
        self.assertEqual((first.status, again.status, other.status), (201, 200, 409))
        self.assertTrue(again.json["duplicate"])
        self.assertEqual(first.json["message"]["id"], again.json["message"]["id"])
        self.assertEqual(first.json["message"]["username"], "ben")

    def test_the_authors_name_comes_from_the_token_alone(self):
        reply = self.stack.post("who am I", token=self.stack.token(2, "ben"), username="ana", user_id=1)
        self.assertEqual(reply.json["message"]["username"], "ben")

    def test_unicode_arrives_as_it_was_sent(self):
        text = "Ünïcödé 株価 📈 \u2028 <b>&amp;\"'"
        reply = self.stack.post(text, token=self.stack.token(2, "ben"), room="utilities")
        self.assertEqual(reply.json["message"]["message"], text)
        self.assertEqual(self.stack.history("utilities")[-1]["message"], text)
        self.assertIn("&lt;b&gt;", self.stack.http("GET", PAGE + "r/utilities/").text)

    def test_a_body_that_is_too_large_is_413(self):
        reply = self.stack.http("POST", API + "messages/create/", "x" * 100_000,
                                {"Content-Type": "application/json"}, self.stack.token(2, "ben"))
        self.assertEqual(reply.status, 413)

    def test_another_content_type_is_415(self):
        reply = self.stack.http("POST", API + "messages/create/", "message=hi",
                                {"Content-Type": "text/plain"}, self.stack.token(2, "ben"))
        self.assertEqual((reply.status, reply.error), (415, "unsupported_media_type"))

    def test_a_query_is_never_taken_as_a_programs_options(self):
        for query in ("--help", "--config+/nonexistent", "-c+/nonexistent", "--config=/nonexistent"):
            with self.subTest(query=query):
                self.assertEqual(self.stack.http("GET", PAGE + "?" + query).status, 200)

    def test_curl_alone_reads_pages_back_and_posts(self):
        with open(self.stack.path("jar"), "w", encoding="utf-8"):
            pass
        jar = ["--cookie", self.stack.path("jar"), "--cookie-jar", self.stack.path("jar")]
        origin = self.stack.origin
        for n in range(60):
            self.stack.post(f"line {n}", token=self.stack.token(100 + n % 5, f"crowd-{n % 5}"),
                            room="financials")
        page = curl(*jar, origin + PAGE + "r/financials/")
        self.assertIn("line 59", page)
        self.assertNotIn("line 2<", page)
        older = re.search(r'href="([^"]*before=[^"]*)"', page).group(1).replace("&amp;", "&")
        self.assertIn("line 2<", re.sub(r"\s+<", "<", curl(*jar, origin + older)))

        join = Form(page, "/session/")
        self.assertTrue(join.fields, "the page offers to join by name")
        fields = {**join.fields, "username": f"Carla {self.server} {self.gateway}"}
        status = curl(*jar, "-o", "/dev/null", "-w", "%{http_code}",
                      *[a for k, v in fields.items() for a in ("--data-urlencode", f"{k}={v}")],
                      origin + API + "session/")
        self.assertEqual(status, "303")
        page = curl(*jar, origin + PAGE + "r/financials/")
        form = Form(page, "/messages/create/")
        fields = {**form.fields, "message": "Posted by curl & a form"}
        data = [a for k, v in fields.items() for a in ("--data-urlencode", f"{k}={v}")]
        status = curl(*jar, "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", *data,
                      origin + API + "messages/create/")
        self.assertTrue(status.startswith("303 "), status)
        self.assertIn("/stocks/chat/r/financials/", status)
        curl(*jar, "-o", "/dev/null", *data, origin + API + "messages/create/")  # a double click
        last = self.stack.history("financials")[-1]
        self.assertEqual((last["message"], last["seq"]), ("Posted by curl & a form", 62))

    def test_curl_posts_json_with_a_token(self):
        answer = curl("-H", "Authorization: Bearer " + self.stack.token(1, "ana"),
                      "-H", "Content-Type: application/json",
                      "-d", json.dumps({"message": "from a script", "client_id": new_client_id()}),
                      self.stack.origin + API + "messages/create/")
        self.assertEqual(json.loads(answer)["message"]["username"], "ana")

    def test_the_doctor_finds_nothing_wrong(self):
        done = self.stack.outcry("doctor", "--url", self.stack.url, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertNotIn("FAIL", done.stdout)

    def test_queries_are_not_logged(self):
        self.stack.get("messages/?room=energy&secret=uo2dgk3h")
        self.stack.http("GET", PAGE + "?token=uo2dgk3h")
        for name, text in self.stack.logs().items():
            self.assertNotIn("uo2dgk3h", text, name)


class LighttpdFastcgi(Site, unittest.TestCase):
    server, gateway = "lighttpd", "fastcgi"


class LighttpdCgi(Site, unittest.TestCase):
    server, gateway = "lighttpd", "cgi"


class ApacheFastcgi(Site, unittest.TestCase):
    server, gateway = "apache", "fastcgi"


class ApacheCgi(Site, unittest.TestCase):
    server, gateway = "apache", "cgi"


class OwnLook(unittest.TestCase):
    """A site's own style sheet and templates, beside ours: an overlay, not a copy."""

    def write(self, stack, name, text):
        os.makedirs(os.path.dirname(stack.path("var", name)), exist_ok=True)
        with open(stack.path("var", name), "w", encoding="utf-8") as f:
            f.write(text)

    def start(self, server):
        stack = Stack(server, conf={"static_dir": "look", "template_dir": "templates"})
        stack.make_files()
        self.addCleanup(stack.stop)
        self.write(stack, "look/site.css", ":root { --accent: teal }\n")
        self.write(stack, "look/logo.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>\n")
        self.write(stack, "templates/header.mustache", "<header>The trading site</header>\n")
        return stack.start()

    def style_sheets(self, stack):
        return re.findall(r'<link rel="stylesheet" href="([^"]+)"', stack.http("GET", PAGE).text)

    def test_every_page_links_it_last_and_the_server_serves_it(self):
        for server in ("lighttpd", "apache"):
            with self.subTest(server=server):
                stack = self.start(server)
                sheet = self.style_sheets(stack)[-1]
                self.assertRegex(sheet, r"^/stocks/chat/static/site/site\.css\?v=[0-9a-f.-]+$")
                reply = stack.http("GET", sheet)
                self.assertEqual((reply.status, reply.text), (200, ":root { --accent: teal }\n"))
                self.assertTrue(reply.headers["Content-Type"].startswith("text/css"))
                self.assertIn("max-age=31", reply.headers["Cache-Control"])
                logo = stack.http("GET", "/stocks/chat/static/site/logo.svg")
                self.assertEqual(logo.headers["Content-Type"], "image/svg+xml")
                for page in (PAGE, PAGE + "r/nowhere/"):
                    text = stack.http("GET", page).text
                    self.assertIn("<header>The trading site</header>", text)
                    self.assertIn("site/site.css", text)
                for path in ("../outcry.conf", "%2e%2e/outcry.conf", ""):
                    self.assertIn(stack.http("GET", "/stocks/chat/static/site/" + path).status,
                                  (301, 400, 403, 404))
                done = stack.outcry("doctor", "--url", stack.url)
                self.assertIn("ok    static_dir", done.stdout)

    def test_a_changed_style_sheet_has_another_address_after_a_reload(self):
        stack = self.start("lighttpd")
        before = self.style_sheets(stack)[-1]
        self.write(stack, "look/site.css", ":root { --accent: navy; --tint-0: navy }\n")
        stack.kill_workers(signal.SIGHUP)
        wait_for(lambda: self.style_sheets(stack)[-1] != before, "a new address")


@unittest.skipUnless(os.access("/usr/bin/lynx", os.X_OK), "lynx is not installed")
class Lynx(unittest.TestCase):
    """A text browser reads, pages back, joins and posts, scripted by its own command log."""

    def test_lynx_reads_the_room_and_posts(self):
        with Stack() as stack:
            for n in range(60):
                stack.post(f"line {n}", token=stack.token(100 + n % 5, f"crowd-{n % 5}"))
            env = {**os.environ, "TERM": "xterm", "HOME": stack.path("var"), "LANG": "C.UTF-8"}

            def dump(url):
                return subprocess.run(["lynx", "-dump", "-width=200", url], env=env, timeout=30,
                                      capture_output=True, text=True, check=True).stdout
            text = dump(stack.url)
            self.assertIn("line 59", text)
            older = re.search(r"(http\S+before=\d+\S*)", text).group(1)
            self.assertIn("line 3\n", re.sub(r" +\n", "\n", dump(older)))

            reply = subprocess.run(
                ["lynx", "-post_data", "-dump", stack.origin + API + "messages/create/"], env=env,
                input="message=Typed+in+lynx&username=Lynx+User&client_id=" + new_client_id() +
                "\n---\n", capture_output=True, text=True, timeout=30, check=True).stdout
            self.assertIn("Typed in lynx", reply)
            self.assertEqual(stack.history()[-1]["username"], "Lynx User")


if __name__ == "__main__":
    unittest.main()
