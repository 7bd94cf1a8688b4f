"""``cmake``: a project for ``add_subdirectory()``, and a package for ``find_package()``."""

from codegen.export.library import Library


def files(library: Library) -> dict[str, str]:
    """See ``FormatModule``."""
    sources = {f"src/{name}": text for name, text in library.files.items() if name != library.header}
    return {
        **sources,
        f"include/{library.header}": library.files[library.header],
        "CMakeLists.txt": library.render(f"cmake/CMakeLists_{library.engine}.txt"),
        "example/CMakeLists.txt": library.render("cmake/example.txt"),
        "example/example.c": library.render_of_kind("example.c"),
        "README.md": library.render("cmake/README.md", input=" < recording.wav" * library.has_front_end),
    }
