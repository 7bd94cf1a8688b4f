"""``zephyr``: a module, and a sample that listens to a digital microphone."""

from codegen.export.formats.layout import include_and_src
from codegen.export.library import Library
from train.core.manifest import TFLM

# What C++ with TFLite-Micro asks of Zephyr, as in its own samples/modules/tflite-micro.
_SETTINGS_OF_TFLM = ("CONFIG_CPP=y", "CONFIG_STD_CPP17=y", "CONFIG_REQUIRES_FULL_LIBCPP=y")


def files(library: Library) -> dict[str, str]:
    """See ``FormatModule``."""
    has_tflm = library.engine == TFLM
    sample = "samples/dmic" if library.has_front_end else "samples/model"
    program = (
        {
            "src/main.c": library.render("zephyr/sample/main.c"),
            "Kconfig": library.render("zephyr/sample/Kconfig"),
        }
        if library.has_front_end
        else {"src/main.c": library.render_of_kind("example.c")}
    )
    return {
        **include_and_src(library),
        "zephyr/module.yml": library.render("zephyr/module.yml"),
        "zephyr/Kconfig": library.render("zephyr/Kconfig", has_tflm=has_tflm),
        "zephyr/CMakeLists.txt": library.render("zephyr/CMakeLists.txt"),
        f"{sample}/CMakeLists.txt": library.render("zephyr/sample/CMakeLists.txt"),
        f"{sample}/prj.conf": library.render(
            "zephyr/sample/prj.conf", settings=_SETTINGS_OF_TFLM if has_tflm else ()
        ),
        f"{sample}/sample.yaml": library.render("zephyr/sample/sample.yaml"),
        **{f"{sample}/{name}": text for name, text in program.items()},
        "README.md": library.render("zephyr/README.md", sample=sample, has_tflm=has_tflm),
    }
