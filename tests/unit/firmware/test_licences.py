"""Every source of the firmware says under which licence it is: products take single files out of it."""

from pathlib import Path

import pytest
from places import ROOT

FIRMWARE = ROOT / "firmware"
COMMENTS = {
    **dict.fromkeys((".c", ".cc", ".h"), "// {}"),
    **dict.fromkeys((".S", ".ld"), "/* {} */"),
    **dict.fromkeys((".cmake", ".txt"), "# {}"),
}
WITHOUT_COMMENTS = {".json", ".md"}


def sources() -> list[Path]:
    files = (path for path in FIRMWARE.rglob("*") if path.is_file())
    return sorted(path for path in files if path.suffix not in WITHOUT_COMMENTS)


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(FIRMWARE)))
def test_the_first_line_is_the_licence(path: Path) -> None:
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    assert first == COMMENTS[path.suffix].format("SPDX-License-Identifier: Apache-2.0")


def test_there_are_sources() -> None:
    assert len(sources()) > 90
