"""handed.py PATH PORT COMMAND…: runs a command as systemd would that had a Unix socket and a port of
loopback to hand to it. The process stays the same one."""
import contextlib
import os
import socket
import sys

FIRST, BACKLOG = 3, 4096
path, port, *command = sys.argv[1:]
near, far = socket.socket(socket.AF_UNIX), socket.socket()
with contextlib.suppress(FileNotFoundError):
    os.unlink(path)
near.bind(path)
far.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
far.bind(("127.0.0.1", int(port)))
kept = []
for sock in (near, far):
    sock.listen(BACKLOG)
    kept.append(os.dup2(os.dup(sock.fileno()), FIRST + 10 + len(kept)))
for place, fd in enumerate(kept):
    os.dup2(fd, FIRST + place)
    os.close(fd)
os.execve(command[0], command, dict(os.environ, LISTEN_FDS=str(len(kept)), LISTEN_PID=str(os.getpid())))
