"""How much memory the programs behind a web server ever had at once."""
import os
import shutil

from stack import BUILD, wait_for

MOST_KB = 16 * 1024  # that one of them may have

WRAPPER = """#!/bin/sh
exec {peak} {log} {program}
"""


class Memory:
    """The most memory that a process of each program ever had, in KB. The kernel keeps it: of a worker that lives
    as VmHWM, of a process for one request in what wait4() tells its parent, the child that libmagic runs in included."""

    def __init__(self, stack):
        self.stack = stack
        if stack.gateway == "cgi":
            self.wrap_programs()

    def wrap_programs(self):
        os.mkdir(self.stack.path("measured"), 0o755)
        shutil.copy2(os.path.join(BUILD, "tests/helpers/peak"), self.stack.path("measured"))
        for program in ("chat.fcgi", "api.fcgi"):
            path, real = self.stack.path("bin", program), self.stack.path("measured", program)
            shutil.move(path, real)
            with open(path, "w", encoding="utf-8") as f:
                f.write(WRAPPER.format(peak=self.stack.path("measured/peak"), program=real,
                                       log=self.stack.path("var/log/peak")))
            os.chmod(path, 0o755)

    def readings(self):
        if self.stack.gateway == "cgi":
            wait_for(lambda: not self.stack.pids_of_session(self.stack.web.pid, ("peak",)), "each has been noted", 30)
            yield from (line.split() for line in self.stack.log("peak").splitlines())
            return
        for pid in self.stack.worker_pids():
            with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
                lines = dict(line.split(":", 1) for line in f)
            yield lines["Name"].strip(), lines["VmHWM"].split()[0]

    def most(self):
        most = {}
        for program, kilobytes in self.readings():
            most[program] = max(most.get(program, 0), int(kilobytes))
        return most
