"""Fills a template. Templates hold no logic: they get finished strings."""

from pathlib import Path

import jinja2

_environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    undefined=jinja2.StrictUndefined,  # a name that is not there is an error, not nothing
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # C, not HTML
)


def render(template: str, **context: object) -> str:
    """The text of ``templates/<template>.j2`` with these names filled in.

    Raises:
        jinja2.UndefinedError: the template uses a name that is not given.
    """
    return _environment.get_template(f"{template}.j2").render(context)
