"""The device under test: its firmware, the way to its line, and the check that it is the right one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hil.boards.board import Board
from hil.boards.build import PROOF, EngineChoice, Firmware, build, build_id
from hil.link.link import Link
from hil.link.patience import PATIENCE, Patience
from hil.link.process import ProcessLink
from hil.protocol.connection import FirmwareError
from hil.protocol.faster_line import MOST_BAUD
from hil.protocol.faulty_link import FaultSource, FaultyLink
from hil.protocol.messages import Info
from hil.protocol.session import Session
from hil.provenance import EMULATED, HOST, MEASURED
from train.core import runfolder
from train.core.errors import UserError
from train.core.spec import ModelSpec

SERIAL, SEMIHOSTING = FEEDS = ("serial", "semihosting")


@dataclass(frozen=True)
class DUT:
    """What is tested, and how.

    Attributes:
        build_id: of the firmware that should be running.
        label: of hil/provenance.py.
        feed: serial or semihosting.
        open_link: opens the line, or starts the emulator.
        faults: None on a line that is left alone.
        firmware: what was built for it; None where it was there already.
        patience: with its line.
        most_baud: that host and board may agree on.
    """

    board: str
    engine: str
    build_id: str
    label: str
    feed: str
    open_link: Callable[[], Link]
    faults: FaultSource | None = None
    firmware: Firmware | None = None
    patience: Patience = PATIENCE
    most_baud: int = MOST_BAUD


def choose_feed(board: Board, asked: str | None, port: str | None, has_faults: bool) -> str:
    """How clips get to the board.

    Raises:
        UserError: it cannot get them in the way asked for.
    """
    can_read_files = board.emulator is not None and board.emulator.reads_files and port is None
    if asked == SEMIHOSTING and not can_read_files:
        raise UserError(
            "--feed semihosting needs an emulator that this command starts: a board of kind qemu, no --port"
        )
    return asked or (SEMIHOSTING if can_read_files and not has_faults else SERIAL)


def make_dut(
    board: Board,
    run: Path,
    engine: EngineChoice,
    *,
    feed: str,
    port: str | None = None,
    baud: int | None = None,
    faults: FaultSource | None = None,
    is_built: bool = False,
    emulator_options: Sequence[str] = (),
    patience: Patience = PATIENCE,
    most_baud: int = MOST_BAUD,
) -> DUT:
    """Build the firmware `proof` of a run folder, unless it is built, and find the way to its line.

    Args:
        feed: one of FEEDS.
        port: of a real board; None: an emulator or this computer.
        baud: of the port, at first; None: that of board.json.
        most_baud: see ``FasterLine``.
        is_built: take the program in the run folder as it is.
    Raises:
        UserError: it cannot be built, or the arguments contradict each other.
    """
    if baud and not port:
        raise UserError("--baud is of no use without --port")
    if not port:
        board.require_emulator()
    firmware = None if is_built else build(board, run, engine, program=PROOF)
    program = run / runfolder.FIRMWARE / board.id / PROOF
    rate = baud or (board.target.baud if board.target else None)
    if port and rate is None:
        raise UserError(f"board {board.id} is this computer and has no port; leave out --port")

    def open_link() -> Link:
        link: Link
        if port:
            assert rate is not None
            link = open_port(port, rate)
        else:
            link = ProcessLink(board.command(program, feed == SEMIHOSTING, emulator_options))
        return FaultyLink(link, faults) if faults else link

    return DUT(
        board=board.id,
        engine=engine.name,
        build_id=build_id(board, run),
        label=label_of(board, port),
        feed=feed,
        open_link=open_link,
        faults=faults,
        firmware=firmware,
        patience=patience,
        most_baud=most_baud,
    )


def label_of(board: Board, port: str | None) -> str:
    """Say what a result is worth. A socket counts as the emulator's where the board has an emulator."""
    is_emulated = board.emulator is not None and (port is None or port.startswith("socket://"))
    if board.target is None:
        return HOST
    return EMULATED if is_emulated else MEASURED


def open_port(port: str, baud: int) -> Link:
    try:
        from hil.link.serial_link import SerialLink
    except ImportError as error:
        raise UserError(
            f"--port needs the package pyserial, which cannot be imported ({error}); install it with: "
            "pip install 'earshot-kws[hil]'"
        ) from error
    return SerialLink(port, baud)


def connect(dut: DUT, spec: ModelSpec) -> Session:
    """Open a session with the firmware to be tested, and with no other.

    Raises:
        LinkError: nobody answers.
        FirmwareError: something else is running.
    """
    return Session(
        dut.open_link, lambda *found: check_firmware(dut, spec, *found), dut.patience, dut.most_baud
    )


def check_firmware(dut: DUT, spec: ModelSpec, info: Info, labels: tuple[str, ...]) -> None:
    """Refuse firmware that is not the one to be tested.

    Raises:
        FirmwareError: with the first thing that differs.
    """
    flash, front_end = "flash the firmware of this run folder", spec.front_end
    expected = (
        ("board", info.board_id, dut.board, "another board is there, or its firmware is for another"),
        ("model", info.model_sha256, spec.artefacts[runfolder.TFLITE], flash),
        ("front end", info.front_end_sha256, spec.front_end.sha256, flash),
        ("input", _input(info.row_count, info.bin_count), _input(front_end.frames, front_end.bins), flash),
        ("labels", ",".join(labels), ",".join(spec.labels), flash),
        ("engine", info.engine, dut.engine, "build and flash it with this --engine"),
        ("build id", info.build_id, dut.build_id, "another build is running: flash it again"),
    )
    for what, found, wanted, remedy in expected:
        if found != wanted:
            raise FirmwareError(f"{dut.board}: the {what} is {found}, expected {wanted}; {remedy}")


def _input(rows: int, bins: int) -> str:
    return f"{rows} rows of {bins} features"
