"""Boards that nobody emulates: what a boot ROM would find in the image, and how deep the stack may get."""

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from emulator.conftest import require_builders
from sweeping import sweep

from hil.boards.board import HARDWARE, board_ids, load_board
from hil.boards.build import EngineChoice, build
from hil.boards.image import Image, read_image, to_uf2

PICO2 = "pico2"
FLASH, RAM, RAM_BYTES = 0x10000000, 0x20000000, 520 * 1024
BLOCK_START, BLOCK_END, LAST_ITEM = 0xFFFFDED3, 0xAB123579, 0xFF
LOOKED_AT_BYTES = 4096
BOARDS = [board_id for board_id in board_ids() if load_board(board_id).run_kind == HARDWARE]

pytestmark = pytest.mark.emulator


@pytest.mark.parametrize("board_id", sweep(BOARDS, PICO2))
def test_every_program_is_built(firmware: Callable[..., Path], run_folder: Path, board_id: str) -> None:
    target = load_board(board_id).target
    assert target is not None
    for program in ("selftest", "feature_test", "earshot", "proof"):
        image = read_image(firmware(board_id, program, run_folder / "c", is_started=False))
        assert 0 < len(image.data) < target.flash_bytes


@pytest.mark.parametrize("board_id", sweep(BOARDS, PICO2))
def test_the_stack_is_bounded(own_run: Path, board_id: str) -> None:
    board = load_board(board_id)
    require_builders(board)
    usage = build(board, own_run, EngineChoice()).usage
    assert usage is not None
    assert usage.stack is not None
    assert board.target is not None
    assert 256 < usage.stack.bytes < board.target.stack_bytes


@pytest.fixture
def image(firmware: Callable[..., Path]) -> Image:
    return read_image(firmware(PICO2, "selftest", is_started=False))


def test_the_rp2350_finds_out_what_the_image_is(image: Image) -> None:
    """RP2350 Datasheet, 5.9: a block, within the first 4 kB, whose chain of blocks ends where it began."""
    assert image.address == FLASH
    words = struct.unpack(f"<{LOOKED_AT_BYTES // 4}I", image.data[:LOOKED_AT_BYTES])
    starts = [index for index, word in enumerate(words) if word == BLOCK_START]
    assert len(starts) == 1
    at, items = starts[0] + 1, {}
    while words[at] & 0xFF != LAST_ITEM:
        size = words[at] >> 8 & 0xFF
        items[words[at] & 0xFF] = words[at] >> 16
        at += size
    assert words[at] >> 8 & 0xFFFF == at - starts[0] - 1, "the last item tells how many words came before it"
    assert words[at + 1] == 0, "the only block: it is its own successor"
    assert words[at + 2] == BLOCK_END
    kind, security, core, chip = (
        items[0x42] >> shift & mask for shift, mask in ((0, 15), (4, 3), (8, 7), (12, 7))
    )
    assert (kind, security, core, chip) == (1, 2, 0, 1), "a program, Secure, Arm, RP2350"


def test_what_it_starts_copies_the_program_to_sram(image: Image) -> None:
    """Vectors at the start of flash: the stack, and an entry; the table behind it says what to copy."""
    stack_top, entry = struct.unpack_from("<2I", image.data)
    assert RAM < stack_top <= RAM + RAM_BYTES
    assert entry % 2 == 1, "Thumb"
    assert FLASH < entry < FLASH + 256
    pool = struct.unpack("<64I", image.data[:256])
    table_at = next(word for word in pool if FLASH < word < FLASH + 256 and word % 4 == 0)
    source, start, end, _ = struct.unpack_from("<4I", image.data, table_at - FLASH)
    assert source == table_at + 16
    assert start == stack_top
    assert start % 512 == 0, "VTOR has no lower bits, with so many interrupts"
    assert 0 < end - start <= len(image.data) - (source - FLASH)
    vectors = struct.unpack_from("<2I", image.data, source - FLASH)
    assert vectors[0] == stack_top
    assert start < vectors[1] < end


def test_uf2_is_of_the_family_that_its_boot_rom_takes(image: Image) -> None:
    """RP2350 Datasheet, 5.5.3: RP2350 Arm Secure."""
    tool = load_board(PICO2).flash
    assert tool is not None
    first = struct.unpack_from("<8I", to_uf2(image, int(tool.values["family"], 16)))
    assert (first[3], first[7]) == (FLASH, 0xE48BFF59)
    assert tool.values["volume"] == "RP2350"
