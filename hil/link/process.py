"""A program on this computer as the other end of a line."""

import os
import select
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from hil.link.link import LinkError
from hil.link.patience import Deadline
from train.core.errors import UserError
from train.core.processes.children import PIPE, Child

_CHUNK_BYTES = 4096
_SHOWN_BYTES = 200
_LONGEST_LINE_BYTES = 65_536


class _Ended(LinkError):
    """The program is no more."""


class ProcessLink:
    """Firmware that runs on this computer, natively or in an emulator, with its line on stdin and stdout.

    Use it as a context manager: the process ends with the block.
    """

    def __init__(self, command: Sequence[str], timeout_s: float = 30) -> None:
        """Start it.

        Args:
            command: see ``Board.command``.
            timeout_s: longest wait of ``read`` and ``read_line``. Replies take well under a second,
                unless the computer has much else to do.
        Raises:
            UserError: the program, or the emulator, is not there.
        """
        self.timeout_s = timeout_s
        self.name = " ".join(command)
        try:
            self.process = Child(command, stdin=PIPE, stdout=PIPE, bufsize=0)
        except FileNotFoundError as error:
            raise UserError(
                f"{command[0]}: not found; build the firmware, or install the emulator"
            ) from error
        except OSError as error:
            raise UserError(
                f"{command[0]}: cannot be started ({error.strerror}); build the firmware again, or install "
                "the emulator again"
            ) from error
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._input, self._output = self.process.stdin.fileno(), self.process.stdout.fileno()
        os.set_blocking(self._input, False)
        self._to_send = b""
        self._received = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process and what it started; whatever left its process group may keep the pipes open."""
        self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()
        self.process.wait(timeout=self.timeout_s)

    def send(self, data: bytes) -> None:
        """Queue bytes; they go out while a reply is awaited, so that neither end waits for the other."""
        self._to_send += data

    def receive(self, timeout_s: float) -> bytes:
        """See ``Link.receive``."""
        deadline = Deadline(timeout_s)
        while not self._received and self._exchange(deadline, "an answer"):
            continue
        taken, self._received = self._received, b""
        return taken

    def read(self, count: int) -> bytes:
        """The next ``count`` bytes.

        Raises:
            LinkError: they did not come in time, or the process ended.
        """
        return self._take(lambda: count if len(self._received) >= count else None, f"{count} bytes")

    def read_line(self) -> bytes:
        """The next line without its end; see ``read``.

        Raises:
            LinkError: it has no end.
        """
        return self._take(self._line_bytes, "a line").removesuffix(b"\n")

    def line_or_end(self) -> bytes | None:
        """The next line without its end; None where the program has ended, and said no more whole lines.

        Raises:
            LinkError: neither came in time.
        """
        try:
            return self.read_line()
        except _Ended:
            return None

    def _line_bytes(self) -> int | None:
        if count := self._received.find(b"\n") + 1:
            return count
        if len(self._received) > _LONGEST_LINE_BYTES:
            raise LinkError(self._complaint("a line", f"{len(self._received):,} bytes came without its end"))
        return None

    def _take(self, length: Callable[[], int | None], what: str) -> bytes:
        deadline = Deadline(self.timeout_s)
        while (count := length()) is None:
            if not self._exchange(deadline, what):
                raise LinkError(self._complaint(what, f"it did not come within {self.timeout_s:g} s"))
        taken, self._received = self._received[:count], self._received[count:]
        return taken

    def _exchange(self, deadline: Deadline, what: str) -> bool:
        """Wait until something can be sent or received, and do that; False where it is too late."""
        senders = [self._input] if self._to_send else []
        readable, writable, _ = select.select([self._output], senders, [], deadline.left_s)
        if writable:
            self._write(what)
        if readable:
            data = os.read(self._output, 65536)
            if not data:
                raise _Ended(self._complaint(what, "the firmware ended"))
            self._received += data
        return not deadline.is_over

    def _write(self, what: str) -> None:
        try:
            written = os.write(self._input, self._to_send[:_CHUNK_BYTES])
        except BrokenPipeError as error:
            raise LinkError(self._complaint(what, "the firmware ended")) from error
        self._to_send = self._to_send[written:]

    def _complaint(self, what: str, found: str) -> str:
        last = self._received[-_SHOWN_BYTES:]
        return f"{self.name}: expected {what}, but {found}; the last bytes were {last!r}"
