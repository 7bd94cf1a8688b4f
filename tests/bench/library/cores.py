"""Cores that are emulated, and compilers that make code for them."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from hil.boards.board import load_board
from train.core.errors import UserError
from train.core.installation import FIRMWARE_SOURCES

ROOT = Path(__file__).resolve().parents[3]
RV32_SOURCES = ROOT / "tests" / "c" / "rv32"
_COMMON = FIRMWARE_SOURCES / "boards" / "common"
_RV32_EMULATOR = "qemu-system-riscv32"
_ARM_GCC, _RISCV_GCC = "arm-none-eabi-gcc", "riscv64-unknown-elf-gcc"
_ICOUNT = ("-icount", "shift=3")  # as tests/bench/firmware_measure.py counts
GCC, CLANG = "gcc", "clang"


@dataclass(frozen=True)
class Core:
    """One core, and the machine that runs its code.

    Attributes:
        gcc: the program that compiles, assembles and links for it.
        flags: what makes GCC compile for it.
        clang_flags: likewise of clang.
        machine_sources: what brings up the machine, says what is printed, and counts.
        link_flags: for the program.
        emulator: the command, but for the program.
        program_flag: of the emulator, before the program.
    """

    name: str
    title: str
    gcc: str
    flags: tuple[str, ...]
    clang_flags: tuple[str, ...]
    machine_sources: tuple[Path, ...]
    machine_flags: tuple[str, ...]
    link_flags: tuple[str, ...]
    emulator: tuple[str, ...]
    program_flag: str

    def command(self, compiler: str) -> list[str]:
        """How to compile for it."""
        return [self.gcc, *self.flags] if compiler == GCC else ["clang", *self.clang_flags]

    def missing_tool(self, compiler: str) -> str | None:
        """A program that is needed and not there."""
        needed = (self.gcc, "clang" if compiler == CLANG else self.gcc, self.emulator[0])
        return next((tool for tool in needed if shutil.which(tool) is None), None)


def _arm(name: str, title: str, board_id: str, flags: tuple[str, ...], clang_target: str) -> Core:
    board = load_board(board_id)
    target = board.target
    if target is None:
        raise UserError(f"{board_id}: is no microcontroller")
    budgets = {"FLASH": target.flash_bytes, "RAM": target.ram_bytes, "STACK": target.stack_bytes}
    command = board.command(Path("program"))
    return Core(
        name=name,
        title=title,
        gcc=_ARM_GCC,
        flags=flags,
        clang_flags=(
            f"--target={clang_target}",
            *flags,
            f"-isystem{RV32_SOURCES}",
        ),  # whose string.h says enough
        machine_sources=(*board.sources, _COMMON / "probe.c", FIRMWARE_SOURCES / "app" / "print.c"),
        machine_flags=(*board.flags, f'-DKWS_BOARD_ID="{board_id}"', f"-DKWS_UART_BAUD={target.baud}u"),
        link_flags=(
            "-nostartfiles",
            "--specs=nano.specs",
            f"-L{_COMMON}",
            f"-T{target.linker_script}",
            *(f"-Wl,--defsym=KWS_{name}_BYTES={size}" for name, size in budgets.items()),
        ),
        emulator=(*(word for word in command if word not in ("-kernel", "program")), *_ICOUNT),
        program_flag="-kernel",
    )


def _rv32() -> Core:
    flags = ("-march=rv32imc", "-mabi=ilp32")
    return Core(
        name="rv32imc",
        title="RV32IMC",
        gcc=_RISCV_GCC,
        flags=(*flags, f"-isystem{RV32_SOURCES}"),
        clang_flags=("--target=riscv32-unknown-elf", *flags, f"-isystem{RV32_SOURCES}"),
        machine_sources=(RV32_SOURCES / "board.c", FIRMWARE_SOURCES / "app" / "print.c"),
        machine_flags=(
            *("-march=rv32imc_zicsr", "-mabi=ilp32", "-fno-builtin", f"-isystem{RV32_SOURCES}"),
            '-DKWS_BOARD_ID="rv32"',
        ),
        link_flags=("-nostdlib", f"-T{RV32_SOURCES / 'memory.ld'}"),
        emulator=(
            *(_RV32_EMULATOR, "-machine", "virt", "-bios", "none", "-display", "none"),
            *("-monitor", "none", "-serial", "stdio", *_ICOUNT),
        ),
        program_flag="-kernel",
    )


def cores() -> tuple[Core, ...]:
    """All of them. A Cortex-M3 runs the code of an M0+, which QEMU does not have."""
    m33 = ("-mcpu=cortex-m33", "-mthumb", "-mfloat-abi=hard")
    m4 = ("-mcpu=cortex-m4", "-mthumb", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard")
    m55 = ("-mcpu=cortex-m55", "-mthumb", "-mfloat-abi=hard")
    soft = ("-mthumb", "-mfloat-abi=soft")
    return (
        _arm("m0plus", "Cortex-M0+", "mps2-an385", ("-mcpu=cortex-m0plus", *soft), "thumbv6m-none-eabi"),
        _arm("m3", "Cortex-M3", "mps2-an385", ("-mcpu=cortex-m3", *soft), "thumbv7m-none-eabi"),
        _arm("m4f", "Cortex-M4F", "mps2-an386", m4, "thumbv7em-none-eabihf"),
        _arm("m33", "Cortex-M33", "mps2-an505", m33, "thumbv8m.main-none-eabihf"),
        _arm("m55", "Cortex-M55", "mps3-an547", m55, "thumbv8.1m.main-none-eabihf"),
        _rv32(),
    )
