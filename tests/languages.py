"""Compilers and standards that kernels, front end and generated engine are compiled with."""

import functools
import itertools
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from places import C_PROGRAMS, ROOT

FIRMWARE = ROOT / "firmware"
WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror")
C_STANDARDS = ("c99", "c11", "c17", "c2x")  # c2x is what compilers of 2022 call C23
CPP_STANDARDS = ("c++11", "c++14", "c++17", "c++20")
STANDARDS = (*C_STANDARDS, *CPP_STANDARDS)
_ANY_STRING_H = f"-isystem{C_PROGRAMS / 'rv32'}"  # for compilers without a C library


@dataclass(frozen=True)
class Compiler:
    """One compiler for one core.

    Attributes:
        command: without what is wanted of it.
        package: of Debian, that brings it.
    """

    name: str
    command: tuple[str, ...]
    package: str

    def why_not(self) -> str | None:
        """Why it cannot compile here; None if it can."""
        if shutil.which(self.command[0]) is None or not self._compiles():
            return (
                f"{' '.join(self.command)} does not compile here; on Debian: apt-get install {self.package}"
            )
        return None

    def check(self, standard: str, sources: Iterable[Path], *options: str | Path) -> str:
        """What it says about files in a language; nothing is fine."""
        language = "c++" if standard.startswith("c++") else "c"
        command = [*self.command, "-x", language, f"-std={standard}", *WARNINGS, f"-I{FIRMWARE}", *options]
        done = subprocess.run([*command, *sources], capture_output=True, text=True)
        return done.stdout + done.stderr or ("" if done.returncode == 0 else "failed")

    @functools.cache  # noqa: B019 - there are few, and they stay
    def _compiles(self) -> bool:
        """Whether it has what the smallest program with <stdint.h> and <string.h> takes, in C and in C++."""
        program = '#include <stdint.h>\n#include <string.h>\nint main(void) { return (int)strlen(""); }\n'
        return all(
            subprocess.run(
                [*self.command, "-x", language, "-", "-fsyntax-only"],
                input=program.encode(),
                capture_output=True,
            ).returncode
            == 0
            for language in ("c", "c++")
        )


def _arm(core: str, *flags: str) -> Compiler:
    return Compiler(f"arm-gcc-{core}", ("arm-none-eabi-gcc", f"-mcpu=cortex-{core}", "-mthumb", *flags),
                    "gcc-arm-none-eabi libnewlib-arm-none-eabi")  # fmt: skip


def _clang(core: str, target: str, *flags: str) -> Compiler:
    return Compiler(f"clang-{core}", ("clang", f"--target={target}", *flags, _ANY_STRING_H), "clang")


COMPILERS = (
    Compiler("gcc", ("gcc",), "g++"),
    Compiler("gcc-m32", ("gcc", "-m32"), "gcc-multilib g++-multilib"),
    Compiler("clang", ("clang",), "clang"),
    _arm("m0plus"),
    _arm("m3"),
    _arm("m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"),
    _arm("m33", "-mfloat-abi=hard"),
    _arm("m55", "-mfloat-abi=hard"),
    Compiler("riscv-gcc-rv32imc", ("riscv64-unknown-elf-gcc", "-march=rv32imc", "-mabi=ilp32", _ANY_STRING_H),
             "gcc-riscv64-unknown-elf"),
    _clang("m0plus", "thumbv6m-none-eabi"),
    _clang("m4", "thumbv7em-none-eabihf", "-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", "-mfloat-abi=hard"),
    _clang("m55", "thumbv8.1m.main-none-eabihf", "-mcpu=cortex-m55", "-mfloat-abi=hard"),
    _clang("rv32imc", "riscv32-unknown-elf", "-march=rv32imc", "-mabi=ilp32"),
)  # fmt: skip
MATRIX = tuple(itertools.product(COMPILERS, STANDARDS))


def one_unit(sources: Iterable[Path], output: Path) -> Path:
    """A file that includes all of these, as an export puts them into one."""
    output.write_text("".join(f'#include "{source}"\n' for source in sources), encoding="utf-8")
    return output


def kernels() -> Sequence[Path]:
    """All kernels."""
    return sorted((FIRMWARE / "kernels").glob("*.c"))


def front_end() -> Sequence[Path]:
    """All of the front end, whichever it is: what the tables of one do not need compiles to nothing."""
    return sorted((FIRMWARE / "frontend").glob("*.c"))
