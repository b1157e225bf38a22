#!/usr/bin/env python3
"""Runs a command and sees to it that nothing of it is left, whatever way it ends.

    supervise.py COMMAND…     until COMMAND ends, standard input ends (whoever started us is gone), Ctrl-C or SIGTERM

What the command starts may put itself into other process groups or lose its parent: we are the one all orphans fall to
(Linux: child subreaper), and we end only when we have no children left.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

ENDING_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
libc = ctypes.CDLL(None)


class Stopped(Exception):
    """Somebody asked us to end."""


@contextlib.contextmanager
def supervised(command: list, environment: dict[str, str], **popen):
    """The running command. On the way out every descendant of ours is killed."""
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
    for number in ENDING_SIGNALS:
        signal.signal(number, _stop)
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=_die_with_parent, **popen
    )
    try:
        yield process
    finally:
        # Once is enough: a second signal must not interrupt the tidying up.
        for number in ENDING_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        _kill_descendants()


def stop_at_end_of_input() -> None:
    """Ends us by SIGTERM when standard input does."""

    def watch() -> None:
        while os.read(0, 4096):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def _kill_descendants() -> None:
    with contextlib.suppress(ChildProcessError):
        while True:
            for child in _children():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            # The children of the one that ended are ours now: look again.
            os.wait()


def _children() -> list[int]:
    return [int(child) for thread in Path("/proc/self/task").iterdir() for child in (thread / "children").read_text().split()]


def _die_with_parent() -> None:
    """Even if we are killed without a chance to tidy up, the command does not outlive us."""
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _stop(*_) -> None:
    raise Stopped


def main(command: list[str]) -> int:
    try:
        with supervised(command, dict(os.environ)) as process:
            stop_at_end_of_input()
            return process.wait()
    except Stopped:
        return 0


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1:]))
