"""The emulators that run a board on this computer, as ``run`` in its board.json names them."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hil.boards.image import read_image
from hil.boards.toolchain import Toolchain
from train.core import runfolder
from train.core.errors import UserError
from train.core.installation import cache_root


@dataclass(frozen=True)
class Qemu:
    """QEMU with one of its machines.

    Attributes:
        program: on the PATH; ``package`` is Debian's that has it.
        reads_files: whether firmware can read files of this computer, by semihosting.
        microphone: of the board, as the emulator plays to it; "" where it does not.
    """

    program: str
    package: str
    machine: str
    machine_options: tuple[str, ...]
    reads_files: bool = True
    microphone: str = ""

    @classmethod
    def of(cls, toolchain: Toolchain, machine: str, options: Sequence[str]) -> "Qemu":
        """The one for what a toolchain makes."""
        return cls(toolchain.qemu, toolchain.qemu_package, machine, tuple(options))

    def command(
        self, firmware: Path, *, semihosting: bool, audio: Path | None, options: Sequence[str]
    ) -> list[str]:
        """How to start a firmware, its serial line on standard input and output.

        Args:
            firmware: the ELF file.
            semihosting: let it read files.
            audio: what the microphone is given, a file of its own kind.
            options: more of them.
        """
        command = [self.program, "-machine", self.machine, *self.machine_options, "-kernel", str(firmware)]
        if semihosting:
            command += ["-semihosting-config", "enable=on,target=native"]
        return [*command, "-display", "none", "-monitor", "none", "-serial", "stdio", *options]

    def require(self) -> None:
        """Refuse where it is not installed.

        Raises:
            UserError: with how to install it.
        """
        if shutil.which(self.program) is None:
            raise UserError(
                f"{self.program}: not found; install it, on Debian or Ubuntu: "
                f"sudo apt-get install {self.package}"
            )


ANALOG, PDM = "analog", "pdm"  # microphones that an emulator plays to
UART, USB = "uart", "usb"  # lines of a board that an emulator has on standard input and output

_RP2040JS = "rp2040js@1.4.1"
_RP2040JS_SCRIPT = Path(__file__).with_name("rp2040") / "rp2040.mjs"
_PACKAGES = "node"  # in the cache: what npm installs


@dataclass(frozen=True)
class Rp2040js:
    """rp2040js of npm, which the script beside this file starts from reset with an image of the flash.

    Attributes:
        microphone: ANALOG, 12 bits a sample by the ADC, or PDM, bits on a pin.
        line: UART, or USB, by which a host on this computer's side talks to it.
    """

    microphone: str = ANALOG
    line: str = UART
    program: str = "node"
    reads_files: bool = False

    def command(
        self, firmware: Path, *, semihosting: bool, audio: Path | None, options: Sequence[str]
    ) -> list[str]:
        """See ``Qemu.command``, whose options this knows none of.

        Figures about the run are in ``figures_of(audio)`` when it has ended.
        """
        image = firmware.with_suffix(".flash")
        runfolder.write_bytes(image, read_image(firmware).data)
        own = [*(["--pdm"] if self.microphone == PDM else []), *(["--usb"] if self.line == USB else [])]
        command = [self.program, str(_RP2040JS_SCRIPT), *own, str(_rp2040js()), str(image)]
        return [*command, str(audio), str(figures_of(audio))] if audio else command

    def require(self) -> None:
        """See ``Qemu.require``."""
        if shutil.which(self.program) is None:
            raise UserError(
                "node: not found; install it, on Debian or Ubuntu: sudo apt-get install nodejs npm"
            )
        if not (_rp2040js() / "package.json").is_file():
            raise UserError(
                f"{_rp2040js()}: the emulator rp2040js is not there; install it: "
                f"npm install --prefix {cache_root() / _PACKAGES} {_RP2040JS}"
            )


Emulator = Qemu | Rp2040js


def figures_of(audio: Path) -> Path:
    """Where an emulator writes what it counted while a microphone heard ``audio``."""
    return audio.with_suffix(".json")


def _rp2040js() -> Path:
    return cache_root() / _PACKAGES / "node_modules" / "rp2040js"
