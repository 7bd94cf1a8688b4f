"""Every board boots, tells its name, and brings back every byte, by firmware/app/selftest.c."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from generated_sources import write_manifest
from places import ROOT
from sweeping import sweep

from hil.boards.board import QEMU, board_ids, load_board
from hil.link.process import ProcessLink

CRASH = 0xFFFFFFFF
DEAF = 0xFFFFFFFE
DEAF_BYTES = 4096  # what the receive ring keeps
ALL = [board_id for board_id in board_ids() if load_board(board_id).run_kind == QEMU]
# This one shares UART and emulator with netduinoplus2.
EMULATED = sweep(ALL, *(board_id for board_id in ALL if board_id != "stm32f4discovery"))
RUNNABLE = [*EMULATED, "host"]
# What a board says of an undefined instruction: UNDEFINSTR, bit 16 of the configurable fault status, which
# Armv6-M has not; on RISC-V a trap is a breakpoint.
FAULTS = {"microbit": "", "rv32": " cause=00000003"}
UNDEFINED_INSTRUCTION = " cfsr=00010000"

pytestmark = pytest.mark.emulator

Boot = Callable[[str], ProcessLink]
CMake = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def boot(start: Callable[[str, str], ProcessLink]) -> Boot:
    """``boot(board_id)``: the self-test, past the banner."""

    def past_banner(board_id: str) -> ProcessLink:
        link = start(board_id, "selftest")
        assert link.read_line().decode() == f"earshot {board_id} ready"
        return link

    return past_banner


def random_bytes(count: int, seed: int = 0) -> bytes:
    return np.random.default_rng(seed).bytes(count)


def transfer(length: int, data: bytes) -> bytes:
    return length.to_bytes(4, "little") + data


def counts(line: bytes) -> dict[str, int]:
    """``echoed 4000 lost 0 …`` as a dictionary."""
    words = line.decode().split()
    return {name: int(value) for name, value in zip(words[::2], words[1::2], strict=True)}


@pytest.mark.parametrize("board_id", RUNNABLE)
def test_echoes_every_byte(boot: Boot, board_id: str) -> None:
    link = boot(board_id)
    for length, seed in ((4000, 1), (0, 2), (1, 3), (10_000, 4)):  # the last is longer than every ring
        data = random_bytes(length, seed)
        link.send(transfer(length, data))
        assert link.read(length) == data
        found = counts(link.read_line())
        assert found["echoed"] == length
        assert found["lost"] == 0


@pytest.mark.parametrize("board_id", EMULATED)
def test_sleeps_while_it_waits(boot: Boot, board_id: str) -> None:
    """A core that polls takes a whole second of this computer per second; one in WFI, a few hundredths."""
    link = boot(board_id)
    stat = Path(f"/proc/{link.process.pid}/stat")
    if not stat.is_file():
        pytest.skip("this system has no /proc to read processor time from")

    def processor_s() -> float:
        fields = stat.read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    start_s = processor_s()
    time.sleep(1)
    assert processor_s() - start_s < 0.3


@pytest.mark.parametrize("board_id", EMULATED)
def test_clock_counts_milliseconds(boot: Boot, board_id: str) -> None:
    """The emulator keeps this computer's time, but loses ticks while others have the processor.

    So the stretches are short and many: one that nobody disturbs is enough.
    """
    link = boot(board_id)
    ratios = []
    for _ in range(100):
        link.send(transfer(2, b"a"))
        assert link.read(1) == b"a"
        start_s = time.monotonic()
        time.sleep(0.1)
        link.send(b"b")
        assert link.read(1) == b"b"
        elapsed_s = time.monotonic() - start_s
        ratios.append(counts(link.read_line())["ms"] / 1000 / elapsed_s)
        if 0.95 < ratios[-1] < 1.05:
            return
    pytest.fail(f"milliseconds of the board in one of this computer: {ratios}")


@pytest.mark.parametrize("board_id", EMULATED)
def test_counts_what_it_loses(boot: Boot, board_id: str) -> None:
    link = boot(board_id)
    data = random_bytes(DEAF_BYTES + 500)
    link.send(transfer(DEAF, data))
    assert link.read(DEAF_BYTES) == data[:DEAF_BYTES]
    assert 1 <= counts(link.read_line())["lost"] <= 500


@pytest.mark.parametrize("board_id", EMULATED)
def test_reports_a_fault(boot: Boot, board_id: str) -> None:
    link = boot(board_id)
    link.send(transfer(CRASH, b""))
    assert link.read_line() == b"\0"  # the end of whatever frame was on the line
    report = link.read_line().decode()
    assert re.fullmatch(
        rf"earshot fault pc=[0-9a-f]{{8}}{FAULTS.get(board_id, UNDEFINED_INSTRUCTION)}", report
    )


@pytest.fixture
def firmware_copy(tmp_path: Path) -> Path:
    """A tree of its own, to spoil."""
    shutil.copytree(ROOT / "firmware", tmp_path / "firmware")
    shutil.copy(ROOT / "CMakeLists.txt", tmp_path)
    return tmp_path


def change_board(tree: Path, board_id: str, **changes: object) -> None:
    path = tree / "firmware" / "boards" / board_id / "board.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def plain(text: str) -> str:
    """CMake breaks its messages into lines; here they are whole again."""
    return " ".join(text.split())


def test_board_without_the_ram_is_refused(cmake: CMake, firmware_copy: Path) -> None:
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not on the PATH")
    change_board(firmware_copy, "netduinoplus2", ram_bytes=8192)
    assert cmake("-S", firmware_copy, "-B", firmware_copy / "b", "-DBOARD=netduinoplus2").returncode == 0
    result = cmake("--build", firmware_copy / "b")
    assert result.returncode != 0
    assert re.search(r"region `RAM' overflowed by \d+ bytes", result.stdout + result.stderr)


def test_constructor_before_main_is_refused(cmake: CMake, firmware_copy: Path) -> None:
    """Start-up calls none, so an object that needs one would be used as it lies in memory."""
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not on the PATH")
    with (firmware_copy / "firmware" / "app" / "selftest.c").open("a") as source:
        source.write("__attribute__((constructor)) static void construct(void) { zeroed = 1; }\n")
    assert cmake("-S", firmware_copy, "-B", firmware_copy / "b", "-DBOARD=mps2-an385").returncode == 0
    result = cmake("--build", firmware_copy / "b")
    assert result.returncode != 0
    assert "a static C++ object has a constructor" in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "no board chosen; say -DBOARD=<board>, one of: host, microbit-v2, microbit, mps2-an385"),
        (["-DBOARD=mps2"], "board 'mps2' is not known; known: host, microbit-v2, microbit, mps2-an385"),
    ],
)
def test_cmake_names_the_boards(cmake: CMake, tmp_path: Path, arguments: list[str], message: str) -> None:
    result = cmake("-S", ROOT, "-B", tmp_path, *arguments)
    assert result.returncode != 0
    assert message in plain(result.stderr)


def test_cmake_refuses_the_folder_of_another_board(cmake: CMake, tmp_path: Path) -> None:
    """It would go on with the compiler of the first."""
    assert cmake("-S", ROOT, "-B", tmp_path, "-DBOARD=host").returncode == 0
    result = cmake("-S", ROOT, "-B", tmp_path, "-DBOARD=mps2-an385")
    assert result.returncode != 0
    assert "is of board host, found -DBOARD=mps2-an385; name another folder with -B" in plain(result.stderr)
    assert cmake("-S", ROOT, "-B", tmp_path, "-DBOARD=host").returncode == 0


def test_cmake_names_the_missing_field(cmake: CMake, firmware_copy: Path) -> None:
    path = firmware_copy / "firmware" / "boards" / "host" / "board.json"
    path.write_text('{"id": "host", "cpu": "host"}')
    result = cmake("-S", firmware_copy, "-B", firmware_copy / "b", "-DBOARD=host")
    assert result.returncode != 0
    assert "board.json: member 'flags' not found; docs/ADD_A_BOARD.md" in plain(result.stderr)


@pytest.mark.parametrize(
    "name",
    [
        *("engine.c", "engine.h", "micro_model_settings.h", "model_id.h", "audio_tests.cc", "audio_tests.h"),
        *("feature_tests.cc", "feature_tests.h", "frontend_tables.c", "frontend_tables.h"),
    ],
)
def test_cmake_names_the_missing_source(cmake: CMake, run_folder: Path, tmp_path: Path, name: str) -> None:
    """Before a compiler does."""
    sources = shutil.copytree(run_folder / "c", tmp_path / "run" / "c")
    (sources / name).unlink()
    result = cmake("-S", ROOT, "-B", tmp_path / "b", "-DBOARD=host", f"-DMODEL={sources}")
    assert result.returncode != 0
    remedy = f"make it with: earshot codegen {tmp_path / 'run'}"
    assert f"{sources} has no {name}; {remedy}" in plain(result.stderr)


def test_cmake_names_the_missing_source_of_a_model_alone(
    cmake: CMake, run_folder: Path, tmp_path: Path
) -> None:
    sources = tmp_path / "model"
    sources.mkdir()
    for name in ("engine.c", "engine.h", "frontend_tables.c", "frontend_tables.h"):
        shutil.copy(run_folder / "c" / name, sources)
    write_manifest(sources)
    (sources / "frontend_tables.h").unlink()
    result = cmake("-S", ROOT, "-B", tmp_path / "b", "-DBOARD=host", f"-DMODEL={sources}")
    assert result.returncode != 0
    remedy = "expected the folder c of a run folder, such as out/yes_no/c"
    assert f"{sources} has no frontend_tables.h; {remedy}" in plain(result.stderr)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, " has no manifest.json; make it with: earshot codegen "),
        ("", "manifest.json: format version NOTFOUND, expected 1; make it with: earshot codegen "),
        ('{"format_version": 2}', "manifest.json: format version 2, expected 1; make it with"),
        ('{"format_version": 1}', "manifest.json: member 'files' not found; make it with"),
    ],
    ids=["none", "empty", "version", "files"],
)
def test_cmake_needs_the_manifest(
    cmake: CMake, run_folder: Path, tmp_path: Path, content: str | None, message: str
) -> None:
    sources = shutil.copytree(run_folder / "c", tmp_path / "run" / "c")
    (sources / "manifest.json").unlink()
    if content is not None:
        (sources / "manifest.json").write_text(content)
    result = cmake("-S", ROOT, "-B", tmp_path / "b", "-DBOARD=host", f"-DMODEL={sources}")
    assert result.returncode != 0
    assert message in plain(result.stderr)


def test_cmake_names_the_missing_compiler(cmake: CMake, tmp_path: Path) -> None:
    result = cmake("-S", ROOT, "-B", tmp_path, "-DBOARD=mps2-an385", env={"PATH": str(tmp_path)})
    assert result.returncode != 0
    assert "sudo apt-get install gcc-arm-none-eabi" in plain(result.stderr)
    assert result.stderr.count("CMake Error") == 1
