"""The checks themselves can fail: each rule of check-layers, lint's greps, and what counts as a
failure for tests/run."""
import importlib.machinery
import importlib.util
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
import unittest

from tap_reader import Tap

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def script(name):
    """A script without .py as a module."""
    loader = importlib.machinery.SourceFileLoader(name, os.path.join(ROOT, "scripts", name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


class CheckLayers(unittest.TestCase):
    def check(self, files):
        with tempfile.TemporaryDirectory() as root:
            for path, text in files.items():
                os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
                with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                    file.write(text)
            done = subprocess.run([os.path.join(ROOT, "scripts", "check-layers"), root],
                                  stdout=subprocess.PIPE, text=True, check=False)
            return done.returncode, done.stdout

    def test_downward_includes_pass(self):
        code, out = self.check({
            "lib/a.c": '#include "lib/a.h"\n#include <stdio.h>\n',
            "db/b.c": '#include "lib/a.h"\n#include <sqlite3.h>\n',
            "chat/c.c": '#include "db/b.h"\n#include "lib/a.h"\n',
            "cgi-bin/fcgi.c": '#include "chat/c.h"\n#include <fcgiapp.h>\n',
            "ws-sidecar/ws.c": "#include <libwebsockets.h>\n",
            "ws-sidecar/ws_send.c": "#include <libwebsockets.h>\n",
            "cli/d.c": '#include "cli/d.h"\n',
        })
        self.assertEqual(code, 0, out)

    def test_each_violation_is_named_with_its_place(self):
        for path, line, what in [
            ("lib/a.c", '#include "db/db.h"', "lib/ may not include"),
            ("lib/a.h", '#include "chat/chat.h"', "lib/ may not include"),
            ("db/a.c", '#include "chat/chat.h"', "db/ may not include"),
            ("chat/a.c", '#include "cgi-bin/route.h"', "chat/ may not include"),
            ("cgi-bin/a.c", '#include "ws-sidecar/hub.h"', "cgi-bin/ may not include"),
            ("ws-sidecar/a.c", '#include "cli/args.h"', "ws-sidecar/ may not include"),
            ("cli/a.c", '  #  include "cgi-bin/route.h"', "cli/ may not include"),
            ("lib/a.c", '#include "base.h"', "must be named by its folder"),
            ("lib/a.c", '#include "../db/db.h"', "must be named by its folder"),
            ("lib/a.c", '#include "tests/lib/fixture.h"', "must be named by its folder"),
            ("chat/a.c", "#include <sqlite3.h>", "only db/ may include sqlite3.h"),
            ("cgi-bin/http.c", "#include <fcgiapp.h>", "only cgi-bin/fcgi.c"),
            ("cgi-bin/http.c", "#include <fastcgi/fcgiapp.h>", "only cgi-bin/fcgi.c"),
            ("cgi-bin/fcgi.c", "#include <fcgi_stdio.h>", "nobody may include fcgi_stdio.h"),
            ("ws-sidecar/hub.c", "#include <libwebsockets.h>", "only ws-sidecar/ws*.c"),
        ]:
            with self.subTest(path=path, line=line):
                code, out = self.check({path: "\n" + line + "\n"})
                self.assertEqual(code, 1)
                self.assertTrue(out.startswith(f"{path}:2: "), out)
                self.assertIn(what, out)

    def test_nothing_to_check_is_no_success(self):
        self.assertEqual(self.check({})[0], 1)


class LintGreps(unittest.TestCase):
    def found(self, path, text):
        lint = script("lint")
        lint.read = lambda _: text
        return lint.banned([path])

    def test_each_ban_bites(self):
        for path, text in [
            ("lib/a.c", "strcpy(a, b);"),
            ("tests/unit/test_a.c", "strcat (a, b);"),
            ("lib/a.c", "sprintf(a, b);"),
            ("lib/a.c", "n = atoi(s);"),
            ("cli/a.c", "gets(s);"),
            ("cli/a.c", "system(s);"),
            ("db/a.c", 'snprintf(s, n, "SELECT * FROM t WHERE id = %d", id);'),
            ("db/a.c", 'buf_fmt(&b,\n    "INSERT INTO t "\n    "VALUES (%s)", s);'),
            ("static/js/a.js", "x.innerHTML = y"),
            ("static/js/a.js", "x.insertAdjacentHTML('beforeend', y)"),
            ("static/js/a.js", "eval (y)"),
            ("templates/a.mustache", "<script>x</script>"),
            ("templates/a.mustache", '<p style="color: red">'),
            ("templates/a.mustache", '<a onclick="x()">'),
            ("tests/cgi/test_a.py", "time.s" "leep(1)"),
            ("tests/unit/test_a.c", "us" "leep(1000);"),
            ("lib/a.c", "/* TO" "DO: later */"),
        ]:
            with self.subTest(text=text):
                self.assertTrue(self.found(path, "\n" + text + "\n").startswith(f"{path}:2: "))

    def test_what_is_allowed_passes(self):
        for path, text in [
            ("lib/a.c", "snprintf(a, sizeof a, b); fgets(a, 5, f); my_strcpy_x;"),
            ("db/a.c", 'db_prepare("SELECT * FROM t WHERE id = ?");'),
            ("db/a.c", 'log_event(l, LOG_INFO, "x"); f("DELETE FROM t");'),
            ("static/js/a.js", "x.textContent = y; retrieval(z)"),
            ("templates/a.mustache", '<script type="module" src="{{static}}/app.js"></script>'),
            ("tests/lib/stack.py", "time.s" "leep(0.01)"),
        ]:
            with self.subTest(text=text):
                self.assertEqual(self.found(path, text), "")

    def test_uses_beyond_the_allowance_are_found(self):
        lint = script("lint")
        texts = {lint.ALLOWANCES: "# comment\nbuf_raw_unescaped lib/a.c 1 why\n",
                 "lib/a.c": "buf_raw_unescaped(b, s, n);", "templates/a.mustache": "{{{x}}}"}
        lint.read = texts.__getitem__
        self.assertEqual(lint.counted(["lib/a.c"]), "")
        texts["lib/a.c"] *= 2
        self.assertIn("lib/a.c: buf_raw_unescaped 2 times", lint.counted(["lib/a.c"]))
        self.assertIn("triple-mustache 1 times", lint.counted(["lib/a.c", "templates/a.mustache"]))
        self.assertIn("there is no lib/a.c", lint.counted([]))


def counts(text):
    tap = Tap(text)
    return tap.problem, [(test.name, test.status, test.reason) for test in tap.tests]


class ReadingTap(unittest.TestCase):
    def test_passed_failed_and_skipped_are_told_apart(self):
        problem, tests = counts("1..3\nok 1 - a\nnot ok 2 - b\nok 3 - c # SKIP no server\n")
        self.assertIsNone(problem)
        self.assertEqual(tests, [("a", "passed", ""), ("b", "failed", ""),
                                 ("c", "skipped", "no server")])

    def test_a_skip_of_cmocka_has_the_reason_printed_before(self):
        text = "1..2\n# needs root\nnot ok 1 # SKIP test_a\nnot ok 2 # SKIP test_b\n"
        self.assertEqual(counts(text)[1], [("test_a", "skipped", "needs root"),
                                           ("test_b", "skipped", "no reason given")])

    def test_output_that_ended_early_is_a_problem(self):
        self.assertIn("no TAP plan", counts("ok 1 - a\n")[0])
        self.assertIn("2 tests planned, 1 reported", counts("1..2\nok 1 - a\n")[0])
        self.assertIn("no TAP plan", counts("Segmentation fault\n")[0])
        self.assertIn("no tests", counts("1..0\n")[0])
        self.assertIn("Bail out", counts("1..1\nok 1 - a\nBail out! no disk\n")[0])

    def test_only_the_leaves_of_nested_tests_count(self):
        text = ("TAP version 13\n# Subtest: group\n    # Subtest: in\n    ok 1 - in\n      ---\n"
                "      duration_ms: 1\n      stack: |-\n        ok 7 - not a result\n      ...\n"
                "    not ok 2 - bad\n    1..2\nnot ok 1 - group\nok 2 - alone\n1..2\n")
        problem, tests = counts(text)
        self.assertIsNone(problem)
        self.assertEqual([test[:2] for test in tests],
                         [("in", "passed"), ("bad", "failed"), ("alone", "passed")])

    def test_a_group_that_fails_by_itself_counts(self):
        text = "    ok 1 - in\n    1..1\nnot ok 1 - group\n1..1\n"
        self.assertEqual([test[:2] for test in counts(text)[1]],
                         [("in", "passed"), ("group", "failed")])


class RunningTests(unittest.TestCase):
    """tests/run itself, on a tree of its own with programs that misbehave."""

    def setUp(self):
        self.root = tempfile.TemporaryDirectory()
        self.addCleanup(self.root.cleanup)
        for folder in ("tests/lib", "tests/unit", "tests/cgi", "build/tests/unit"):
            os.makedirs(os.path.join(self.root.name, folder))
        for name in ("tests/run", "tests/run-long", "tests/lib/tap.py", "tests/lib/tap_reader.py",
                     "tests/lib/fault_table.py"):
            with open(os.path.join(ROOT, name), encoding="utf-8") as file:
                self.write(name, file.read())

    def write(self, path, text):
        full = os.path.join(self.root.name, path)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(full, os.stat(full).st_mode | stat.S_IXUSR)

    def unit(self, shell):
        self.write("tests/unit/test_x.c", "")
        self.write("build/tests/unit/test_x", "#!/bin/sh\n" + shell + "\n")

    def run_all(self, *names):
        done = subprocess.run([sys.executable, "tests/run", *names], cwd=self.root.name,
                              env={"PATH": os.environ["PATH"]}, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        return done.returncode, done.stdout

    def expect(self, code, last, part=""):
        got, out = self.run_all()
        self.assertEqual(out.splitlines()[-1], last, out)
        self.assertEqual(got, code, out)
        self.assertIn(part, out)

    def test_all_good_is_success(self):
        self.unit("echo 1..2; echo ok 1 - a; echo ok 2 - b")
        self.expect(0, "2 passed, 0 failed, 0 skipped")

    def test_a_failed_test_shows_what_it_said(self):
        self.unit("echo 1..1; echo not ok 1 - a; echo '# 1 != 2'; echo details >&2; exit 1")
        self.expect(1, "0 passed, 1 failed, 0 skipped", "| details")

    def test_a_skip_shows_its_reason(self):
        self.unit("echo 1..2; echo ok 1 - a; echo 'ok 2 - b # SKIP no network'")
        self.expect(0, "1 passed, 0 failed, 1 skipped", "tests/unit/test_x.c: b: no network")

    def test_skips_alone_are_no_success(self):
        self.unit("echo 1..1; echo 'ok 1 - b # SKIP no network'")
        self.expect(1, "0 passed, 0 failed, 1 skipped")

    def test_a_crash_after_good_results_is_a_failure(self):
        self.unit("echo 1..1; echo ok 1 - a; kill -SEGV $$")
        self.expect(1, "1 passed, 1 failed, 0 skipped", "died of SIGSEGV")

    def test_an_exit_code_alone_is_a_failure(self):
        self.unit("echo 1..1; echo ok 1 - a; exit 23")
        self.expect(1, "1 passed, 1 failed, 0 skipped", "exit code 23, though no test failed")

    def test_what_a_test_left_running_is_ended(self):
        self.unit("echo 1..1; echo ok 1 - a; exec >&- 2>&-; sleep 1000 & echo $! > left")
        self.expect(0, "1 passed, 0 failed, 0 skipped")
        self.await_end("left")

    def test_tests_end_with_their_runner(self):
        self.unit("echo $$ > left.new; mv left.new left; exec sleep 1000")
        with subprocess.Popen([sys.executable, "tests/run"], cwd=self.root.name,
                              env={"PATH": os.environ["PATH"]}) as runner:
            deadline = time.monotonic() + 60
            while not os.path.exists(os.path.join(self.root.name, "left")):
                self.assertLess(time.monotonic(), deadline)
            runner.terminate()
            self.assertEqual(runner.wait(60), 128 + signal.SIGTERM)
        self.await_end("left")

    def run_long(self, **env):
        done = subprocess.run([sys.executable, "tests/run-long"], cwd=self.root.name,
                              env=dict(env, PATH=os.environ["PATH"]), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        return done.returncode, done.stdout

    def test_a_long_run_goes_on_with_what_has_not_passed(self):
        self.write("build/tests/fail", "")
        self.unit("echo x >> runs; echo 1..1; test ! -e build/tests/fail && echo ok 1 - a")
        code, out = self.run_long(OUTCRY_SEED="77")
        self.assertEqual(code, 1, out)
        self.assertIn("again: OUTCRY_LONG=1 OUTCRY_SEED=77 tests/run unit", out)
        os.unlink(os.path.join(self.root.name, "build/tests/fail"))
        for passed_before in (False, True):
            code, out = self.run_long()
            self.assertEqual(code, 0, out)
            self.assertEqual("1 of 3 pieces passed before" in out, passed_before, out)
            self.assertIn("1 of 3 pieces passed, 0 failed, 2 skipped", out)  # of three suites one is here
        self.assertEqual(self.run_long(FRESH="1")[0], 0)
        with open(os.path.join(self.root.name, "runs"), encoding="ascii") as f:
            self.assertEqual(f.read(), "x\n" * 3)

    def await_end(self, path):
        """Until the process named in a file is gone, or a zombie that init has not met yet."""
        with open(os.path.join(self.root.name, path), encoding="ascii") as file:
            stat_file = f"/proc/{int(file.read())}/stat"
        deadline = time.monotonic() + 20
        while True:
            try:
                with open(stat_file, encoding="ascii") as file:
                    if file.read().rsplit(")", 1)[1].split()[0] == "Z":
                        return
            except OSError:
                return
            self.assertLess(time.monotonic(), deadline)

    def test_a_missing_plan_is_a_failure(self):
        self.unit("echo ok 1 - a")
        self.expect(1, "1 passed, 1 failed, 0 skipped", "no TAP plan")

    def test_a_program_that_was_not_built_is_a_failure(self):
        self.write("tests/unit/test_x.c", "")
        self.expect(1, "0 passed, 1 failed, 0 skipped", "not built")

    def test_nothing_to_run_is_no_success(self):
        self.expect(1, "0 passed, 0 failed, 0 skipped")

    def test_an_unknown_suite_is_named(self):
        code, out = self.run_all("unti")
        self.assertEqual(code, 1)
        self.assertIn("no such suite or file: unti", out)

    def test_python_tests_are_counted_and_their_prints_are_not_tap(self):
        self.write("tests/cgi/test_y.py", "import os, unittest\n"
                   "class A(unittest.TestCase):\n"
                   "    def test_good(self):\n        os.system('echo not ok 9 - print')\n"
                   "    def test_bad(self):\n        self.fail('the reason')\n"
                   "    @unittest.skip('not today')\n    def test_skip(self): pass\n"
                   "class B(unittest.TestCase):\n"
                   "    @classmethod\n    def setUpClass(cls): raise RuntimeError('no stack')\n"
                   "    def test_never(self): pass\n")
        code, out = self.run_all("cgi")
        self.assertEqual(out.splitlines()[-1], "1 passed, 2 failed, 1 skipped", out)
        self.assertEqual(code, 1)
        self.assertIn("AssertionError: the reason", out)
        self.assertIn("RuntimeError: no stack", out)
        self.assertIn("A.test_skip: not today", out)

    def test_a_file_that_cannot_be_imported_is_a_failure(self):
        self.write("tests/cgi/test_y.py", "import nonexistent_module\n")
        self.expect(1, "0 passed, 1 failed, 0 skipped", "No module named 'nonexistent_module'")


class Embed(unittest.TestCase):
    def test_every_byte_arrives(self):
        with tempfile.TemporaryDirectory() as folder:
            contents = [b"", b"no line end", b"SELECT '??/', \"q\\\", ??=\n\tx\r\n",
                        "é 🚀\n".encode(), bytes(range(256)) * 40]
            names = []
            for number, content in enumerate(contents):
                names.append(os.path.join(folder, f"{number}.sql"))
                with open(names[-1], "wb") as file:
                    file.write(content)
            with open(os.path.join(folder, "data.c"), "w", encoding="ascii") as file:
                subprocess.run([os.path.join(ROOT, "scripts", "embed"), "list", *names],
                               stdout=file, check=True)
                file.write("#include <stdio.h>\nint main(void)\n{\n"
                           "    for (int i = 0; list[i].name; i++) {\n"
                           "        printf(\"%s %zu \", list[i].name, list[i].len);\n"
                           "        fwrite(list[i].text, 1, list[i].len + 1, stdout);\n"
                           "    }\n    return 0;\n}\n")
            subprocess.run(["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-I", ROOT, "-include",
                            "lib/embedded.h", "-Dlist=embedded_templates", "-o",
                            os.path.join(folder, "program"), os.path.join(folder, "data.c")],
                           check=True)
            out = subprocess.run([os.path.join(folder, "program")], stdout=subprocess.PIPE,
                                 check=True).stdout
        want = b"".join(b"%d.sql %d %s\0" % (number, len(content), content)
                        for number, content in enumerate(contents))
        self.assertEqual(out, want)


if __name__ == "__main__":
    unittest.main()
