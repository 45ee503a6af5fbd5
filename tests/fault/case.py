"""What the tests of faults share: a stack, rounds, the verdict and its line in the table."""
import os
import random
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "lib"))
from checker import Table, check  # noqa: E402
from driver import LONG, ROOMY, SEED, Workload  # noqa: E402
from stack import Stack  # noqa: E402

KILLS = 20 if LONG else 3


def seeded(what):
    """Chance that $OUTCRY_SEED brings back."""
    return random.Random(f"{SEED} {what}")


class FaultCase(unittest.TestCase):
    def setUp(self):
        self.rng = seeded(self.id())

    def start(self, stack_class=Stack, conf=None, **kwargs):
        stack = stack_class(conf=dict(ROOMY, **(conf or {})), **kwargs)
        self.addCleanup(stack.stop)
        return stack.start()

    def judge(self, fault, rounds, work, wrong=(), note="", acked=None):
        """The row, and the failure if anything is lost, doubled or out of order."""
        wrong = list(wrong) + check(work)
        Table.add(fault, rounds, work, wrong, note, acked)
        self.assertEqual([], wrong[:10], f"{len(wrong)} in all")
        self.assertGreater(work.acked(), 0)

    def run_kills(self, fault, stack, kill, rounds=KILLS, **kwargs):
        """Kills in mid-traffic, again and again; each time everybody comes to be served again."""
        with Workload(stack, **kwargs) as work:
            for _ in range(rounds):
                work.await_acks(4)
                kill(work)
                work.await_acks(2)
            work.settle()
        self.judge(fault, rounds, work)
        return work


def end_module():
    Table.show()
