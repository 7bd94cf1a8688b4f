import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from codegen.export.micro_speech.ports import OTHERS, Port

sys.path.append(str(Path(__file__).parent))
from example_stubs import write_stubs

_BY_FOLDER = {port.folder: port for port in OTHERS}


@pytest.mark.parametrize(
    ("name", "reporter", "before", "threshold"),
    [
        ("arduino", False, ["audio"], "200"),
        ("arduino", True, [], "200"),  # Harvard_TinyMLx
        ("esp-tflite-micro", False, [], "0.7843"),
        ("until-2023", True, [], "200"),
    ],
)
def test_setup_and_loop(
    name: str, reporter: bool, before: list[str], threshold: str, folders: dict[str, Path], tmp_path: Path
) -> None:
    compiler = shutil.which("c++")
    if compiler is None:
        pytest.skip("there is no C++ compiler (c++)")
    port: Port = _BY_FOLDER[name]
    shutil.copytree(folders["needs_more"] / name, tmp_path, dirs_exist_ok=True)
    write_stubs(tmp_path, reporter=reporter, score_type=port.score_type)
    sources = ["stub.cc", f"{port.settings}{port.suffix}", f"{port.model.path}{port.suffix}"]
    if not port.labels_apart:
        sources.remove(f"{port.settings}{port.suffix}")
    flags = ["-std=c++14", "-Wall", "-Wextra", "-Werror", "-I.", "-o", "program"]
    command = [compiler, *flags, *sources, "-x", "c++", port.program]
    subprocess.run(command, cwd=tmp_path, check=True)
    output = subprocess.run([tmp_path / "program"], check=True, capture_output=True, text=True).stdout
    lines = output.splitlines()
    assert lines[0].startswith("The model uses 7 of ")
    assert lines[1:] == [f"1000 {threshold} 1500 3", *before, "40 yes 99 1", "80 yes 99 1"]
