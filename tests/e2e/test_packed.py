"""Scripts and style go out as they were packed when they were made, once and for all."""
import gzip
import os
import re
import shutil
import subprocess
import unittest

from stack import PAGE, ROOT, Installed

STATIC = "/stocks/chat/static/vendor/"
VENDOR = os.path.join(ROOT, "static", "vendor")
YEAR = "max-age=31536000"


def file(name):
    with open(os.path.join(VENDOR, name), "rb") as f:
        return f.read()


def later_script():
    return next(name for name in sorted(os.listdir(os.path.join(VENDOR, "js")))
                if re.fullmatch(r"[\w.]+-[\w-]{8}\.js", name))


class Packed(Installed):
    """Run for each web server below."""

    def get(self, name, accept=None, **headers):
        if accept:
            headers["Accept-Encoding"] = accept
        return self.stack.http("GET", STATIC + name, headers=headers)

    def test_each_gets_the_form_that_it_takes(self):
        for name, kind in (("chat.css", "text/css"), ("js/main.js", "text/javascript"),
                           ("emoji/data.json", "application/json")):
            for accept, encoding, suffix in ((None, None, ""), ("identity", None, ""), ("gzip", "gzip", ".gz"),
                                             ("br", "br", ".br"), ("gzip, deflate, br, zstd", "br", ".br"),
                                             ("deflate, gzip", "gzip", ".gz"), ("xbr", None, "")):
                with self.subTest(name=name, accept=accept):
                    reply = self.get(name + "?v=1", accept)
                    self.assertEqual(reply.status, 200)
                    self.assertEqual(reply.headers["Content-Encoding"], encoding)
                    self.assertEqual(reply.body, file(name + suffix))
                    self.assertEqual(reply.headers.get_all("Vary"), ["Accept-Encoding"])
                    self.assertTrue(reply.headers["Content-Type"].startswith(kind))
                    self.assertEqual(reply.headers["X-Content-Type-Options"], "nosniff")
                    self.assertIn(YEAR, reply.headers["Cache-Control"])

    def test_the_forms_say_the_same(self):
        self.assertEqual(gzip.decompress(file("js/main.js.gz")), file("js/main.js"))
        if shutil.which("brotli"):
            unpacked = subprocess.run(["brotli", "-dc", os.path.join(VENDOR, "js/main.js.br")],
                                      capture_output=True, check=True).stdout
            self.assertEqual(unpacked, file("js/main.js"))

    def test_what_a_browser_has_it_need_not_get_again(self):
        tags = {}
        for accept in ("gzip", "br", "identity"):
            tags[accept] = self.get("chat.css", accept).headers["ETag"]
            again = self.get("chat.css", accept, **{"If-None-Match": tags[accept]})
            self.assertEqual((again.status, again.body), (304, b""))
        self.assertEqual(len(set(tags.values())), 3, tags)
        other = self.get("chat.css", "br", **{"If-None-Match": tags["gzip"]})
        self.assertEqual(other.status, 200)

    def test_only_what_never_changes_is_kept_without_asking(self):
        for name in ("js/main.js?v=1", "js/" + later_script()):
            self.assertIn(YEAR, self.get(name, "br").headers["Cache-Control"])
            self.assertIn(YEAR, self.get(name).headers["Cache-Control"])
        for name in ("js/main.js", "chat.css", "js/main.js.map"):
            self.assertRegex(self.get(name, "br").headers["Cache-Control"], "no-cache|max-age=0")
        for name in ("js/gone.js?v=1", "js/shell-AAAAAAAA.js"):
            for accept in ("br", "identity"):
                gone = self.get(name, accept)
                self.assertEqual(gone.status, 404)
                self.assertNotIn(YEAR, gone.headers["Cache-Control"] or "")

    def test_the_page_is_packed_by_its_program(self):
        plain = self.stack.http("GET", PAGE)
        packed = self.stack.http("GET", PAGE, headers={"Accept-Encoding": "gzip"})
        self.assertEqual(packed.headers["Content-Encoding"], "gzip")
        self.assertEqual(len(gzip.decompress(packed.body)), len(plain.body))


class Lighttpd(Packed, unittest.TestCase):
    server = "lighttpd"


class Apache(Packed, unittest.TestCase):
    server = "apache"


if __name__ == "__main__":
    unittest.main()
