#!/usr/bin/python3
"""sandbox.py SERVICE SOCKET: starts a service as systemd would, without systemd, as its unit says.

Reads User=, ExecStart=, ReadWritePaths=, the system calls and the address families from the unit file,
binds ListenStream= of the socket's unit with its owner and mode, hands it over, and runs the program
with: the file system read-only but for ReadWritePaths=; /home, /root and /tmp empty; no network; no
capabilities, no new privileges; a user namespace of its own; the system calls as a seccomp filter; no
memory both writable and executable. Only for tests; run by root.
"""
import ctypes
import errno
import grp
import os
import pwd
import socket
import subprocess
import sys

import seccomp

LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_SET_MDWE = 4, 24, 38, 65
CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x20000, 0x10000000, 0x40000000


def unit(path):
    """{key: [values in order]}"""
    values = {}
    with open(path, encoding="utf-8") as f:
        for line in f:
            key, equals, value = line.strip().partition("=")
            if equals and not line.startswith("#"):
                values.setdefault(key, []).append(value)
    return values


def call(name, *args):
    if getattr(LIBC, name)(*args) != 0:
        sys.exit(f"sandbox: {name}{args}: {os.strerror(ctypes.get_errno())}")


def calls_of(words):
    """The system calls that @groups and names stand for."""
    found, groups = set(), [word for word in words if word.startswith("@")]
    if groups:
        text = subprocess.run(["systemd-analyze", "syscall-filter", *groups], check=True,
                              capture_output=True, text=True).stdout
        lines = [line.strip() for line in text.splitlines() if line.startswith("    ")]
        inner = [line for line in lines if not line.startswith("#")]
        found |= {line for line in inner if not line.startswith("@")}
        nested = [line for line in inner if line.startswith("@")]
        if nested:
            found |= calls_of(nested)
    return found | {word for word in words if not word.startswith("@")}


def allowed_calls(service):
    allowed = set()
    for value in service["SystemCallFilter"]:
        if value.startswith("~"):
            allowed -= calls_of(value[1:].split())
        else:
            allowed |= calls_of(value.split())
    return allowed | calls_of(["@default"])  # systemd always adds these


def filter_of(service):
    refused = seccomp.ERRNO(getattr(errno, service["SystemCallErrorNumber"][0]))
    rules = seccomp.SyscallFilter(refused)
    families = [getattr(socket, name) for name in service["RestrictAddressFamilies"][0].split()]
    for name in allowed_calls(service):
        try:
            if name == "socket":
                for family in families:
                    rules.add_rule(seccomp.ALLOW, name, seccomp.Arg(0, seccomp.EQ, family))
            else:
                rules.add_rule(seccomp.ALLOW, name)
        except RuntimeError:
            pass  # no such call on this machine
    return rules


def bind(path_of_unit):
    at = unit(path_of_unit)
    path = at["ListenStream"][0]
    listener = socket.socket(socket.AF_UNIX)
    if os.path.exists(path):
        os.unlink(path)
    listener.bind(path)
    listener.listen(int(at["Backlog"][0]))
    os.chown(path, pwd.getpwnam(at["SocketUser"][0]).pw_uid, grp.getgrnam(at["SocketGroup"][0]).gr_gid)
    os.chmod(path, int(at["SocketMode"][0], 8))
    return listener


def mount(*args):
    subprocess.run(["mount", *args], check=True)


def close_file_system(service):
    call("unshare", CLONE_NEWNS | CLONE_NEWNET)
    mount("--make-rprivate", "/")
    for folder in service["ReadWritePaths"][0].split():
        mount("--bind", folder, folder)
    keep = set(service["ReadWritePaths"][0].split())
    with open("/proc/self/mounts", encoding="utf-8") as f:
        points = [line.split()[1] for line in f]
    for point in points:
        if point not in keep and not point.startswith(("/dev", "/proc")):
            mount("-o", "remount,bind,ro", point)
    if service.get("ProcSubset") == ["pid"]:
        mount("-t", "proc", "-o", "subset=pid", "proc", "/proc")
    for folder in ("/home", "/root", "/tmp"):
        mount("-t", "tmpfs", "-o", "ro", "tmpfs", folder)


def become(name):
    user = pwd.getpwnam(name)
    os.initgroups(name, user.pw_gid)
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
    call("unshare", CLONE_NEWUSER)
    call("prctl", PR_SET_DUMPABLE, 1, 0, 0, 0)  # or its files in /proc are root's
    for file, text in (("setgroups", "deny"), ("uid_map", f"{user.pw_uid} {user.pw_uid} 1"),
                       ("gid_map", f"{user.pw_gid} {user.pw_gid} 1")):
        with open(f"/proc/self/{file}", "w", encoding="ascii") as f:
            f.write(text)
    for capability in range(41):
        LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def main():
    service = unit(sys.argv[1])
    rules = filter_of(service)
    listener = bind(sys.argv[2])
    os.umask(int(service["UMask"][0], 8))
    close_file_system(service)
    become(service["User"][0])
    if service["MemoryDenyWriteExecute"] == ["yes"]:
        call("prctl", PR_SET_MDWE, 1, 0, 0, 0)
    call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    os.dup2(listener.fileno(), 3)
    os.set_inheritable(3, True)  # which dup2 onto itself does not do
    env = {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid()), "PATH": "/usr/bin:/bin"}
    words = service["ExecStart"][0].split()
    rules.load()
    os.execve(words[0], words, env)


if __name__ == "__main__":
    main()
