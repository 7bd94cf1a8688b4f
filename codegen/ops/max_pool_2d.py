"""MAX_POOL_2D."""

from codegen.ops._form import Code, Form
from codegen.ops._pool import pool


def generate(form: Form) -> Code:
    """Padding does not count: windows end where the image ends."""
    return pool(form, "max_pool_s8", needs_row=True)
