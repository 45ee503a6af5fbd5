#!/usr/bin/python3
"""tap.py FILE [PART]: runs a unittest file and prints TAP; PART runs only tests whose name has it, or
the one test Class.test_name. tap.py --list FILE prints these names.

The plan comes last, so that a run that dies has none. What tests and their children print to stdout
goes to stderr: only TAP is on stdout.
"""
import importlib.util
import os
import sys
import time
import unittest


class TapResult(unittest.TestResult):
    def __init__(self, out):
        super().__init__()
        self.out = out
        self.count = 0
        self.failed = 0
        self.problem_in_subtests = None
        self.started = time.monotonic()

    def startTest(self, test):
        super().startTest(test)
        self.problem_in_subtests = None
        self.started = time.monotonic()

    def line(self, ok, test, directive="", diagnostics=""):
        self.count += 1
        self.failed += not ok
        name = test.id().split(".", 1)[-1] if isinstance(test, unittest.TestCase) else str(test)
        about = test.shortDescription() if isinstance(test, unittest.TestCase) else None
        if about:
            name += ": " + about
        name = name.replace("\\", "\\\\").replace("#", "\\#").replace("\n", " ")
        seconds = time.monotonic() - self.started
        lines = [f"{'ok' if ok else 'not ok'} {self.count} - {name}{directive}"]
        lines += ["# " + line for line in diagnostics.splitlines()]
        if seconds > 1:
            lines.append(f"# took {seconds:.1f} s")
        self.out.write("\n".join(lines) + "\n")
        self.out.flush()

    def problem(self, err, test):
        """The traceback from the test on, without unittest's own frames."""
        return self._exc_info_to_string(err, test).rstrip()

    def addSuccess(self, test):
        if self.problem_in_subtests is None:
            self.line(True, test)

    def addFailure(self, test, err):
        self.line(False, test, diagnostics=self.problem(err, test))

    addError = addFailure

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self.problem_in_subtests = err
            self.line(False, test, diagnostics=f"{subtest.id()}\n{self.problem(err, test)}")

    def addSkip(self, test, reason):
        self.line(True, test, f" # SKIP {reason}".replace("\n", " "))

    def addExpectedFailure(self, test, err):
        self.line(True, test)

    def addUnexpectedSuccess(self, test):
        self.line(False, test, diagnostics="was expected to fail")


def load(path, part):
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    name = os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    loader = unittest.TestLoader()
    if part:
        loader.testNamePatterns = [f"*.{part}" if "." in part else f"*{part}*"]
    return loader.loadTestsFromModule(module)


def names(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from names(test)
        else:
            yield test.id().split(".", 1)[1]


def main():
    if sys.argv[1:2] == ["--list"]:
        print("\n".join(names(load(sys.argv[2], None))))
        return 0
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    result = TapResult(out)
    try:
        suite = load(sys.argv[1], sys.argv[2] if len(sys.argv) == 3 else None)
    except unittest.SkipTest as skip:
        out.write(f"1..0 # SKIP {skip}\n")
        return 0
    suite.run(result)
    out.write(f"1..{result.count}\n")
    out.flush()
    return 1 if result.failed else 0


if __name__ == "__main__":
    sys.exit(main())
