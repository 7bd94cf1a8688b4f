"""The process that ends what another one leaves behind; ``children`` starts it, by its path.

It is told on its standard input which processes there are, and hears there, too, when the one that tells is
gone: nobody holds the other end any more, even after SIGKILL. It has a session of its own, so that no signal
of a terminal reaches it.
"""

import contextlib
import os
import signal
import sys

WATCH, FORGET = "+", "-"  # a line: one of them and a number, as of os.kill: a group where it is negative


def main() -> None:
    """Note what there is until nobody tells any more; then end what is left of it."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    watched: set[int] = set()
    for line in sys.stdin:
        number = int(line[1:])
        (watched.add if line.startswith(WATCH) else watched.discard)(number)
    for number in watched:
        with contextlib.suppress(OSError):
            os.kill(number, signal.SIGKILL)


if __name__ == "__main__":
    main()
