"""``platformio``: a library with library.json.

Source:
    PlatformIO, https://docs.platformio.org/en/latest/manifests/library-json/
"""

import json
from dataclasses import dataclass

from codegen.export.library import Library


@dataclass(frozen=True)
class Example:
    """A project in examples/.

    Attributes:
        sketch: of the format ``arduino``; empty for the program of the format ``c``.
        settings: lines of platformio.ini.
        target: what ``pio run`` is told beyond the folder.
    """

    name: str
    purpose: str
    sketch: str
    settings: tuple[str, ...]
    target: str = ""


_NATIVE = Example("native", "this computer: samples from standard input", "", ("platform = native",))
_OF_STREAM = (
    Example(
        "nano33ble_pdm",
        "Nano 33 BLE Sense, its own microphone",
        "Nano33BLESense_PDM",
        ("platform = nordicnrf52", "board = nano33ble", "framework = arduino", "monitor_speed = 115200"),
        " -t upload",
    ),
    Example(
        "esp32_i2s",
        "ESP32 with an I2S microphone, such as an INMP441",
        "ESP32_I2S",
        (
            "; arduino-esp32 3, which platform espressif32 of PlatformIO does not have",
            "platform = https://github.com/pioarduino/platform-espressif32/releases/download/stable/"
            "platform-espressif32.zip",
            "board = esp32dev",
            "framework = arduino",
            "monitor_speed = 115200",
        ),
        " -t upload",
    ),
)


def files(library: Library) -> dict[str, str]:
    """See ``FormatModule``."""
    examples = (_NATIVE, *(_OF_STREAM if library.has_front_end else ()))
    contents = {
        f"include/{library.header}": library.files[library.header],
        **{f"src/{name}": text for name, text in library.files.items() if name != library.header},
        "library.json": json.dumps(_manifest(library, examples), indent=2, ensure_ascii=False) + "\n",
        "README.md": library.render("platformio/README.md", examples=examples),
    }
    for example in examples:
        folder = f"examples/{example.name}"
        contents[f"{folder}/platformio.ini"] = library.render("platformio/platformio.ini", example=example)
        if example.sketch:
            contents[f"{folder}/src/main.cpp"] = library.render(f"arduino/{example.sketch}.ino")
        else:
            contents[f"{folder}/src/main.c"] = library.render_of_kind("example.c")
    return contents


def _manifest(library: Library, examples: tuple[Example, ...]) -> dict[str, object]:
    """library.json. No platform and no framework is named, since any will do."""
    return {
        "name": library.prefix,
        "version": library.version,
        "description": f"A library that {library.title}",
        "keywords": ["keyword spotting", "speech", "audio"],
        "authors": [{"name": "Earshot"}],
        "license": "Apache-2.0",
        "headers": library.header,
        "frameworks": "*",
        "platforms": "*",
        "examples": [
            {
                "name": example.name,
                "base": f"examples/{example.name}",
                "files": ["platformio.ini", f"src/main.{'cpp' if example.sketch else 'c'}"],
            }
            for example in examples
        ],
    }
