"""The wheel, installed outside any clone, in a folder with a train.py of its own: words to a proven board."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from places import ROOT

_NO_SOURCES = shutil.ignore_patterns(
    ".git", ".venv", ".*_cache", "__pycache__", "out", "build", "dist", "*.egg-info"
)
_RUN = "out/trial"

Earshot = Callable[..., str]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy: building leaves things beside the sources."""
    sources, folder = tmp_path_factory.mktemp("sources") / "earshot", tmp_path_factory.mktemp("dist")
    shutil.copytree(ROOT, sources, ignore=_NO_SOURCES)
    build = (
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        folder,
        sources,
    )
    subprocess.run([sys.executable, *map(str, build)], check=True, timeout=120)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the user works, who has a program called train.py there."""
    folder = tmp_path_factory.mktemp("work")
    (folder / "train.py").write_text("raise SystemExit('a program of the user')\n")
    return folder


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, with the packages of this environment, so that nothing has to be fetched."""
    place = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True, timeout=60)
    (site_packages,) = place.glob("lib/python*/site-packages")
    needed = [path for path in sys.path if path.endswith("site-packages")]
    (site_packages / "needed.pth").write_text("".join(f"{path}\n" for path in needed))
    python = place / "bin" / "python"
    install = ("-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel)
    subprocess.run([sys.executable, *map(str, install)], check=True, timeout=60)
    return place


@pytest.fixture(scope="module")
def earshot(environment: Path, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Earshot:
    """``earshot(argument, …)``: the installed command, run in that folder; what it prints."""
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    variables["EARSHOT_CACHE"] = str(tmp_path_factory.mktemp("cache"))

    def run(*arguments: object) -> str:
        done = subprocess.run(
            [environment / "bin" / "earshot", *map(str, arguments)],
            cwd=folder,
            env=variables,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="module")
def run(earshot: Earshot, folder: Path) -> Path:
    """Trained on synthetic voices."""
    earshot(
        "train", "--words", "yes,no", "--data", "synthetic", "--synthetic-clips", 30, "--training-steps",
        "60,20", "--eval-step-interval", 40, "--bank-clips", 400,
        "--false-accepts-per-hour", 60, "--out", _RUN,
    )  # fmt: skip
    return folder / _RUN


def test_it_tells_the_version_and_the_commands(earshot: Earshot) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert earshot("--version") == f"earshot {project['version']}\n"
    text = earshot("--help")
    for command in ("train", "quantize", "codegen", "build", "test", "tune", "pi", "report"):
        assert f"\n  {command} " in text


def test_every_command_is_there(earshot: Earshot, environment: Path, folder: Path) -> None:
    """Each names its module in a table, as text. -P: not the train.py of that folder."""
    commands = [line.split()[0] for line in earshot("--help").splitlines() if line.startswith("  ")]
    assert len(commands) > 20
    program = (
        "import sys\n"
        "from train.__main__ import EVERYTHING\n"
        "from train.core.command_line import parser_of\n"
        "for commands in EVERYTHING.values():\n"
        "    for command in commands:\n"
        "        print(parser_of(command.load(), command.name).prog)\n"
    )
    python = environment / "bin" / "python"
    done = subprocess.run(
        [python, "-P", "-c", program], cwd=folder, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.split() == commands, done.stderr


def test_it_trains_outside_a_clone(run: Path) -> None:
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["command"].startswith("earshot train --words yes,no")
    assert metrics["corpus"]["clips"]["testing"]["yes"] > 0
    assert (run / "c" / "engine.c").is_file()


def test_it_exports_outside_a_clone(earshot: Earshot, run: Path, folder: Path) -> None:
    assert earshot("export", _RUN, "--to", "arduino", "--out", "library") == "library\n"
    assert (folder / "library" / "src" / "yes_no.h").is_file()
    assert "Apache-2.0" in (folder / "library" / "LICENSE").read_text(encoding="utf-8")


def test_it_brings_models(earshot: Earshot, folder: Path) -> None:
    """Their names stand for a run, and the train.py of that folder is in nobody's way."""
    assert "yes_no" in earshot("models")
    assert earshot("export", "yes_no", "--to", "c", "--out", "shipped") == "shipped\n"
    assert "Pete Warden" in (folder / "shipped" / "README.md").read_text(encoding="utf-8")


@pytest.mark.emulator
@pytest.mark.parametrize("board", ["host", "mps2-an386"])
def test_a_board_proves_it(earshot: Earshot, run: Path, board: str) -> None:
    for tool in ("cmake", "arm-none-eabi-gcc", "qemu-system-arm") if board != "host" else ("cmake", "cc"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not on the PATH")
    assert f"{_RUN}/firmware/{board}/earshot" in earshot("build", "--board", board, _RUN)
    said = earshot("test", "--board", board, _RUN, "--limit", 10)
    assert "scores      40 compared, 0 differ" in said
    assert json.loads((run / "hil" / board / "result.json").read_text(encoding="utf-8"))["proven"] is True


@pytest.mark.emulator
def test_a_board_of_one_s_own(earshot: Earshot, run: Path, folder: Path) -> None:
    for tool in ("cmake", "arm-none-eabi-gcc", "qemu-system-arm"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not on the PATH")
    mine = folder / "boards" / "mine"
    mine.mkdir(parents=True)
    board = json.loads((ROOT / "firmware" / "boards" / "mps2-an386" / "board.json").read_text())
    (mine / "board.json").write_text(json.dumps(board | {"id": "mine", "title": "My board"}))
    assert "\nmine " in earshot("boards", "--board-dir", "boards")
    assert "0 differ" in earshot("test", "--board", "mine", "--board-dir", "boards", _RUN, "--limit", 10)
