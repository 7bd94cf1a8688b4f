"""``arduino``: a library in the format 1.5 of the Arduino IDE.

Source:
    Arduino library specification, https://arduino.github.io/arduino-cli/latest/library-specification/
"""

from dataclasses import dataclass

from codegen.export.library import Library


@dataclass(frozen=True)
class Sketch:
    """An example, by the name of its folder; ``board`` as arduino-cli calls it."""

    name: str
    board: str
    purpose: str


_OF_STREAM = (
    Sketch("Nano33BLESense_PDM", "arduino:mbed_nano:nano33ble", "Nano 33 BLE Sense, its own microphone"),
    Sketch("ESP32_I2S", "esp32:esp32:esp32", "ESP32 with an I2S microphone, such as an INMP441"),
)
_OF_MODEL = (Sketch("Inference", "arduino:mbed_nano:nano33ble", "any board: how long an inference takes"),)


def sketches(library: Library) -> tuple[Sketch, ...]:
    """The examples of a library."""
    return _OF_STREAM if library.has_front_end else _OF_MODEL


def files(library: Library) -> dict[str, str]:
    """See ``FormatModule``. Headers in src are the public ones, by the specification; others lie deeper."""
    inside = {name: text for name, text in library.files.items() if name != library.header}
    examples = sketches(library)
    return {
        f"src/{library.header}": library.files[library.header],
        **{f"src/internal/{name}": text for name, text in inside.items()},
        **{f"examples/{it.name}/{it.name}.ino": library.render(f"arduino/{it.name}.ino") for it in examples},
        "library.properties": library.render("arduino/library.properties"),
        "README.md": library.render("arduino/README.md", sketches=examples),
    }
