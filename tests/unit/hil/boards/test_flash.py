"""hil flash: the commands, with fake tools on the PATH. No board."""

import json
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fake_flash import PARTS, Usb, elf, write_hex

from hil.boards import flash as flash_module
from hil.boards import ports as ports_module
from hil.boards.board import BOARDS, FlashTool, load_board
from hil.boards.flash import (
    FlashError,
    bootloader_port,
    connected_board,
    flash_commands,
    flash_tool,
    needs_port,
    own_port,
    run_commands,
)
from hil.boards.flash_tools import FLASHERS
from hil.boards.image import Image, read_image, to_uf2
from train.core.errors import UserError

FLAT = b"vectors" + b"\xff" * 9 + b"initial values of variables"
VALUES = {
    "pyocd": {"target": "stm32f412xg"},
    "openocd": {"config": "board/stm32f4discovery.cfg"},
    "dfu-util": {"device": "0483:df11"},
    "esptool": {"chip": "esp32c3", "offset": "0x10000"},
    "picotool": {},
    "uf2": {"family": "0xe48bff56", "volume": "RPI-RP2"},
    "bossac": {"offset": "0x2000"},
    "bossac-arduino": {},
    "hex": {"volume": "RPI-RP2"},
}
# What a user would type, in the folder of the firmware.
TYPED = {
    "pyocd": ["pyocd flash --no-wait --target stm32f412xg --format elf proof"],
    "openocd": ["openocd --file board/stm32f4discovery.cfg --command program|{proof}|verify|reset|exit"],
    "dfu-util": ["dfu-util --device 0483:df11 --alt 0 --dfuse-address 0x08000000:leave --download proof.bin"],
    "esptool": [
        "esptool --chip esp32c3 elf2image --output proof.image proof",
        "esptool --chip esp32c3 --port /dev/ttyACM7 write-flash 0x10000 proof.image",
    ],
    "picotool": ["picotool load -v -x proof -t elf"],
    "uf2": ["cp proof.uf2 RPI-RP2"],
    "bossac": [
        "bossac --port=/dev/ttyACM7 --erase --write --verify --boot=1 --offset=0x2000 --reset proof.bin"
    ],
    "bossac-arduino": ["bossac --port=/dev/ttyACM7 -U --info --erase --write proof.bin --reset"],
    "hex": [
        "arm-none-eabi-objcopy --output-target=ihex proof proof.hex",
        "cp proof.hex RPI-RP2",
    ],
}


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "proof"
    path.write_bytes(elf(PARTS))
    return path


@pytest.fixture
def volume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The drive of a board in its bootloader."""
    monkeypatch.setattr(flash_module, "_MOUNTS", (str(tmp_path),))
    folder = tmp_path / "RPI-RP2"
    folder.mkdir()
    return folder


@pytest.fixture
def fake_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """``fake_tool(name, exit_code=0)``: a program that writes its arguments to the file returned (JSON)."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def make(name: str, exit_code: int = 0) -> Path:
        record = tmp_path / f"{name}.json"
        script = (
            f"#!{sys.executable}\nimport json, sys\n"
            f"open({str(record)!r}, 'a').write(json.dumps(sys.argv[1:]) + '\\n')\nsys.exit({exit_code})\n"
        )
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)
        return record

    return make


@pytest.mark.parametrize("name", FLASHERS)
def test_commands_are_those_a_user_would_type(name: str, program: Path, volume: Path) -> None:
    tool = FlashTool(name, VALUES[name])
    commands = flash_commands(tool, program, "/dev/ttyACM7")
    folder = f"{program.parent}/"
    found = [" ".join(word.replace(folder, "").replace(" ", "|") for word in command) for command in commands]
    assert found == TYPED[name]
    assert needs_port(tool) == ("ttyACM7" in " ".join(found))


@pytest.mark.parametrize("name", sorted(set(FLASHERS) - {"uf2", "hex"}))
def test_tools_are_run_with_exactly_that(name: str, program: Path, fake_tool: Callable[..., Path]) -> None:
    tool = FlashTool(name, VALUES[name])
    commands = flash_commands(tool, program, "/dev/ttyACM7")
    record = fake_tool(commands[0][0])
    run_commands(tool, commands)
    assert [json.loads(line) for line in record.read_text().splitlines()] == [c[1:] for c in commands]


def test_hex_is_made_and_copied_to_the_drive(
    program: Path, volume: Path, fake_tool: Callable[..., Path], tmp_path: Path
) -> None:
    write_hex(tmp_path / "bin" / "arm-none-eabi-objcopy")
    tool = FlashTool("hex", {"volume": "RPI-RP2"})
    run_commands(tool, flash_commands(tool, program, None))
    assert (volume / "proof.hex").read_text() == ":00000001FF\n"


@pytest.fixture
def usb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Usb:
    return Usb(monkeypatch, tmp_path / "media")


@pytest.mark.parametrize(
    ("ids", "drives", "board_id"),
    [
        (["0403:6001", "0d28:0204"], [], "microbit-v2"),
        ([], ["MICROBIT"], "microbit-v2"),
        (["2341:005a"], [], "nano33ble"),
        (["2341:805a"], [], "nano33ble"),
        (["0403:6001", "1209:0001"], [], "pico"),
        (["1209:0002"], [], "pico-pdm"),
    ],
)
def test_the_board_that_is_connected_is_found(
    usb: Usb, ids: list[str], drives: list[str], board_id: str
) -> None:
    usb.ids = ids
    for drive in drives:
        (usb.mounts / drive).mkdir()
    assert connected_board().id == board_id


def test_without_a_board_the_buttons_are_told_and_with_two_their_names(usb: Usb) -> None:
    with pytest.raises(
        UserError, match=r"no board shows .* nano33ble: press RESET twice.*pico: hold BOOTSEL"
    ):
        connected_board()
    usb.ids = ["2341:005a", "0d28:0204"]
    with pytest.raises(UserError, match=r"2 boards are connected: microbit-v2, nano33ble; name one"):
        connected_board()


def test_a_drive_that_several_boards_show_is_told(usb: Usb) -> None:
    (usb.mounts / "RPI-RP2").mkdir()
    with pytest.raises(
        UserError, match=r"the drive RPI-RP2 may be pico or pico-pdm; name yours with --board"
    ):
        connected_board()


def test_a_port_that_comes_back_is_waited_for(usb: Usb, monkeypatch: pytest.MonkeyPatch) -> None:
    """A board that is flashed by a drive shows its own USB only when it runs."""
    looks = iter([[], [], ["1209:0001"], ["1209:0001"]])
    for module in (flash_module, ports_module):
        monkeypatch.setattr(
            module, "connected_ports", lambda: (setattr(usb, "ids", next(looks)), usb.ports())[1]
        )
    assert own_port(load_board("pico"), 10) == "/dev/ttyACM0"
    monkeypatch.setattr(flash_module, "connected_ports", tuple)
    monkeypatch.setattr(ports_module, "connected_ports", tuple)
    with pytest.raises(UserError, match="no port has the USB id 1209:0001 of board pico"):
        own_port(load_board("pico"), 0)


def test_a_bootloader_is_waited_for_after_the_button_was_told(
    usb: Usb, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tool = flash_tool(load_board("nano33ble"))
    looks = iter([[], [], ["2341:005a"]])
    monkeypatch.setattr(
        flash_module, "connected_ports", lambda: (setattr(usb, "ids", next(looks)), usb.ports())[1]
    )
    assert bootloader_port(tool, 10) == "/dev/ttyACM0"
    assert "press RESET twice, quickly" in capsys.readouterr().err
    usb.ids = []
    monkeypatch.setattr(flash_module, "connected_ports", usb.ports)
    with pytest.raises(UserError, match=r"no port has the USB id 2341:005a or .*: press RESET twice"):
        bootloader_port(tool, 0)


def test_a_drive_is_waited_for(usb: Usb, program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drive = usb.mounts / "RPI-RP2"
    sleeps = iter([None, None])

    def sleep(_: float) -> None:
        if next(sleeps, drive) is drive:
            drive.mkdir()

    monkeypatch.setattr(flash_module.time, "sleep", sleep)
    commands = flash_commands(flash_tool(load_board("pico")), program, None, 10)
    assert commands == [["cp", str(program.with_suffix(".uf2")), str(drive)]]


def test_flat_image(program: Path) -> None:
    assert read_image(program) == Image(0x08000000, FLAT)
    flash_commands(FlashTool("bossac", VALUES["bossac"]), program, "/dev/ttyACM7")
    assert program.with_suffix(".bin").read_bytes() == FLAT


def test_uf2_is_copied_to_the_drive(program: Path, volume: Path) -> None:
    tool = FlashTool("uf2", VALUES["uf2"])
    run_commands(tool, flash_commands(tool, program, None))
    (copy,) = volume.iterdir()
    block = copy.read_bytes()
    assert len(block) == 512
    numbers = struct.unpack_from("<8I", block)
    assert numbers == (0x0A324655, 0x9E5D5157, 0x2000, 0x08000000, 256, 0, 1, 0xE48BFF56)
    assert block[32 : 32 + len(FLAT)] == FLAT
    assert set(block[32 + len(FLAT) : 288]) == {0xFF}
    assert block[-4:] == struct.pack("<I", 0x0AB16F30)


def test_uf2_blocks_are_aligned_and_numbered() -> None:
    data = bytes(range(256)) * 3
    blocks = to_uf2(Image(0x10000080, data), 7)
    heads = [struct.unpack_from("<8I", blocks, at) for at in range(0, len(blocks), 512)]
    assert [(head[3], head[5], head[6]) for head in heads] == [
        (0x10000000 + 256 * index, index, 4) for index in range(4)
    ]
    payload = b"".join(blocks[at + 32 : at + 288] for at in range(0, len(blocks), 512))
    assert payload == b"\xff" * 128 + data + b"\xff" * 128


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cut off"),
        (b"MZ".ljust(100, b"\0"), "expected a 32-bit ELF file"),
        (elf(PARTS, kind=2), "expected a 32-bit ELF file with a program"),
        (elf(PARTS)[:-1], "cut off"),
        (elf({0: b"a", 0x20000000: b"b"}), r"spans 536,870,913 bytes"),
    ],
)
def test_files_that_are_no_firmware(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "proof").write_bytes(content)
    with pytest.raises(UserError, match=message):
        read_image(tmp_path / "proof")


def test_a_missing_tool_is_named_with_its_remedy(program: Path, fake_tool: Callable[..., Path]) -> None:
    for name, remedy in (("picotool", "Pico SDK"), ("bossac", "apt-get install bossa-cli")):
        tool = FlashTool(name, VALUES[name])
        with pytest.raises(UserError, match=rf"^{name}: not found; install it: .*{remedy}") as caught:
            run_commands(tool, flash_commands(tool, program, "/dev/ttyACM7"))
        assert caught.value.exit_code == 2
    assert "earshot-kws[hil-pyocd]" in FLASHERS["pyocd"].install


def test_a_tool_that_fails_ends_the_work(program: Path, fake_tool: Callable[..., Path]) -> None:
    tool = FlashTool("esptool", VALUES["esptool"])
    record = fake_tool("esptool", exit_code=3)
    with pytest.raises(FlashError, match="esptool ended with 3") as caught:
        run_commands(tool, flash_commands(tool, program, "/dev/ttyACM7"))
    assert caught.value.exit_code == 4
    assert len(record.read_text().splitlines()) == 1  # the second command was not tried


def test_a_drive_that_is_not_there(program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flash_module, "_MOUNTS", (str(tmp_path),))
    with pytest.raises(UserError, match="no drive RPI-RP2: put the board into its bootloader"):
        flash_commands(FlashTool("uf2", VALUES["uf2"]), program, None)
    pico = load_board("pico").flash
    assert pico is not None
    with pytest.raises(UserError, match=r"no drive RPI-RP2: hold BOOTSEL while you plug the Pico in, until "):
        flash_commands(pico, program, None)


def test_a_tool_that_fails_names_the_button(fake_tool: Callable[..., Path]) -> None:
    fake_tool("picotool", exit_code=2)
    tool = FlashTool("picotool", {}, "hold BOOTSEL")
    with pytest.raises(FlashError, match=r"picotool ended with 2.* connected\? First, hold BOOTSEL\.$"):
        run_commands(tool, [["picotool", "load"]])


@pytest.mark.parametrize(("board_id", "why"), [("host", "is this computer"), ("mps2-an386", "is emulated")])
def test_nothing_to_flash(board_id: str, why: str) -> None:
    with pytest.raises(UserError, match=rf"board {board_id} {why}: there is nothing to flash") as caught:
        flash_tool(load_board(board_id))
    assert caught.value.exit_code == 2


def test_netduinoplus2_is_flashed_by_its_bootloader(program: Path) -> None:
    assert flash_commands(flash_tool(load_board("netduinoplus2")), program, None)[0][0] == "dfu-util"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            {"flash": {"tool": "jtag"}},
            r'flash.tool is "jtag", expected one of: bossac, bossac-arduino, dfu-util',
        ),
        ({"flash": {}}, r"flash.tool is null, expected one of"),
        ({"flash": {"tool": ["pyocd"]}}, r'flash.tool is \["pyocd"\], expected one of'),
        ({"flash": "pyocd"}, r'flash is "pyocd", expected an object'),
        ({"flash": {"tool": "pyocd"}}, r"flash.target is missing"),
        (
            {"flash": {"tool": "pyocd", "target": "a", "chip": "b"}},
            r"flash.chip is not known, expected only button, target, tool, usb",
        ),
        (
            {"flash": {"tool": "uf2", "volume": "X", "family": "rp2040"}},
            r'flash.family is "rp2040", expected',
        ),
        (
            {"flash": {"tool": "bossac-arduino", "usb": ["2341-005a"]}},
            r'flash.usb is "2341-005a", expected vendor and product, as 2341:005a',
        ),
        ({"usb": {"vid": "2e8a", "pid": "000a"}}, r'usb is {"vid": "2e8a", "pid": "000a"}, expected a text'),
        ({"usb": "0x2e8a:000a"}, r'usb is "0x2e8a:000a", expected vendor and product, as 2341:005a'),
    ],
)
def test_mistakes_in_board_json(tmp_path: Path, entry: dict[str, object], message: str) -> None:
    content = json.loads((BOARDS / "mps3-an547" / "board.json").read_text())
    content |= {"id": "toy", "sources": [], "linker_script": "memory.ld"} | entry
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "memory.ld").touch()
    (tmp_path / "toy" / "board.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match=message):
        load_board("toy", tmp_path)
