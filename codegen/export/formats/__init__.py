"""Where a library can go: a format is a line of ``FORMATS`` and a module of the same name.

The module has ``files(library)``: what is in the folder, by path such as ``src/yes_no.c``. README.md,
with the steps as they are typed, is among them; LICENSE and manifest.json are added to it. What the format
renders lies in codegen/export/templates, in a folder of the same name; ``common`` there is for all.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from train.core.manifest import TFLM

if TYPE_CHECKING:  # so that --help need not wait for NumPy
    from codegen.export.library import Library


class FormatModule(Protocol):
    """What a module has to have."""

    def files(self, library: "Library", /) -> Mapping[str, str | bytes]:
        """The content of each file, by its path in the folder.

        Raises:
            UserError: the format cannot hold this library.
        """


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        summary: one line, for --help.
        engine: the only one that it has; None: the user chooses.
        holds_library: whether our library is in the folder. If not, others gave its files their names.
        names_author: whether a file of it says who made the model.
    """

    name: str
    summary: str
    engine: str | None = None
    holds_library: bool = True
    names_author: bool = False

    def files(self, library: "Library") -> Mapping[str, str | bytes]:
        """See ``FormatModule.files``."""
        module = f"{__name__}.{self.name.replace('-', '_')}"
        return cast(FormatModule, importlib.import_module(module)).files(library)


FORMATS = {
    format.name: format
    for format in (
        Format("c", "a folder for cc *.c, and for build systems not named here"),
        Format("cmake", "a package for find_package() and add_subdirectory()"),
        Format("arduino", "a library for the Arduino IDE, with sketches for PDM and I2S"),
        Format("platformio", "a library for PlatformIO, with the same sketches"),
        Format("esp-idf", "a component for ESP-IDF 5, with a project for I2S"),
        Format("zephyr", "a module for Zephyr, with a sample for digital microphones"),
        Format("pico", "a library for pico-sdk, with programs for analog and PDM input"),
        Format(
            "micro_speech",
            "files in place of those of TFLite-Micro's example",
            engine=TFLM,
            holds_library=False,
        ),
        Format(
            "esphome",
            "wake words for ESPHome and Home Assistant",
            engine=TFLM,
            holds_library=False,
            names_author=True,
        ),
    )
}
