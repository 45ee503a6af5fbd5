"""Reads TAP (versions 12 to 14, with node's nested subtests) into counts, for tests/run."""
import re

RESULT = re.compile(r"^( *)(not )?ok\b *(\d+)?(?: *-)? ?(.*)$")
PLAN = re.compile(r"^( *)1\.\.(\d+)(?: *# *SKIP\S*[ :]*(.*))?\s*$", re.IGNORECASE)
SKIP = re.compile(r"(?<!\\)# *SKIP\S*[ :]*(.*)$", re.IGNORECASE)


class Test:
    def __init__(self, name, status, reason=""):
        self.name = name
        self.status = status  # "passed", "failed", "skipped"
        self.reason = reason  # of a skip
        self.detail = []  # lines that followed the result


class Tap:
    """tests: the leaves. problem: None, or why the output as a whole cannot be believed."""

    def __init__(self, text):
        self.tests = []
        self.problem = None
        self.planned = None
        self.top = 0
        self.open = {}  # indent -> leaves seen since the last result at a smaller indent
        self.comment = ""
        in_yaml = False
        for line in text.splitlines():
            if in_yaml or line.strip() == "---":
                in_yaml = line.strip() != "..."
                self.detail(line)
            else:
                self.take(line)
        if self.problem is None:
            self.judge()

    def take(self, line):
        plan = PLAN.match(line)
        result = RESULT.match(line)
        if plan and not plan.group(1):
            self.planned = (self.planned or 0) + int(plan.group(2))
            if plan.group(2) == "0" and plan.group(3):
                self.tests.append(Test("all of it", "skipped", plan.group(3)))
        elif result:
            self.take_result(result)
        elif line.startswith("Bail out!"):
            self.problem = line
        elif not plan:
            self.detail(line)
        if line.startswith("# "):
            self.comment = line[2:].strip()
        elif result:
            self.comment = ""

    def detail(self, line):
        if self.tests and line.strip():
            self.tests[-1].detail.append(line)

    def take_result(self, match):
        indent = len(match.group(1))
        failed = bool(match.group(2))
        rest = match.group(4)
        skip = SKIP.search(rest)
        name = SKIP.sub("", rest).strip().replace("\\#", "#").replace("\\\\", "\\")
        self.top += indent == 0
        inner = [key for key in self.open if key > indent]
        leaves = [test for key in inner for test in self.open.pop(key)]
        if leaves:
            # A parent: its leaves were counted. It only counts itself where it failed alone.
            if failed and not any(test.status == "failed" for test in leaves):
                self.add(indent, Test(name, "failed"), leaves)
            else:
                self.open.setdefault(indent, []).extend(leaves)
            return
        status = "failed" if failed else "passed"
        reason = ""
        if skip:
            # cmocka writes "not ok 3 # SKIP name", and a reason only where the test printed one.
            status = "skipped"
            reason = skip.group(1).strip()
            if not name:
                name, reason = reason, self.comment
            reason = reason or "no reason given"
        self.add(indent, Test(name, status, reason), [])

    def add(self, indent, test, leaves):
        self.tests.append(test)
        self.open.setdefault(indent, []).extend(leaves + [test])

    def judge(self):
        if self.planned is None:
            self.problem = "no TAP plan: it ended early"
        elif self.planned != self.top:
            self.problem = f"{self.planned} tests planned, {self.top} reported"
        elif not self.tests:
            self.problem = "there are no tests in it"

    def count(self, status):
        return sum(test.status == status for test in self.tests)
