"""The house in figures, to out/bench/house.json: ``make bench-house``.

How long ``make test`` takes and what it counts, and how large things are. On an idle machine; all host.
"""

import json
import re
import subprocess
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("train", "quantize", "codegen", "firmware", "hil")
_ONE_FILE_A_THING = {"ops", "templates", "kernels", "architectures", "boards"}
_NO_SOURCES = {".json", ".npz", ".png", ".md", ".ipynb"}
_COUNTS = re.compile(r"(\d+) (passed|skipped|failed)")


def tracked(*folders: str) -> list[Path]:
    """Files that git knows below some folders."""
    listed = subprocess.run(
        ["git", "ls-files", *folders], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [Path(name) for name in listed.stdout.splitlines()]


def lines(folder: str) -> int:
    """Lines of code, templates and build files."""
    sources = [path for path in tracked(folder) if path.suffix not in _NO_SOURCES]
    return sum(len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in sources)


def largest_folder() -> tuple[str, int]:
    """The folder of the product with the most files, and how many; collections of one file a thing aside."""
    folders = Counter(path.parent for path in tracked(*PRODUCT))
    rooms = {folder: count for folder, count in folders.items() if not _ONE_FILE_A_THING & {*folder.parts}}
    folder = max(rooms, key=lambda name: (rooms[name], str(name)))
    return str(folder), rooms[folder]


def main() -> None:
    """Run the tests, measure the rest, write and print; what the tests say goes to house.txt."""
    out = ROOT / "out" / "bench" / "house.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    log = out.with_suffix(".txt")
    started = time.monotonic()
    with log.open("w", encoding="utf-8") as file:
        subprocess.run(["make", "test"], cwd=ROOT, stdout=file, stderr=subprocess.STDOUT)
    seconds = time.monotonic() - started
    counts = {what: int(number) for number, what in _COUNTS.findall(log.read_text(encoding="utf-8")[-2000:])}
    folder, files = largest_folder()
    product = {name: lines(name) for name in PRODUCT}
    figures = {
        "label": "host",
        "test_seconds": round(seconds),
        "tests_passed": counts.get("passed", 0),
        "tests_skipped": counts.get("skipped", 0),
        "tests_failed": counts.get("failed", 0),
        "readme_words": len((ROOT / "README.md").read_text(encoding="utf-8").split()),
        "product_lines": sum(product.values()),
        "product_lines_by_package": product,
        "test_lines": lines("tests"),
        "largest_folder": folder,
        "largest_folder_files": files,
        "largest_file_lines": max(
            len((ROOT / path).read_text(encoding="utf-8").splitlines())
            for path in tracked(*PRODUCT)
            if path.suffix in (".py", ".c", ".h", ".cc")
        ),
    }
    out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(figures, indent=2), f"written {out}; what the tests said: {log}", sep="\n")


if __name__ == "__main__":
    main()
