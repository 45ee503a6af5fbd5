"""Programs under another clock, by Debian's libfaketime."""
import glob
import os
import re
import unittest

# It shares memory under its process's number, and ends the process where that is there already: a
# killed one leaves it to the next of that number.
WRAPPER = """#!/bin/sh
rm -f /dev/shm/faketime_shm_$$ /dev/shm/sem.faketime_sem_$$
exec env LD_PRELOAD={library} {settings} ASAN_OPTIONS=verify_asan_link_order=0 {program} "$@"
"""


def wrap(path, program, settings):
    """Makes `path` a program that is `program` under the clock of the settings, FAKETIME='…' and such."""
    library = glob.glob("/usr/lib/*/faketime/libfaketime.so.1")
    if not library:
        raise unittest.SkipTest("libfaketime is not installed (package faketime)")
    with open(path, "w", encoding="utf-8") as f:
        f.write(WRAPPER.format(library=library[0], settings=settings, program=program))
    os.chmod(path, 0o755)


def sweep():
    """Removes what killed processes left."""
    for name in os.listdir("/dev/shm"):
        found = re.fullmatch(r"(?:sem\.)?faketime_(?:shm|sem)_(\d+)", name)
        if found and not os.path.exists(f"/proc/{found[1]}"):
            try:
                os.unlink(os.path.join("/dev/shm", name))
            except OSError:
                pass
