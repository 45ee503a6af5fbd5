"""A stack whose programs live under a clock that the test moves."""
import os
import shutil
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
import faketime  # noqa: E402
from stack import Stack  # noqa: E402


class Shifted(Stack):
    """`offset`: seconds ahead of the machine's clock."""

    def __init__(self, *args, offset=0, **kwargs):
        super().__init__(*args, **kwargs)
        self.offset = offset

    def make_files(self):
        super().make_files()
        shutil.move(self.path("bin"), self.path("real"))
        os.mkdir(self.path("bin"), 0o755)
        self.shift(self.offset)
        for name in os.listdir(self.path("real")):
            faketime.wrap(self.path("bin", name), self.path("real", name),
                          "FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_NO_CACHE=1 "
                          f"FAKETIME_TIMESTAMP_FILE={self.path('clock')}")

    def shift(self, offset):
        self.offset = offset
        with open(self.path("clock.new"), "w", encoding="ascii") as f:
            f.write(f"{offset:+d}\n")
        os.chmod(self.path("clock.new"), 0o644)
        os.rename(self.path("clock.new"), self.path("clock"))

    def stop(self):
        super().stop()
        faketime.sweep()

    def now(self):
        """Wall seconds, as the programs see them."""
        return time.time() + self.offset
