"""A board in an emulator that listens to a file of hours: ``long_stream.c`` with the C of a run."""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hil.boards.board import Board
from hil.link.board_lines import heard_in
from hil.link.process import ProcessLink
from hil.live.c_sources import c_sources
from train.core.installation import FIRMWARE_SOURCES
from train.core.spec import ModelSpec
from train.detection.reference_listener import Heard

_PROGRAM = Path(__file__).with_name("long_stream.c")
_COMMON = FIRMWARE_SOURCES / "boards" / "common"
_SUPPORT = (
    _COMMON / "semihosting.c",
    *(FIRMWARE_SOURCES / name for name in ("app/print.c", "protocol/crc32.c")),
)
_FLAGS = (
    "-std=c11",
    "-O2",
    "-Wall",
    "-Wextra",
    "-Wconversion",
    "-Werror",
    "-ffunction-sections",
    "-fdata-sections",
)
_TOTALS = re.compile(r"(scores|end|error) (\d+) (\d+)")


@dataclass(frozen=True)
class Totals:
    """Inferences so far, and the CRC of all their scores."""

    inferences: int
    scores_crc: int
    is_end: bool


def build(
    board: Board, run: Path, spec: ModelSpec, sound: Path, samples: int, stride_rows: int, program: Path
) -> None:
    """The program for a board, which reads ``sound``: int16, little endian."""
    sources, target = c_sources(run, spec), board.target
    assert target is not None
    definitions = {
        "KWS_BOARD_ID": f'"{board.id}"',
        "KWS_UART_BAUD": f"{target.baud}u",
        "STREAM_PATH": f'"{sound}"',
        "STREAM_SAMPLES": f"{samples}u",
        "STREAM_STRIDE_ROWS": stride_rows,
    }
    sizes = {"FLASH": target.flash_bytes, "RAM": target.ram_bytes, "STACK": target.stack_bytes}
    folders = (
        *sources.include_folders,
        FIRMWARE_SOURCES,
        FIRMWARE_SOURCES / "hal",
        FIRMWARE_SOURCES / "app",
        _COMMON,
    )
    command = [
        *("arm-none-eabi-gcc", *board.flags, *_FLAGS),
        *(f"-D{name}={value}" for name, value in definitions.items()),
        *(f"-I{folder}" for folder in folders),
        *(_PROGRAM, *_SUPPORT, *board.sources, *sources.files),
        *("-nostartfiles", "--specs=nano.specs", f"-L{_COMMON}", f"-T{target.linker_script}"),
        *(f"-Wl,--defsym=KWS_{name}_BYTES={size}" for name, size in sizes.items()),
        *("-Wl,--gc-sections", "-o", program),
    ]
    subprocess.run(list(map(str, command)), check=True, timeout=300)


def said(link: ProcessLink, labels: tuple[str, ...]) -> Iterator[Heard | Totals]:
    """What it hears, and its totals, up to the end."""
    while True:
        line = link.read_line().decode()
        if found := heard_in(line):
            yield Heard(found.time_ms, labels.index(found.word), found.score)
        elif match := _TOTALS.fullmatch(line.rstrip("\r")):
            if match[1] == "error":
                raise RuntimeError(f"{link.name}: {line}")
            yield Totals(int(match[2]), int(match[3]), match[1] == "end")
            if match[1] == "end":
                return
