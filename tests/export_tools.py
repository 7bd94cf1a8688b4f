"""What tests of exported libraries share."""

from pathlib import Path

from codegen.export.library import Library

WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror")


def write(library: Library, folder: Path) -> list[Path]:
    """Write the files of a library; return those to be compiled."""
    for name, text in library.files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [folder / name for name in library.sources]
