"""``c``: everything in one folder, for ``cc *.c``."""

from codegen.export.library import Library


def files(library: Library) -> dict[str, str]:
    """See ``FormatModule``."""
    return {
        **library.files,
        "example.c": library.render_of_kind("example.c"),
        "README.md": library.render("c/README.md"),
    }
