"""``esp-idf``: a component, and a project that listens to an I2S microphone."""

import json

from codegen.export.formats.layout import include_and_src
from codegen.export.library import Library
from train.core.manifest import TFLM

_TFLITE_MICRO = ("espressif/esp-tflite-micro", ">=1.3.0")  # in Espressif's registry of components


def files(library: Library) -> dict[str, str]:
    """See ``FormatModule``."""
    packages = [_TFLITE_MICRO] if library.engine == TFLM else []
    example = "examples/microphone" if library.has_front_end else "examples/model"
    return {
        **include_and_src(library),
        "CMakeLists.txt": library.render("esp-idf/CMakeLists.txt"),
        "Kconfig": library.render("esp-idf/Kconfig"),
        "linker.lf.in": library.render("esp-idf/linker.lf.in"),
        "idf_component.yml": library.render(
            "esp-idf/idf_component.yml",
            title=json.dumps(library.title, ensure_ascii=False),  # a string of JSON is one of YAML
            packages=packages,
        ),
        f"{example}/CMakeLists.txt": library.render("esp-idf/example/CMakeLists.txt"),
        f"{example}/sdkconfig.defaults": library.render("esp-idf/example/sdkconfig.defaults"),
        **{f"{example}/main/{name}": text for name, text in _program(library).items()},
        "README.md": library.render("esp-idf/README.md", example=example, packages=packages),
    }


def _program(library: Library) -> dict[str, str]:
    if library.has_front_end:
        program = {
            "microphone.c": library.render("esp-idf/example/microphone.c"),
            "Kconfig.projbuild": library.render("esp-idf/example/Kconfig.projbuild"),
        }
    else:
        program = {
            "example.c": library.render_of_kind("example.c"),
            "app_main.c": library.render("esp-idf/example/app_main.c"),
        }
    sources = [name for name in program if name.endswith(".c")]
    return {
        **program,
        "CMakeLists.txt": library.render("esp-idf/example/main.CMakeLists.txt", sources=sources),
    }
