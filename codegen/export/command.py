"""``earshot export RUN --to FORMAT --out FOLDER``: the model as a C library for a project of one's own."""

import argparse
from dataclasses import replace
from pathlib import Path

from codegen.command import check_place
from codegen.export.formats import FORMATS
from train.core import runfolder
from train.core.command_line import rare
from train.core.console import log, say
from train.core.errors import UserError, suggestion
from train.core.manifest import COMPILED, ENGINES
from train.core.pretrained.models import run_of


def add_flags(parser: argparse.ArgumentParser) -> None:
    """What goes where."""
    parser.description = (
        "Write a run as a C library: front end, model, thresholds, and a README.md that says how to use "
        "it. A single .tflite is written without front end."
    )
    parser.epilog = "formats:\n" + "\n".join(f"  {name:<12}{it.summary}" for name, it in FORMATS.items())
    parser.add_argument(
        "model",
        metavar="RUN|MODEL.tflite",
        type=run_of,
        help="run folder, such as out/yes_no, a name of earshot models, or one file",
    )
    parser.add_argument("--to", metavar="FORMAT", required=True, help="one of those below")
    parser.add_argument("--out", metavar="FOLDER", type=Path, required=True, help="where it goes")
    parser.add_argument("--prefix", metavar="NAME", help="what names in C begin with; else the words: yes_no")
    parser.add_argument(
        "--engine",
        choices=ENGINES,
        default=COMPILED,
        help=rare("compiled needs nothing; tflm needs the TFLite-Micro package of the ecosystem"),
    )
    for flag, what in (("--author", "NAME"), ("--website", "URL")):
        parser.add_argument(flag, metavar=what, default="", help=rare("in the manifest of --to esphome"))
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help=rare("write into a folder that holds other files, or a changed export; other files stay"),
    )


def run(flags: argparse.Namespace) -> None:
    """Write the folder; its path goes to stdout."""
    if flags.to not in FORMATS:
        raise UserError(f"--to {flags.to}: no such format; {suggestion(flags.to, FORMATS)}")
    format = FORMATS[flags.to]
    if flags.prefix is not None and not format.holds_library:
        raise UserError(
            f"--prefix {flags.prefix}: the files of --to {format.name} have the names that others gave them; "
            "leave it out"
        )
    for flag, value in (("--author", flags.author), ("--website", flags.website)):
        if value and not format.names_author:
            named = ", ".join(it.name for it in FORMATS.values() if it.names_author)
            raise UserError(f"{flag} {value}: only --to {named} says who made a model; leave it out")
    check_place(flags.model)

    from codegen.export.folder import README, check, contents_of, write
    from codegen.export.library import load_library  # here, so that --help need not wait for NumPy

    check(flags.out, flags.overwrite)
    with runfolder.reading(flags.model):
        library = load_library(flags.model, flags.prefix, format.engine or flags.engine)
        library = replace(library, author=flags.author, website=flags.website)
        contents = contents_of(library, format)
    with runfolder.writing(flags.out):
        check(flags.out, flags.overwrite)  # once more: now nobody else writes there
        paths = write(flags.out, contents)
    for path in paths:
        log(f"wrote {path} ({path.stat().st_size} bytes)")
    if format.holds_library:
        ram = f"{library.memory_bytes:,} bytes of RAM ({library.memory_source})"
        log(f"{ram}, about {library.flash_bytes:,} of flash ({library.flash_source})")
    log(f"{flags.out / README} says how to go on")
    say(str(flags.out))
