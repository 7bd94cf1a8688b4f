"""What docs/LIBRARY.md tells one to type works, as it stands there."""

import re
import subprocess
import textwrap

import pytest
from invoke import invoke
from live_sounds import noisy
from places import ROOT

from codegen.export import command
from codegen.export.formats import FORMATS
from hil.live import Detector

DOCUMENT = (ROOT / "docs" / "LIBRARY.md").read_text(encoding="utf-8")


def test_an_empty_folder_to_a_detection(runs, compiler, tmp_path, monkeypatch):
    section = DOCUMENT.partition("## From an empty folder to a detection")[2].partition("\n## ")[0]
    blocks = [textwrap.dedent(it).strip() for it in re.findall(r"(?:^(?:    .*)?\n)+", section, re.MULTILINE)]
    (program,) = (block for block in blocks if block.startswith("#include"))
    program, _, commands = program.partition("\n\ncc ")
    assert len([line for line in program.splitlines() if line]) == 13  # and 2 empty ones: 15
    (tmp_path / "hear.c").write_text(program + "\n")
    (export,) = re.findall(r"earshot export (.*)", section)
    monkeypatch.chdir(tmp_path)
    invoke(command, export.replace("../out/yes_no", str(runs["one"])).split())
    assert len(list((tmp_path / "yes_no").iterdir())) == int(re.search(r"(\d+) files", section)[1])
    subprocess.run("cc " + commands.splitlines()[0], shell=True, cwd=tmp_path, check=True)
    samples = noisy(3.0, 9)
    done = subprocess.run([tmp_path / "hear"], input=samples.tobytes(), capture_output=True, check=True)
    with Detector.load(runs["one"]) as detector:
        heard = detector.push(samples)
    assert len(heard) > 2
    assert done.stdout.decode().splitlines() == [f"{it.time_ms} ms: {it.word}" for it in heard]


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_a_page_and_a_row(name):
    assert f"[`{name}`](export/{name}.md)" in DOCUMENT
    page = (ROOT / "docs" / "export" / f"{name}.md").read_text(encoding="utf-8")
    assert f"earshot export out/yes_no --to {name} --out" in page
    assert "Not" in page  # run, tried, or tested: it says what was not
