"""What a beginner gets in the first minutes, to out/bench/first_minutes.json: ``make bench-first-minutes``.

A clone of this repository is set up and runs ``make demo``; its own four word clips are then played to the
firmware on this computer. Both presets are also trained on real recordings of ../shared and judged by an hour
without their words (clips of other words, running synthetic speech, noise), and by streams of ten minutes in
which people talk and say the words. All host. What is finished is not repeated; ``rm -r
out/bench/first_minutes`` begins again.
"""

import functools
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ten_minutes import hear

ROOT = Path(__file__).resolve().parents[3]
SHARED = ROOT.parent / "shared"
RECORDINGS, UNPACK = SHARED / "data" / "speech_commands_dev.tar.xz", SHARED / "tools" / "unpack_speech"
OUT = ROOT / "out" / "bench" / "first_minutes"
WORDS = ("yes", "no")
PRESETS = ("original", "best")
_HEARD = re.compile(r"Heard (\w+) ")
Figures = dict[str, Any]


def once(name: str, make: Callable[[], Figures]) -> Figures:
    """The figures of a part, made unless they are there."""
    file = OUT / f"{name}.json"
    if not file.is_file():
        made = make()
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
    figures: Figures = json.loads(file.read_text(encoding="utf-8"))
    return figures


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """What a command says on stdout; it must succeed."""
    print("$", *command, file=sys.stderr, flush=True)
    return subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, text=True, check=True).stdout


def earshot(*arguments: str | Path) -> str:
    """What a command of Earshot says."""
    start = "from train.__main__ import earshot; earshot()"
    return run(sys.executable, "-c", start, *arguments)


def demo() -> Figures:
    """A fresh clone up to the first word heard."""
    clone = OUT / "clone"
    shutil.rmtree(clone, ignore_errors=True)
    started = time.monotonic()
    run("git", "clone", "--quiet", ROOT, clone)
    run("make", "demo", cwd=clone)
    ready_s = time.monotonic() - started
    shutil.rmtree(OUT / "demo", ignore_errors=True)
    shutil.copytree(clone / "out" / "demo", OUT / "demo")
    heard = own_clips(OUT / "demo")
    return {
        "seconds_to_demo": round(ready_s),
        "seconds_to_first_word": round(time.monotonic() - started) if heard["demo_heard"] else None,
        **heard,
        **hearing(OUT / "demo"),
    }


def own_clips(folder: Path) -> Figures:
    """The word clips of a run, played one after the other to its firmware on this computer."""
    listed = json.loads((folder / "clips" / "clips.json").read_text(encoding="utf-8"))["clips"]
    said = [clip for clip in listed if not clip["label"].startswith("_")]
    heard = 0
    transcript = []
    for clip in said:
        output = earshot("run", folder, "--board", "host", "--wav", folder / "clips" / clip["file"])
        transcript += [f"said {clip['label']}:", *output.splitlines()]
        heard += clip["label"] in _HEARD.findall(output)
    return {"demo_heard": heard, "demo_words": len(said), "transcript": transcript}


def real(preset: str) -> Figures:
    """A preset on real recordings: chosen on validation clips, measured on test clips of other speakers."""
    corpus = OUT / "recordings"
    if not corpus.is_dir():
        run(sys.executable, UNPACK, corpus)
    folder = OUT / f"real_{preset}"
    earshot("train", "--words", ",".join(WORDS), "--data", corpus, "--test-data", RECORDINGS,
            "--preset", preset, "--out", folder, "--overwrite")  # fmt: skip
    return hearing(folder)


def ten_minutes(preset: str) -> Figures:
    """The same run, where people talk and say the words."""
    return hear(OUT / f"real_{preset}", OUT / "streams" / preset)


def hearing(folder: Path) -> Figures:
    """What operating_points.json says of the point in force, on test streams."""
    content = json.loads((folder / "operating_points.json").read_text(encoding="utf-8"))
    point, streams = content["points"][content["in_force"]], content["streams"]["testing"]
    figures = point["test"]["all"]
    return {
        "heard": figures["said"] - figures["false_rejects"],
        "words": figures["said"],
        "false_rejects_interval": figures["false_rejects_interval"],
        "false_accepts": figures["false_accepts"],
        "false_accepts_per_hour": figures["false_accepts_per_hour"],
        "false_accepts_interval": figures["false_accepts_interval"],
        "hours": streams["others"]["hours"],
        "speech_hours": streams["others"]["speech_hours"],
        "settings": point["settings"],
        "verdict": point["verdict"],
    }


def main() -> None:
    """Run what is not done yet, write and print."""
    result: Figures = {"label": "host", **once("demo_figures", demo)}
    if RECORDINGS.is_file() and UNPACK.is_file():
        result |= {
            preset: once(f"real_{preset}_figures", functools.partial(real, preset))
            | {"ten_minutes": once(f"ten_minutes_{preset}", functools.partial(ten_minutes, preset))}
            for preset in PRESETS
        }
    else:
        result["skipped"] = f"no real recordings: {RECORDINGS} and {UNPACK} are not there"
    out = OUT.with_suffix(".json")
    out.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
