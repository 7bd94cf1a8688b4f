"""What people press while something else goes on: single keys on a terminal, lines elsewhere."""

import os
import select
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Keys:
    """Use it as a context manager; it gives the terminal back as it was."""

    def __enter__(self) -> Self:
        self._restore: Callable[[], None] = lambda: None
        self._is_open = sys.stdin is not None and not sys.stdin.closed
        if self._is_open and os.name == "posix" and sys.stdin.isatty():
            import termios
            import tty

            file = sys.stdin.fileno()
            before = termios.tcgetattr(file)
            tty.setcbreak(file)
            self._restore = lambda: termios.tcsetattr(file, termios.TCSADRAIN, before)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    def pressed(self) -> str:
        """The last key pressed since, in lower case, ``\\n`` for Enter; "" for none. Waits for nothing."""
        if os.name == "nt":
            return _pressed_on_windows()
        if not self._is_open or not select.select([sys.stdin], [], [], 0)[0]:
            return ""
        data = os.read(sys.stdin.fileno(), 1024)
        if not data:  # the end: nobody will press anything
            self._is_open = False
            return ""
        text = data.decode("utf-8", "replace").lower()
        return text.strip()[-1:] or "\n"


def _pressed_on_windows() -> str:
    import msvcrt

    key = ""
    while msvcrt.kbhit():  # type: ignore[attr-defined, unused-ignore]
        key = msvcrt.getwch().lower()  # type: ignore[attr-defined, unused-ignore]
    return "\n" if key == "\r" else key
