"""A sidecar that hangs: stopped as by a debugger, and taken up again."""
import contextlib
import glob
import os
import signal

from processes import wait_for


def thread_states(pid):
    """The letters that /proc has for the threads of a process."""
    found = set()
    for path in glob.glob(f"/proc/{pid}/task/*/stat"):
        with open(path, encoding="ascii") as f:
            found.add(f.read().rpartition(")")[2].split()[0])
    return found


def stops_between_commits(stack):
    """Whoever is stopped in mid-commit keeps all others from theirs: then it goes on, False."""
    pid = stack.sidecar.pid
    turnstiles = {os.stat(path).st_ino for pattern in ("*-write", "*-queue")
                  for path in glob.glob(stack.path("var", pattern))}
    stack.sidecar.send_signal(signal.SIGSTOP)
    wait_for(lambda: thread_states(pid) == {"T"}, "its threads have stopped", 60)
    with open("/proc/locks", encoding="ascii") as f:
        locks = [line.split() for line in f if "->" not in line]
    held = {int(place.split(":")[2]) for _, kind, _, _, who, place, *_ in locks
            if (kind, who) == ("FLOCK", str(pid))}
    if held & turnstiles:
        stack.sidecar.send_signal(signal.SIGCONT)
    return not held & turnstiles


@contextlib.contextmanager
def hung_sidecar(stack):
    wait_for(lambda: stops_between_commits(stack), "it is stopped", 60)
    try:
        yield
    finally:
        stack.sidecar.send_signal(signal.SIGCONT)
