"""Exports are what ESP-IDF, Zephyr and pico-sdk take: by their own tools where a package brings them."""

import dataclasses
import re
from pathlib import Path

import pytest
from cmake_calls import cmake_calls
from port_tools import export

from codegen.export.library import Library, load_library
from train.core.errors import UserError
from train.core.manifest import TFLM

# Keys of zephyr/module.yml that are used here, as in scripts/zephyr_module.py of Zephyr.
MODULE_SCHEMA = {
    "type": "map",
    "mapping": {
        "name": {"type": "str"},
        "build": {
            "type": "map",
            "mapping": {"cmake": {"type": "str"}, "kconfig": {"type": "str"}},
        },
        "samples": {"type": "seq", "sequence": [{"type": "str"}]},
    },
}


@pytest.fixture(scope="session")
def with_tflm(runs) -> Library:
    """The same model for TFLite-Micro."""
    return load_library(runs["one"], "one", TFLM)


@pytest.fixture(scope="session")
def without_front_end(runs) -> Library:
    """The model alone."""
    return load_library(runs["one"] / "model.tflite", "bare")


@pytest.fixture(params=["stream", "tflm", "model"])
def library(request, libraries, with_tflm, without_front_end) -> Library:
    """Each kind of library."""
    return {"stream": libraries["one"], "tflm": with_tflm, "model": without_front_end}[request.param]


def compiled(library: Library) -> set[str]:
    return {f"src/{name}" for name in library.sources}


def test_esp_idf_takes_the_manifest(library, tmp_path):
    manager = pytest.importorskip("idf_component_tools.manager").ManifestManager
    folder = export(library, "esp-idf", tmp_path / "component")
    manifest = manager(str(folder), name=library.prefix).load()
    assert str(manifest.version) == library.version
    assert manifest.license == "Apache-2.0"
    needed = {dependency.name for dependency in manifest.requirements}
    assert needed == {"idf", *(["espressif/esp-tflite-micro"] if library.engine == TFLM else [])}


def test_esp_idf_finds_the_sources_and_names_the_archive_after_the_folder(library, tmp_path):
    folder = export(library, "esp-idf", tmp_path / "my-words")
    variables = {"COMPONENT_NAME": "my-words", "CMAKE_CURRENT_BINARY_DIR": tmp_path / "build"}
    calls = cmake_calls(folder / "CMakeLists.txt", ["idf_component_register"], tmp_path, variables)
    (call,) = calls
    sources = call[call.index("SRCS") + 1 : call.index("INCLUDE_DIRS")]
    assert set(sources) == compiled(library)
    assert call[call.index("INCLUDE_DIRS") + 1] == "include"
    fragment = Path(call[call.index("LDFRAGMENTS") + 1])
    assert "archive: libmy-words.a\n" in fragment.read_text()
    (main,) = folder.glob("examples/*/main/CMakeLists.txt")
    _, _, *programs = cmake_calls(main, ["idf_component_register"], tmp_path)[-1]
    assert {path.name for path in main.parent.glob("*.c")} == set(programs)
    assert all((folder / source).is_file() for source in sources)


def symbols_of(kconfig: Path, root: Path, base: str, monkeypatch) -> dict[str, str]:
    """Each symbol with its value, ``base`` being what the SDK has."""
    kconfiglib = pytest.importorskip("kconfiglib")
    root.mkdir()
    (root / "Kconfig.zephyr").write_text(base, encoding="utf-8")
    monkeypatch.setenv("srctree", str(root))
    loaded = kconfiglib.Kconfig(str(kconfig), warn_to_stderr=False)
    settings = kconfig.parent / "prj.conf"
    if settings.is_file():
        loaded.load_config(str(settings))
    assert loaded.warnings == []
    return {symbol.name: symbol.str_value for symbol in loaded.unique_defined_syms}


def test_esp_idf_offers_pins_and_where_code_lies(libraries, tmp_path, monkeypatch):
    folder = export(libraries["one"], "esp-idf", tmp_path / "component")
    base = "config IDF_TARGET_ESP32\n\tbool\n\tdefault y\n"
    both = tmp_path / "Kconfig"
    projbuild = folder / "examples/microphone/main/Kconfig.projbuild"
    both.write_text(f'source "Kconfig.zephyr"\nsource "{folder}/Kconfig"\nsource "{projbuild}"\n')
    symbols = symbols_of(both, tmp_path / "sdk", base, monkeypatch)
    assert symbols["EARSHOT_ONE_IN_RAM"] == "n"
    assert symbols["MICROPHONE_BCLK_GPIO"] == "26"
    used = set(re.findall(r"CONFIG_(MICROPHONE_\w+)", (projbuild.parent / "microphone.c").read_text()))
    assert used == {name for name in symbols if name.startswith("MICROPHONE_")}
    assert "if EARSHOT_ONE_IN_RAM = y:" in (folder / "linker.lf.in").read_text()


def test_zephyr_takes_the_module(library, tmp_path):
    yaml = pytest.importorskip("ruamel.yaml").YAML(typ="safe")
    core = pytest.importorskip("pykwalify.core").Core
    folder = export(library, "zephyr", tmp_path)
    module = yaml.load(folder / "zephyr/module.yml")
    core(source_data=module, schema_data=MODULE_SCHEMA).validate()
    assert module["name"] == library.prefix
    assert (folder / module["build"]["cmake"] / "CMakeLists.txt").is_file()
    assert (folder / module["build"]["kconfig"]).is_file()
    (sample,) = (folder / module["samples"][0]).glob("*/sample.yaml")
    (name,) = yaml.load(sample)["tests"]
    assert re.fullmatch(r"\w+(\.\w+)+", name)  # twister wants a dot


def test_zephyr_finds_the_sources_once_the_library_is_switched_on(library, tmp_path):
    folder = export(library, "zephyr", tmp_path / "module")
    switch = f"CONFIG_EARSHOT_{library.macro}"
    names = ["zephyr_include_directories", "zephyr_library_named", "zephyr_library_sources"]
    variables = {"ZEPHYR_CURRENT_MODULE_DIR": folder, switch: "y"}
    calls = {
        name: rest
        for name, *rest in cmake_calls(folder / "zephyr/CMakeLists.txt", names, tmp_path, variables)
    }
    assert {str(Path(source).relative_to(folder)) for source in calls["zephyr_library_sources"]} == compiled(
        library
    )
    assert calls["zephyr_include_directories"] == [str(folder / "include")]
    assert calls["zephyr_library_named"] == [f"earshot_{library.prefix}"]


def test_zephyr_takes_the_settings_of_the_sample(library, tmp_path, monkeypatch):
    folder = export(library, "zephyr", tmp_path / "module")
    (settings,) = folder.glob("samples/*/prj.conf")
    flags = {"AUDIO", "AUDIO_DMIC", "SPEED_OPTIMIZATIONS", "CPP", "STD_CPP17", "REQUIRES_FULL_LIBCPP"}
    base = "".join(f'config {flag}\n\tbool "{flag}"\n' for flag in sorted(flags))
    base += 'config TENSORFLOW_LITE_MICRO\n\tbool "t"\nconfig MAIN_STACK_SIZE\n\tint "m"\n\tdefault 1024\n'
    base += f'source "{folder}/zephyr/Kconfig"\n'
    kconfig = settings.parent / "Kconfig"  # as Zephyr takes its own where a sample has none
    if not kconfig.is_file():
        kconfig.write_text('source "Kconfig.zephyr"\n')
    symbols = symbols_of(kconfig, tmp_path / "zephyr", base, monkeypatch)
    assert symbols[f"EARSHOT_{library.macro}"] == "y"
    assert symbols["TENSORFLOW_LITE_MICRO"] == ("y" if library.engine == TFLM else "n")
    assert symbols["AUDIO_DMIC"] == ("y" if library.has_front_end else "n")


def test_pico_sdk_finds_the_sources(library, tmp_path):
    folder = export(library, "pico", tmp_path / "library")
    names = [
        "add_library",
        "target_sources",
        "target_include_directories",
        "target_link_libraries",
        "add_subdirectory",
    ]
    tflm = tmp_path / "pico-tflmicro"
    tflm.mkdir()
    (tflm / "CMakeLists.txt").touch()
    calls = {
        name: rest
        for name, *rest in cmake_calls(
            folder / "CMakeLists.txt", names, tmp_path, {"PICO_TFLMICRO_PATH": tflm}
        )
    }
    assert calls["add_library"] == [library.prefix, "INTERFACE"]
    _, _, *sources = calls["target_sources"]
    assert {str(Path(source).relative_to(folder)) for source in sources} == compiled(library)
    linked = [library.prefix, "INTERFACE", "pico-tflmicro"] if library.engine == TFLM else None
    assert calls.get("target_link_libraries") == linked


@pytest.mark.parametrize("prefix", ["microphone", "pico_stdlib"])
def test_pico_sdk_gets_no_name_twice(libraries, tmp_path, prefix):
    with pytest.raises(UserError, match=f"--prefix {prefix}: .* choose another, such as kws_{prefix}$"):
        export(dataclasses.replace(libraries["one"], prefix=prefix), "pico", tmp_path)


def test_the_programs_for_pico_sdk_are_made_of_files_that_are_there(library, tmp_path):
    folder = export(library, "pico", tmp_path / "library")
    sdk = tmp_path / "sdk"
    sdk.mkdir()
    (sdk / "pico_sdk_init.cmake").touch()
    names = [
        "project", "pico_sdk_init", "add_subdirectory", "add_executable", "pico_generate_pio_header",
        "target_link_libraries", "pico_enable_stdio_uart", "pico_enable_stdio_usb", "pico_add_extra_outputs",
    ]  # fmt: skip
    calls = cmake_calls(folder / "examples/CMakeLists.txt", names, tmp_path, {"PICO_SDK_PATH": sdk})
    programs = {rest[0]: rest[1:] for name, *rest in calls if name == "add_executable"}
    assert programs
    used = {source for sources in programs.values() for source in sources}
    used |= {Path(rest[1]).name for name, *rest in calls if name == "pico_generate_pio_header"}
    there = {path.name for path in (folder / "examples").iterdir() if path.suffix in (".c", ".pio")}
    assert used == there
    linked = {rest[0]: rest[1:] for name, *rest in calls if name == "target_link_libraries"}
    assert all(linked[program][0] == library.prefix for program in programs)
    assert [rest[0] for name, *rest in calls if name == "pico_add_extra_outputs"] == list(programs)
