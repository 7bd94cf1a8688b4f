"""The Raspberry Pi Pico in rp2040js: from reset, with the image that would be flashed, to a word heard."""

import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from emulator.conftest import boot_crc, first, heard, require_tools
from emulator.proof_lines import check_all_right
from invoke import invoke
from sweeping import sweep

from hil.boards import flash as flash_module
from hil.boards import ports as ports_module
from hil.boards.board import load_board
from hil.boards.build import PROOF, EngineChoice, Firmware, build_id
from hil.boards.image import read_image, to_uf2
from hil.boards.microphones.emulated import EmulatedMicrophone, Played, play
from hil.boards.ports import Port
from hil.commands import flash as flash_command
from hil.link.link import LinkError
from hil.link.patience import Patience
from hil.link.process import ProcessLink
from hil.proof.dut import DUT
from hil.proof.expected_clips import ClipSet
from hil.proof.microphone_check import listen_by_microphone, microphone_dut
from hil.proof.proof import prove
from hil.proof.stream_check import Listening
from hil.protocol.faulty_link import Faults
from train.audio import wav
from train.core import runfolder
from train.core.operating_point import INFERENCE_STRIDE_ROWS
from train.core.results.boards import StreamResult
from train.detection.labelled_stream import Stream, Word

PICO, PDM = "pico", "pico-pdm"
BOOT_BYTES = 256

pytestmark = [pytest.mark.emulator, pytest.mark.usefixtures("needs_emulator")]


@pytest.fixture(scope="module")
def needs_emulator() -> None:
    require_tools(load_board(PICO))


def test_the_image_is_what_the_boot_rom_takes(firmware: Callable[..., Path]) -> None:
    image = read_image(firmware(PICO, "selftest"))
    assert image.address == 0x10000000
    stage, program = image.data[:BOOT_BYTES], image.data[BOOT_BYTES:]
    assert int.from_bytes(stage[-4:], "little") == boot_crc(stage[:-4])
    source, start, end, _ = struct.unpack_from("<4I", program)
    assert source == 0x10000100 + 16
    assert start % 256 == 0, "VTOR has no lower bits"
    assert 0 < end - start <= len(program) - 16
    stack_top, reset = struct.unpack_from("<2I", program, 16)
    assert stack_top == start
    assert start < reset < end
    assert reset % 2 == 1, "Thumb"
    first = struct.unpack_from("<8I", to_uf2(image, 0xE48BFF56))
    assert (first[3], first[7]) == (0x10000000, 0xE48BFF56)


@pytest.mark.parametrize("board_id", [PICO, PDM])
def test_boots_from_reset_and_echoes(start: Callable[..., ProcessLink], board_id: str) -> None:
    """Over UART, and over USB, whose host configures the board first."""
    link = start(board_id, "selftest")
    assert link.read_line().decode() == f"earshot {board_id} ready"
    data = np.random.default_rng(1).bytes(6000)  # longer than every ring
    link.send(len(data).to_bytes(4, "little") + data)
    assert link.read(len(data)) == data
    assert b" lost 0 " in link.read_line()


@pytest.mark.parametrize("board_id", sweep([PICO, PDM], PDM))
def test_proves_clips_over_uart_and_over_usb(
    dut: Callable[..., DUT], clip_set: ClipSet, own_run: Path, board_id: str
) -> None:
    few = first(clip_set, 3)
    result = prove(dut(board_id, "serial"), few, own_run, False)
    check_all_right(result, few)
    assert (result.label, result.features_differing, result.scores_differing) == ("emulated", 0, 0)
    assert result.link.crc_errors == 0


def test_comes_back_to_the_usb_after_a_reset(
    dut: Callable[..., DUT], clip_set: ClipSet, own_run: Path
) -> None:
    """The host finds it anew, and goes on."""
    few = first(clip_set, 3)
    result = prove(dut(PDM, "serial", Faults(restart=1 / 150)), few, own_run, False)
    check_all_right(result, few)
    assert result.link.restarts >= 1


def test_flash_copies_the_uf2_and_finds_the_port_that_comes_back(
    own_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The drive goes, the board's own USB comes, and what runs there says its build id."""
    board = load_board(PDM)
    drive = tmp_path / "media" / "RPI-RP2"
    drive.mkdir(parents=True)
    monkeypatch.setattr(flash_module, "_MOUNTS", (str(tmp_path / "media"),))

    def ports() -> tuple[Port, ...]:
        """Nothing, until the board has restarted with what was copied."""
        return (Port("/dev/ttyACM3", "", board.usb),) if (drive / "proof.uf2").is_file() else ()

    monkeypatch.setattr(flash_module, "connected_ports", ports)
    monkeypatch.setattr(ports_module, "connected_ports", ports)
    program = own_run / runfolder.FIRMWARE / PDM / PROOF
    monkeypatch.setattr(flash_command, "open_port", lambda *_: ProcessLink(board.command(program)))
    invoke(flash_command, ["--board", PDM, own_run])
    assert f"pico-pdm on /dev/ttyACM3 runs build {build_id(board, own_run)}" in capsys.readouterr().out
    assert (drive / "proof.uf2").read_bytes() == to_uf2(read_image(program), 0xE48BFF56)


def test_options_of_another_emulator_are_left_out(firmware: Callable[..., Path]) -> None:
    """`earshot bench` has some for QEMU."""
    program = firmware(PICO, "selftest")
    plain = load_board(PICO).command(program)
    assert load_board(PICO).command(program, emulator_options=("-icount", "shift=3")) == plain


def test_a_wrong_crc_does_not_boot(firmware: Callable[..., Path], tmp_path: Path) -> None:
    command = load_board(PICO).command(firmware(PICO, "selftest"))
    flash = bytearray(Path(command[-1]).read_bytes())
    flash[10] ^= 1
    (tmp_path / "spoilt.flash").write_bytes(flash)
    done = subprocess.run([*command[:-1], str(tmp_path / "spoilt.flash")], capture_output=True, timeout=60)
    assert done.returncode == 1
    assert b"the CRC of the second stage is wrong" in done.stderr


def test_an_emulator_that_fails_is_told(firmware: Callable[..., Path], tmp_path: Path) -> None:
    flash = tmp_path / "cut"
    flash.write_bytes(firmware(PICO, "selftest").read_bytes())
    microphone = EmulatedMicrophone(
        load_board(PICO), flash, Played(np.zeros(160, np.int16), bytes(320)), Patience(20)
    )
    microphone._command[3] = str(tmp_path / "nothing")
    with pytest.raises(LinkError, match="ended with 1 before the audio was over"):
        list(microphone.lines())


def test_hears_a_word_by_bits_on_a_pin(firmware: Callable[..., Path], run_folder: Path) -> None:
    """PDM by PIO and DMA: the scores of the twin on the same bits; the board says so over USB."""
    clip = wav.read_wav(run_folder / "clips" / "yes_0.wav", 16000)
    quiet = np.zeros(8_000, np.int16)
    played = play(load_board(PDM), np.concatenate([quiet[:3000], clip, quiet]))
    path = firmware(PDM, "earshot", run_folder / "c")
    microphone = EmulatedMicrophone(load_board(PDM), path, played, Patience(60))
    said = list(microphone.lines())
    assert said[2:] == heard(run_folder, played.heard)
    assert len(said) > 2
    assert microphone.result is not None
    assert microphone.result.overruns == 0


@pytest.mark.parametrize("board_id", sweep([PICO, PDM]))
def test_hears_by_its_microphone_what_python_hears(
    firmware: Callable[..., Path], run_folder: Path, board_id: str
) -> None:
    """Seven seconds with both words, on the same 12 bits, or on the samples that the same bits give."""
    board = load_board(board_id)
    clip = {path.stem: wav.read_wav(path, 16000) for path in (run_folder / "clips").glob("*.wav")}
    quiet = np.zeros(16_077, np.int16)
    played = play(board, np.concatenate([quiet, clip["yes_0"], quiet, clip["größe_0"], quiet]))
    microphone = EmulatedMicrophone(
        board, firmware(board_id, "earshot", run_folder / "c"), played, Patience(60)
    )
    said = list(microphone.lines())
    assert said[2:] == heard(run_folder, played.heard)
    assert len(said) > 3
    assert microphone.result is not None
    assert microphone.result.overruns == 0
    assert 0.05 < microphone.result.share_of_core < 1


@pytest.mark.parametrize("board_id", sweep([PICO]))
def test_a_stream_by_the_microphone_is_compared_and_judged(
    firmware: Callable[..., Path], run_folder: Path, tmp_path: Path, board_id: str
) -> None:
    board, run = load_board(board_id), shutil.copytree(run_folder, tmp_path / "run")
    spec = runfolder.read_spec(run)
    clip = wav.read_wav(run / "clips" / "yes_0.wav", 16000)
    quiet = np.zeros(16_000, np.int16)
    stream = Stream(np.concatenate([quiet, clip, quiet]), (Word("yes", 1000.0),))
    settings = {"time_tolerance_ms": 750.0, "inference_stride_rows": INFERENCE_STRIDE_ROWS}
    built = Firmware(firmware(board_id, "earshot", run_folder / "c"), 0, None)
    dut = microphone_dut(board, EngineChoice(), built, Patience(60))
    result, figures = listen_by_microphone(board, Listening(dut, spec, run, stream, settings))
    assert result.differences_to_host.detections == 0
    assert result.differences_to_host.compared == len(result.detections) > 0
    assert (result.label, result.matched, figures.overruns) == ("emulated", 1, 0)
    assert StreamResult.read(StreamResult.path_of(run, board_id)).settings["microphone"]["overruns"] == 0
