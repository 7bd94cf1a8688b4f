"""Models of fetched repositories, for models_bench.py: ``gather_models.py FOLDER --from GIT...``.

Each GIT is <owner>+<name>, a clone or a bare repository in it. Every .tflite of its HEAD is written to
FOLDER/<owner>+<name>/<path>, and every flatbuffer in an array of C (model.cc, g_model[]) to
<path>.<name of the array>.tflite. A model that is there already, byte for byte, is written once.
FOLDER/<owner>+<name>/COMMIT has the commit.
"""

import argparse
import hashlib
import re
import subprocess
from pathlib import Path

from train.core import console
from train.core.errors import UserError

_SOURCES = (".c", ".cc", ".cpp", ".h", ".hpp", ".ino", ".inc")
_FROM_BYTES, _TO_BYTES = 300, 4 << 20  # of a file that is looked at; a C array has 5 to 6 characters a byte
_IDENTIFIER = "(0x54 *, *0x46 *, *0x4c *, *0x33|84 *, *70 *, *76 *, *51)"  # TFL3, on one line
_ARRAY = re.compile(rb"(\w+)\s*\[[^\]\[]*\]\s*(?:\w+\s*(?:\([^{}=]*\)\)?)?\s*)*=\s*\{([^{}]*)\}")
_COMMENT = re.compile(rb"//[^\n]*|/\*.*?\*/", re.DOTALL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="to write the models to")
    parser.add_argument(
        "--from", dest="repositories", type=Path, nargs="+", required=True, metavar="GIT_FOLDER"
    )
    flags = parser.parse_args()
    known = {hashlib.sha256(path.read_bytes()).digest() for path in flags.folder.glob("*/**/*.tflite")}
    for repository in flags.repositories:
        into, new = flags.folder / repository.name, 0
        for path, tflite in models_of(repository):
            digest = hashlib.sha256(tflite).digest()
            if digest in known:
                continue
            known.add(digest)
            (into / path).parent.mkdir(parents=True, exist_ok=True)
            (into / path).write_bytes(tflite)
            new += 1
        if into.is_dir():
            (into / "COMMIT").write_text(_git(repository, "rev-parse", "HEAD").decode())
        print(f"{repository.name}: {new} new models")


def models_of(repository: Path) -> list[tuple[str, bytes]]:
    """Path and bytes of each model; pointers of Git LFS are none.

    Raises:
        UserError: there is no git repository.
    """
    blobs = {}  # path -> blob; a partial clone lacks some: their size is no number
    for line in _git(repository, "ls-tree", "-r", "-l", "-z", "HEAD").split(b"\0")[:-1]:
        entry, name = line.split(b"\t", 1)
        mode, _, blob, size = entry.split()
        if mode != b"120000" and size.isdigit() and _FROM_BYTES <= int(size) <= _TO_BYTES:
            blobs[name.decode(errors="replace")] = blob.decode()
    found = []
    for path, blob in blobs.items():
        if Path(path).suffix.lower() == ".tflite":
            tflite = _git(repository, "cat-file", "blob", blob)
            if tflite[4:8] == b"TFL3":
                found.append((path, tflite))
    patterns = [f":(icase)*{suffix}" for suffix in _SOURCES]
    matches = _git(repository, "grep", "-l", "-z", "-i", "-E", _IDENTIFIER, "HEAD", "--", *patterns)
    for match in matches.split(b"\0")[:-1]:
        path = match.decode(errors="replace").removeprefix("HEAD:")
        if path in blobs:
            source = _git(repository, "cat-file", "blob", blobs[path])
            found += [(f"{path}.{array}.tflite", tflite) for array, tflite in arrays(source)]
    return found


def arrays(source: bytes) -> list[tuple[str, bytes]]:
    """Name and bytes of each array of C that is a .tflite."""
    found = []
    for match in _ARRAY.finditer(_COMMENT.sub(b"", source)):
        try:
            content = bytes(int(number, 0) for number in match[2].split(b",") if number.strip())
        except ValueError:  # no array of bytes
            continue
        if content[4:8] == b"TFL3":
            found.append((match[1].decode(), content))
    return found


def _git(repository: Path, *arguments: str) -> bytes:
    places = (repository, repository / ".git", repository / "repo", repository / "repo" / ".git")
    for place in places:
        if (place / "HEAD").is_file():
            done = subprocess.run(["git", f"--git-dir={place}", *arguments], capture_output=True)
            if done.returncode and arguments[0] != "grep":  # found nothing
                raise UserError(
                    f"{repository}: git {arguments[0]}: {done.stderr.decode(errors='replace').strip()}"
                )
            return done.stdout
    raise UserError(f"{repository}: is no git repository")


if __name__ == "__main__":
    console.run(main)
