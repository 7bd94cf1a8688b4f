"""Many C sources as few: headers flattened into one, sources joined by group, each piece with its licence."""

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from codegen.export.conditions import has_code, resolve
from train.core.installation import FIRMWARE_SOURCES

GENERATED = "c"  # the folder of generated files, beside "firmware"

_INCLUDE = re.compile(r'\s*#\s*include\s+(["<])([^">]+)[">]')
_OPENS, _CLOSES = re.compile(r"\s*#\s*if"), re.compile(r"\s*#\s*endif")
_ELSE = re.compile(r"\s*#\s*el")
_GUARD = re.compile(r"^#ifndef (\w+)\n#define \1$", re.MULTILINE)
_KIND = re.compile(r"^#define (KWS_(?:FRONTEND_\w+|DC_BLOCK)) ([01])\b", re.MULTILINE)
_FOLDERS = (FIRMWARE_SOURCES.name, GENERATED)  # as for -I


class Tree:
    """The sources that a library is made of, by names such as ``firmware/kernels/tile.h``, ``c/engine.h``."""

    def __init__(self, generated: Mapping[str, str]) -> None:
        """Know the generated files by name, and firmware/; a name with a folder stands for a file of that.

        Of firmware/frontend there is what the front end of ``frontend_tables.h`` needs.
        """
        self._generated = {
            name if "/" in name else f"{GENERATED}/{name}": text for name, text in generated.items()
        }
        kinds = _KIND.findall(generated.get("frontend_tables.h", ""))
        self._kind = {name: int(value) for name, value in kinds}

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return name in self._generated or (FIRMWARE_SOURCES.parent / name).is_file()

    def read(self, name: str) -> str:
        """The text of a file."""
        if name in self._generated:
            return self._generated[name]
        text = (FIRMWARE_SOURCES.parent / name).read_text(encoding="utf-8")
        return resolve(text, self._kind) if name.startswith("firmware/frontend/") else text

    def flatten(self, name: str, seen: set[str]) -> str:
        """The text of a file with those that it includes in their place.

        A header that has a guard is left out where it was seen before; one without is a part of whatever
        includes it, and stays. What stands between #if and #endif counts as seen only there.

        Args:
            seen: headers that stand before this text; those that it brings are added.
        """
        text = self.read(name)
        base = 1 if _GUARD.search(text) else 0
        if base:
            seen.add(name)
        depth, scopes, lines = 0, [seen], []
        for line in text.splitlines():
            if _OPENS.match(line):
                depth += 1
                if depth > base:
                    scopes.append(set(scopes[-1]))
            elif _ELSE.match(line):
                if depth > base:
                    scopes[-1] = set(scopes[-2])
            elif _CLOSES.match(line):
                if depth > base:
                    scopes.pop()
                depth -= 1
            if found := _INCLUDE.match(line):
                lines += self._include(name, line, found, scopes[-1])
            else:
                lines.append(line)
        return "\n".join(lines) + "\n"

    def _include(self, name: str, line: str, found: re.Match[str], seen: set[str]) -> list[str]:
        """The lines that take the place of an #include."""
        target = self._find(name, found[2], is_quoted=found[1] == '"')
        if target is None:  # of the compiler, or of TFLite-Micro
            is_new = found[2] not in seen
            seen.add(found[2])
            return [line] if is_new else []
        if target in seen:
            return []
        return [f"// --- {target}", *self.flatten(target, seen).rstrip("\n").splitlines()]

    def _find(self, includer: str, name: str, is_quoted: bool) -> str | None:
        folders = [str(PurePosixPath(includer).parent)] if is_quoted else []
        for folder in [*folders, *_FOLDERS] if is_quoted else [GENERATED]:
            if self.has(f"{folder}/{name}"):
                return f"{folder}/{name}"
        return None

    def headers_of(self, sources: Iterable[str], seen: set[str]) -> str:
        """The headers of some sources, each once, in the order in which they need each other."""
        pieces = []
        for source in sources:
            for found in map(_INCLUDE.match, self.read(source).splitlines()):
                target = found and self._find(source, found[2], is_quoted=found[1] == '"')
                if target and target not in seen and _GUARD.search(self.read(target)):
                    pieces.append(f"// --- {target}\n{self.flatten(target, seen)}")
        return "\n".join(pieces)

    def join(self, sources: Iterable[str], seen: set[str]) -> str:
        """Sources one after the other, but for those in which nothing is left.

        Args:
            seen: what they include before all.
        """
        pieces, inside = [], set(seen)
        for source in sources:
            after = set(inside)
            if has_code(text := self.flatten(source, after)):
                pieces.append(f"// --- {source}\n{text}")
                inside = after
        return "\n".join(pieces)
