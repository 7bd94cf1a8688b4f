"""Where the sources lie in formats that keep what is included apart from what is compiled."""

from codegen.export.library import Library


def include_and_src(library: Library) -> dict[str, str]:
    """The public header in include/, everything else in src/."""
    return {
        f"{'include' if name == library.header else 'src'}/{name}": text
        for name, text in library.files.items()
    }
