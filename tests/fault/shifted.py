"""A stack whose programs live under a clock that the test moves."""
import glob
import os
import shutil
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from stack import Stack  # noqa: E402

WRAPPER = """#!/bin/sh
exec env LD_PRELOAD={library} FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_TIMESTAMP_FILE={clock} \\
    FAKETIME_NO_CACHE=1 ASAN_OPTIONS=verify_asan_link_order=0 {program} "$@"
"""


class Shifted(Stack):
    """`offset`: seconds ahead of the machine's clock."""

    def __init__(self, *args, offset=0, **kwargs):
        super().__init__(*args, **kwargs)
        self.offset = offset
        library = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
        if not library:
            raise unittest.SkipTest("libfaketime is not installed (package faketime)")
        self.library = library[0]

    def make_files(self):
        super().make_files()
        shutil.move(self.path("bin"), self.path("real"))
        os.mkdir(self.path("bin"), 0o755)
        self.shift(self.offset)
        for name in os.listdir(self.path("real")):
            with open(self.path("bin", name), "w", encoding="utf-8") as f:
                f.write(WRAPPER.format(library=self.library, clock=self.path("clock"),
                                       program=self.path("real", name)))
            os.chmod(self.path("bin", name), 0o755)

    def shift(self, offset):
        self.offset = offset
        with open(self.path("clock.new"), "w", encoding="ascii") as f:
            f.write(f"{offset:+d}\n")
        os.chmod(self.path("clock.new"), 0o644)
        os.rename(self.path("clock.new"), self.path("clock"))

    def now(self):
        """Wall seconds, as the programs see them."""
        return time.time() + self.offset
