"""READ_VARIABLE: what the variable holds."""

import math

from codegen.ops._form import Code, Form


def generate(form: Form) -> Code:
    """The variable itself, where nobody assigns to it before its last reader; else a copy."""
    form.count_inputs(1, 1)
    variable, output = form.state(0, "the variable", "int8"), form.output
    readers = [op.index for op in form.graph.ops if output.index in op.inputs]
    assigned = [op.index for op in form.graph.ops if variable.index in op.inputs[1:]]
    is_last = output.index in form.graph.outputs
    if not is_last and all(index > max(readers, default=0) for index in assigned):
        return Code(shares=variable.index)
    size = math.prod(output.shape)
    return Code(calls=(f"memcpy({form.ref(output)}, {form.ref(variable)}, {size});",))
