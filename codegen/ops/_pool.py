"""What the two poolings share."""

from codegen.ops._form import Code, Form


def pool(form: Form, kernel: str, needs_row: bool = False) -> Code:
    """A call to one of the kernels of pool_s8.h.

    Args:
        needs_row: whether it takes scratch memory for a row of the image.
    """
    form.count_inputs(1, 1)
    form.same_quantization(form.input(), form.output)
    height, width, channels = form.image(form.input())
    output_height, output_width, output_channels = form.image(form.output)
    if channels != output_channels:
        raise form.refuse(f"{channels} input and {output_channels} output channels", "as many")
    filter_height, filter_width = form.option("filter_height", 1), form.option("filter_width", 1)
    return form.code(
        kernel,
        {
            "input_height": height,
            "input_width": width,
            "filter_height": filter_height,
            "filter_width": filter_width,
            "output_height": output_height,
            "output_width": output_width,
            "channels": channels,
            "stride_height": form.option("stride_h", 1),
            "stride_width": form.option("stride_w", 1),
            "padding_top": form.padding("h", height, filter_height, output_height),
            "padding_left": form.padding("w", width, filter_width, output_width),
            **form.activation(),
        },
        form.input(),
        header="pool_s8",
        scratch_bytes=width * channels if needs_row else 0,
    )
