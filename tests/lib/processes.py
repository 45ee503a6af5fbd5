"""What tests wait for, and how they end processes so that nothing of them is left."""
import os
import signal
import subprocess
import time


def wait_for(condition, what, seconds=30):
    """Returns the first true value of condition(); fails with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.01)


class Sessions:
    """For whoever starts programs, each in a session of its own."""

    def end(self, process, sig):
        """Ends a process and whatever is left of its session."""
        if process is None:
            return
        process.send_signal(sig)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            pass
        self.kill_session(process.pid)
        process.wait()

    def kill_session(self, session, programs=None):
        """kill -9 of all of a session, or of some programs in it."""
        for pid in self.pids_of_session(session, programs):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        wait_for(lambda: not self.pids_of_session(session, programs), "its session is gone")

    def pids_of_session(self, session, programs=None):
        found = []
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as f:
                    stat = f.read()
                threads = len(os.listdir(f"/proc/{name}/task"))
            except OSError:
                continue
            program = stat[stat.index("(") + 1:stat.rindex(")")]
            state, _, _, sid = stat[stat.rindex(")") + 2:].split()[:4]
            # The first thread may have ended before others, which still hold a port.
            if int(sid) == session and (state != "Z" or threads > 1) and (not programs or program in programs):
                found.append(int(name))
        return found
