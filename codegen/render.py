"""Fills a template. Templates hold no logic: they get finished strings."""

from pathlib import Path

import jinja2

from codegen.cformat import comment

_FOLDER = Path(__file__).parent
_environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader([_FOLDER / "templates", _FOLDER / "export" / "templates"]),
    undefined=jinja2.StrictUndefined,  # a name that is not there is an error, not nothing
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # C, not HTML
)
_environment.filters["comment"] = comment
_environment.filters["thousands"] = lambda number: "" if number is None else f"{number:,}"


def render(template: str, **context: object) -> str:
    """The text of ``<template>.j2``, in one of the folders of templates, with these names filled in.

    Raises:
        jinja2.UndefinedError: the template uses a name that is not given.
    """
    return _environment.get_template(f"{template}.j2").render(context)
