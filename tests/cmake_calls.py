"""What a CMakeLists.txt asks for, without a build: its commands are recorded."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest


def cmake_calls(
    file: Path, recorded: Sequence[str], folder: Path, variables: dict[str, object] | None = None
) -> list[list[str]]:
    """Each call of a recorded command, with its name first.

    Args:
        recorded: commands of CMake or of an SDK, which then do nothing.
        folder: for files of this test.
    """
    cmake = shutil.which("cmake")
    if cmake is None:
        pytest.skip("there is no CMake")
    log = folder / "calls.jsonl"
    script = [f'set({name} "{value}")' for name, value in {**(variables or {}), "LOG": log}.items()]
    for name in recorded:
        script += [
            f"function({name})",
            f'  set(line "[\\"{name}\\"")',
            "  foreach(argument IN LISTS ARGV)",
            '    string(APPEND line ", \\"${argument}\\"")',
            "  endforeach()",
            '  file(APPEND "${LOG}" "${line}]\\n")',
            "endfunction()",
        ]
    script.append(f'include("{file}")')
    (folder / "record.cmake").write_text("\n".join(script), encoding="utf-8")
    done = subprocess.run(
        [cmake, "-P", "record.cmake"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
