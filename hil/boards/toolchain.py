"""The toolchains: firmware/toolchains/<name>.json. A board.json names one; CMake reads the same files."""

from dataclasses import dataclass
from pathlib import Path

from train.core.errors import UserError, suggestion
from train.core.installation import FIRMWARE_SOURCES
from train.core.typed_json import read

TOOLCHAINS = FIRMWARE_SOURCES / "toolchains"
DEFAULT = "arm-none-eabi"


@dataclass(frozen=True)
class Toolchain:
    """What compiles for a core and looks into the result.

    Attributes:
        prefix: before the name of each tool.
        machine_code: what it makes, as ``hil.boards.stack`` knows it.
        flags: to compile and link with, besides those of the board.
        specs: GCC's file for the C library.
        qemu: the emulator of its machines, and the Debian package of it.
    """

    name: str
    prefix: str
    machine_code: str
    flags: tuple[str, ...]
    specs: str
    probe: Path
    qemu: str
    qemu_package: str

    def tool(self, name: str) -> str:
        """The program of a tool, such as gcc or objdump."""
        return f"{self.prefix}{name}"


def load_toolchain(name: str, where: str) -> Toolchain:
    """One of them.

    Args:
        where: the file that names it.
    Raises:
        UserError: there is none of that name.
    """
    known = tuple(sorted(path.stem for path in TOOLCHAINS.glob("*.json")))
    if name not in known:
        raise UserError(f"{where}: toolchain {name!r} is not known; {suggestion(name, known)}")
    content = read(TOOLCHAINS / f"{name}.json")
    assert isinstance(content, dict), name
    return Toolchain(
        name=name,
        prefix=content["prefix"],
        machine_code=content["machine_code"],
        flags=tuple(content["flags"]),
        specs=content["specs"],
        probe=FIRMWARE_SOURCES / content["probe"],
        qemu=content["qemu"],
        qemu_package=content["qemu_package"],
    )
