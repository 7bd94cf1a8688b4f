"""Ctrl-C: answered at once, whatever the program does, and believed when it comes twice.

Python runs a handler of signals between two of its own steps, which is seconds later where C++ computes or a
library is loaded. So a thread waits for the signal beside it.

SIGTERM and SIGHUP, by which a CI job, a service or a closed terminal ends us, do what Ctrl-C does, but nobody
may be there to press it twice: what is not put away soon is left.
"""

import contextlib
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from multiprocessing import resource_tracker
from types import FrameType
from typing import TypeVar

EXIT_CODE = 130  # 128 + SIGINT, as a shell would report it
_ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
_PUT_AWAY_S = 3.0  # after one of them; a job that is cancelled gets SIGKILL after 5 s or more
AGAIN = "Ctrl-C again stops at once"
_STOPPING = f"stopping; {AGAIN}"
_LAST_WORDS_S = 1.0  # for what the main thread has to put away at the second Ctrl-C

_Handler = Callable[[int, FrameType | None], object]
_Pool = TypeVar("_Pool", bound=Executor)

# What Ctrl-C brings about in the blocks that we are in, and what is left to say at the end; the last count.
_says: list[tuple[Callable[[], str], Callable[[], str]]] = []
_STDERR = 2
_terminal = _STDERR  # the descriptor that leads to the user
_answers = threading.Event()  # set where nobody answers, and once the first Ctrl-C is answered
_answers.set()
_ended_by = 0  # the first signal that asked us to end
_is_ending = False


class Ended(KeyboardInterrupt):
    """SIGTERM or SIGHUP, where Ctrl-C would raise its own."""


def ended_by() -> str:
    """The name of the signal that asked us to end, where that was not Ctrl-C; else empty."""
    return signal.Signals(_ended_by).name if _ended_by in _ENDING else ""


def exit_code() -> int:
    """What a process that was asked to end reports, as a shell has it."""
    return 128 + _ended_by if _ended_by else EXIT_CODE


def _end_soon(number: int, _frame: object) -> None:
    """Raise once: what is put away then must not be interrupted by the next."""
    global _is_ending
    _note_end(number)
    if not _is_ending:
        _is_ending = True
        raise Ended(signal.Signals(number).name)


def _note_end(number: int) -> None:
    global _ended_by
    _ended_by = _ended_by or number


@contextlib.contextmanager
def answered(tell: Callable[[str], None]) -> Iterator[None]:
    """Answer Ctrl-C within the block: with what it brings about, and at the second with the end.

    SIGTERM and SIGHUP end the block as well, by ``Ended``, and soon. What is ignored, as Ctrl-C in a shell's
    background jobs and SIGHUP under nohup, or is somebody else's, stays so.

    Args:
        tell: shows a line.
    """
    global _ended_by, _is_ending
    is_main = threading.current_thread() is threading.main_thread()
    ending = [number for number in _ENDING if is_main and signal.getsignal(number) is signal.SIG_DFL]
    heard = [*ending, *([signal.SIGINT] if _hears_ctrl_c() and is_main else [])]
    if not heard:
        yield
        return
    _ended_by, _is_ending = 0, False
    hears, tells = socket.socketpair()
    tells.setblocking(False)
    watch = _Watch(hears, tell)
    watch.start()
    _answers.clear()
    before = signal.set_wakeup_fd(tells.fileno(), warn_on_full_buffer=False)
    for number in ending:
        signal.signal(number, _end_soon)
    try:
        yield
    except KeyboardInterrupt:
        _answers.wait(_LAST_WORDS_S)  # the thread that answers may be late
        raise
    finally:
        if watch.count:
            # It watches until the process has ended. Python hears no more of Ctrl-C, to which it would answer
            # with a traceback while it puts its own things away.
            for number in heard:
                signal.signal(number, lambda *_: None)
        else:
            for number in ending:
                signal.signal(number, signal.SIG_DFL)
            signal.set_wakeup_fd(before)
            _answers.set()
            tells.close()
            watch.join()
            hears.close()


def _hears_ctrl_c() -> bool:
    return signal.getsignal(signal.SIGINT) is signal.default_int_handler


class _Watch(threading.Thread):
    """Counts Ctrl-C and the other signals that end us, and answers."""

    def __init__(self, hears: socket.socket, tell: Callable[[str], None]) -> None:
        super().__init__(daemon=True)
        self.count = 0
        self._hears, self._tell = hears, tell

    def run(self) -> None:
        """Until the other end of the line is closed."""
        try:
            while numbers := self._hears.recv(64):
                for number in numbers:
                    if number == signal.SIGINT or number in _ENDING:
                        self._note(number)
        except TimeoutError:
            _end()

    def _note(self, number: int) -> None:
        self.count += 1
        if self.count > 1:
            time.sleep(_LAST_WORDS_S)
            _end()
        _note_end(number)
        if number != signal.SIGINT:
            self._hears.settimeout(_PUT_AWAY_S)
        elif text := _says[-1][0]() if _says else _STOPPING:
            self._show(text)
        _answers.set()

    def _show(self, text: str) -> None:
        if _terminal == _STDERR:
            self._tell(text)
        else:
            os.write(_terminal, f"{text}\n".encode("ascii", "replace"))


def _end() -> None:
    """End the process here and now, and those that it has started."""
    show_cursor = b"\x1b[?25h" if os.isatty(_terminal) else b""  # a moving bar hides it
    with contextlib.suppress(Exception):
        left = _says[-1][1]() if _says else ""
        name = ended_by()
        text = f"ended by {name}" if name else "\nstopped"
        text += f"; {left}\n" if left else "\n"
        os.write(_terminal, show_cursor + text.encode("utf-8", "replace"))
    for child in multiprocessing.active_children():
        child.kill()
    os._exit(exit_code())


@contextlib.contextmanager
def speaking_on(descriptor: int) -> Iterator[None]:
    """Answer there within the block, as what is written to stderr is kept."""
    global _terminal
    before, _terminal = _terminal, descriptor
    try:
        yield
    finally:
        _terminal = before


@contextlib.contextmanager
def saying(text: Callable[[], str], left: Callable[[], str] = str) -> Iterator[None]:
    """Say what Ctrl-C brings about within the block; an empty text says nothing.

    Args:
        left: what the user can do after the second one.
    """
    _says.append((text, left))
    try:
        yield
    finally:
        _says.pop()


@contextlib.contextmanager
def held(text: Callable[[], str], left: Callable[[], str] = str) -> Iterator[Callable[[], bool]]:
    """Hold Ctrl-C back until it is asked for, so that what belongs together is done together.

    Yields a function that tells whether there was one. A second one is not held back. Where Ctrl-C is
    ignored, as in a shell's background jobs, it stays ignored. ``text`` and ``left`` as of ``saying``.
    """
    asked = False

    def note(number: int, _frame: object) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        if number != signal.SIGINT:
            _note_end(number)

    with _heard_by(note) as handlers:
        if not handlers:
            yield lambda: False
            return
        with saying(text, left):
            try:
                yield lambda: asked
            finally:
                if asked:  # the thread that answers may be late; the text goes with the block
                    _answers.wait(_LAST_WORDS_S)


@contextlib.contextmanager
def postponed() -> Iterator[None]:
    """Let Ctrl-C and the other signals that end us come behind the block, which takes no time to speak of."""
    came: list[tuple[int, FrameType | None]] = []
    handlers: Mapping[int, _Handler] = {}
    try:
        with _heard_by(lambda number, frame: came.append((number, frame))) as handlers:
            yield
    finally:
        for number, frame in came[:1]:
            handlers[number](number, frame)


@contextlib.contextmanager
def _heard_by(handler: _Handler) -> Iterator[Mapping[int, _Handler]]:
    """Have the signals that end us heard by another handler within the block, but for what is ignored.

    Yields who hears them else, by number: none in threads other than the main one.
    """
    is_main = threading.current_thread() is threading.main_thread()
    found = {number: signal.getsignal(number) for number in (signal.SIGINT, *_ENDING) if is_main}
    handlers = {number: usual for number, usual in found.items() if callable(usual)}
    for number in handlers:
        signal.signal(number, handler)
    try:
        yield handlers
    finally:
        for number, usual in handlers.items():
            signal.signal(number, usual)


@contextlib.contextmanager
def kept_from_children() -> Iterator[None]:
    """Let processes and threads that are started within the block never hear of Ctrl-C.

    It goes to all processes of a terminal, but is the business of the first: the others print tracebacks.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # it would let the signal through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def prompt(pool: _Pool) -> Iterator[_Pool]:
    """A pool as a block, which does not wait for what is left to do when it ends by an exception."""
    try:
        yield pool
    except BaseException:
        processes = list((getattr(pool, "_processes", None) or {}).values())
        pool.shutdown(wait=not processes, cancel_futures=True)
        for process in processes:
            process.terminate()
        raise
    pool.shutdown()
