"""The tools that bring firmware onto boards, and how each is called. board.json names one, ``flash.tool``."""

from dataclasses import dataclass

_APT = "on Debian or Ubuntu: sudo apt-get install"


@dataclass(frozen=True)
class Flasher:
    """One tool.

    Attributes:
        fields: what ``flash`` in board.json must say besides ``tool``, all of it text.
        commands: one after the other. In braces stand those fields, and: ``elf``, the firmware; ``bin``, the
            same as it lies in flash, from ``address`` on; ``uf2``, the same in that format; ``hex`` and
            ``image``, files that a tool makes; ``port``, the serial port; ``volume``, where a drive
            is mounted.
        install: how to get it.
    """

    fields: tuple[str, ...]
    commands: tuple[tuple[str, ...], ...]
    install: str


COPY = "cp"  # a command that every computer has, in whatever form: done in Python

FLASHERS = {
    "pyocd": Flasher(
        ("target",),
        (("pyocd", "flash", "--no-wait", "--target", "{target}", "--format", "elf", "{elf}"),),
        "pip install 'earshot-kws[hil-pyocd]'",
    ),
    "openocd": Flasher(
        ("config",),
        (("openocd", "--file", "{config}", "--command", "program {{{elf}}} verify reset exit"),),
        f"{_APT} openocd",
    ),
    "dfu-util": Flasher(
        ("device",),
        (
            (
                *("dfu-util", "--device", "{device}", "--alt", "0"),
                *("--dfuse-address", "{address}:leave", "--download", "{bin}"),
            ),
        ),
        f"{_APT} dfu-util",
    ),
    "esptool": Flasher(
        ("chip", "offset"),
        (
            ("esptool", "--chip", "{chip}", "elf2image", "--output", "{image}", "{elf}"),
            ("esptool", "--chip", "{chip}", "--port", "{port}", "write-flash", "{offset}", "{image}"),
        ),
        "pip install 'earshot-kws[hil-esptool]'",
    ),
    "picotool": Flasher(
        (),
        (("picotool", "load", "-v", "-x", "{elf}", "-t", "elf"),),
        "it comes with the tools of the Pico SDK, put it on the PATH",
    ),
    "uf2": Flasher(("family", "volume"), ((COPY, "{uf2}", "{volume}"),), ""),
    # DAPLink, the interface chip of many boards, shows a drive that takes Intel HEX.
    "hex": Flasher(
        ("volume",),
        (
            ("arm-none-eabi-objcopy", "--output-target=ihex", "{elf}", "{hex}"),
            (COPY, "{hex}", "{volume}"),
        ),
        f"{_APT} binutils-arm-none-eabi",
    ),
    "bossac": Flasher(
        ("offset",),
        (
            (
                *("bossac", "--port={port}", "--erase", "--write", "--verify", "--boot=1"),
                *("--offset={offset}", "--reset", "{bin}"),
            ),
        ),
        f"{_APT} bossa-cli",
    ),
    # Arduino's own, 1.9.1-arduino2, which knows the nRF52840; addresses begin behind the bootloader.
    "bossac-arduino": Flasher(
        (),
        (("bossac", "--port={port}", "-U", "--info", "--erase", "--write", "{bin}", "--reset"),),
        "Arduino's bossac 1.9.1-arduino2, not Debian's: Arduino's IDE brings it with `Arduino Mbed OS Nano "
        "Boards`, in packages/arduino/tools/bossac; put it on the PATH",
    ),
}
