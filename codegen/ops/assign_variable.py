"""ASSIGN_VARIABLE: what it is given is what the variable holds from then on."""

import math

from codegen.ops._form import Code, Form


def generate(form: Form) -> Code:
    """A copy. Inputs: the value, then the variable."""
    form.count_inputs(2, 2, outputs=0)
    value, variable = form.input(0), form.state(1, "the variable", "int8")
    size = math.prod(variable.shape)
    return Code(
        calls=(f"memcpy({form.ref(variable)}, {form.ref(value)}, {size});",),
        constants=tuple(form.operands.values()),
    )
