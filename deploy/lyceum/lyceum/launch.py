"""Becomes another program after binding its life to its parent's and, if asked, giving up root.

Run as a script with the standard library alone (`python -I -S launch.py ...`) between fork and exec of every
child of the stack, because none of this may be done in the parent: it would hold for the parent too. By
position: parent pid, signal number sent to us when the parent dies (0: none), uid, gid (-1: stay who we are),
`search` or `-` (see `drop_root`), `--`, then the program and its arguments.
"""

from __future__ import annotations

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_READ_SEARCH = 2
CAPABILITY_VERSION_3 = 0x20080522

EXIT_NO_SEARCH = 70


def libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def die_with(parent: int, signal_number: int) -> None:
    """Ask the kernel for `signal_number` at the parent's death; Linux only, elsewhere `up` clears leftovers."""
    if not signal_number or not sys.platform.startswith("linux"):
        return
    libc().prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0)
    # The parent may have died before the request: nobody would tell us then.
    if os.getppid() != parent:
        sys.exit(1)


def drop_root(uid: int, gid: int, *, keep_search: bool) -> None:
    """Become `uid`:`gid` with no other groups.

    With `keep_search` the process may still pass through folders closed to it (CAP_DAC_READ_SEARCH, ambient,
    to outlive exec): a data dir below root's home is then served without opening that home to everybody.
    Exits with EXIT_NO_SEARCH where the kernel or the container refuses.
    """
    if keep_search:
        libc().prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if keep_search:
        bit = 1 << CAP_DAC_READ_SEARCH
        header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
        data = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
        if libc().capset(header, data) != 0:
            sys.exit(EXIT_NO_SEARCH)
        if libc().prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_READ_SEARCH, 0, 0) != 0:
            sys.exit(EXIT_NO_SEARCH)


def main() -> None:
    parent, signal_number, uid, gid = (int(word) for word in sys.argv[1:5])
    keep_search = sys.argv[5] == "search"
    program = sys.argv[7:]
    if uid >= 0:
        drop_root(uid, gid, keep_search=keep_search)
    # After the change of user: the kernel forgets the request when the credentials change.
    die_with(parent, signal_number)
    os.execv(program[0], program)  # noqa: S606 - no shell is what we want


if __name__ == "__main__":
    main()
