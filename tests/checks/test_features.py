"""The table of features in docs/testing.md names tests that exist."""
import os
import re
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDERS = {"mjs": ("browser",), "py": ("e2e", "fault", "cgi")}
# `file`: "name", "name"
NAMED = re.compile(r'`([\w.]+\.(mjs|py))`: ("[^"]+"(?:, "[^"]+")*)')


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def rows(text):
    """The cells of each row of the table of features."""
    table = text.split("## Each feature", 1)[1]
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[1:]]


def source(name, ending):
    for folder in FOLDERS[ending]:
        if os.path.exists(os.path.join(ROOT, "tests", folder, name)):
            return read("tests", folder, name)
    return ""


def exists(test, name, ending):
    text = source(name, ending)
    if ending == "mjs":  # behind the name of a server, or of a way there
        return re.search(r'\btest\((?:"|`(?:[^`]*\}: )?)' + re.escape(test) + r'["`],', text) is not None
    if test.startswith("test_"):
        return f"def {test}(self" in text
    acts = re.search(r"\bACTS = \(([^)]*)\)", text)
    return acts is not None and f'"{test}"' in acts[1]


def wrong(text):
    """What a cell promises and is not there."""
    if text.startswith("none: "):
        return []
    promised = [(test, name, ending) for name, ending, tests in NAMED.findall(text)
                for test in re.findall('"([^"]+)"', tests)]
    left = NAMED.sub("", text).replace("; ", "")
    return [one[:2] for one in promised if not exists(*one)] + ([left] if left else []) + ([] if promised else [text])


class Features(unittest.TestCase):
    def test_every_test_that_the_table_names_is_there(self):
        table = rows(read("docs", "testing.md"))
        self.assertGreater(len(table), 25)
        for feature, live, away in table:
            with self.subTest(feature=feature):
                self.assertFalse(live.startswith("none: "))
                self.assertEqual(wrong(live) + wrong(away), [])

    def test_a_test_that_is_not_there_is_found(self):
        for text in ('`acts.test.mjs`: "nobody wrote this"', '`no.test.mjs`: "nobody wrote this"',
                     '`test_resume.py`: "juggle"', '`test_acts.py`: "test_nobody_wrote_this"',
                     "by and by", '`test_resume.py`: "post", and more'):
            with self.subTest(text=text):
                self.assertNotEqual(wrong(text), [])


if __name__ == "__main__":
    unittest.main()
