"""``pico``: an INTERFACE library for pico-sdk, and programs for an analog and for a PDM microphone."""

from dataclasses import dataclass
from pathlib import PurePath

from codegen.export.formats.layout import include_and_src
from codegen.export.library import Library
from train.core.errors import UserError
from train.core.manifest import TFLM


@dataclass(frozen=True)
class _Program:
    """An executable of examples/CMakeLists.txt; several names are separated by spaces, as CMake wants them.

    Attributes:
        name: without the prefix.
    """

    name: str
    sources: str
    libraries: str
    pio: str = ""


_MICROPHONES = (
    _Program(
        "adc",
        "main.c adc_microphone.c blocks.c",
        "pico_stdlib hardware_adc hardware_dma hardware_irq hardware_sync",
    ),
    _Program(
        "pdm",
        "main.c pdm_microphone.c blocks.c",
        "pico_stdlib hardware_clocks hardware_dma hardware_irq hardware_pio hardware_sync",
        pio="pdm.pio",
    ),
)
_MODEL = (_Program("model", "example.c", "pico_stdlib"),)
_SOURCES = (
    "main.c", "microphone.h", "blocks.h", "blocks.c", "adc_microphone.c", "pdm_microphone.c", "pdm.pio",
)  # fmt: skip


_OF_THE_SDK = ("hardware_", "pico_")  # what names of its libraries begin with


def files(library: Library) -> dict[str, str]:
    """See ``FormatModule``."""
    _check(library.prefix)
    has_tflm = library.engine == TFLM
    programs = _MICROPHONES if library.has_front_end else _MODEL
    sources = (
        {name: library.render(f"pico/examples/{name}") for name in _SOURCES}
        if library.has_front_end
        else {"example.c": library.render_of_kind("example.c")}
    )
    return {
        **include_and_src(library),
        "CMakeLists.txt": library.render("pico/CMakeLists.txt", has_tflm=has_tflm),
        "examples/CMakeLists.txt": library.render("pico/examples/CMakeLists.txt", programs=programs),
        **{f"examples/{name}": text for name, text in sources.items()},
        "README.md": library.render("pico/README.md", programs=programs, has_tflm=has_tflm),
    }


def _check(prefix: str) -> None:
    """Raise UserError where files of the programs, or libraries of pico-sdk, are called like this one."""
    if prefix in {PurePath(name).stem for name in _SOURCES}:
        taken = "the programs of this format have a file"
    elif prefix.startswith(_OF_THE_SDK):
        taken = "pico-sdk may have a library"
    else:
        return
    raise UserError(f"--prefix {prefix}: {taken} of this name; choose another, such as kws_{prefix}")
