"""RESIZE_BILINEAR of an image."""

from codegen.ops._form import Code, Constant, Form
from codegen.ops._structs import one_line
from codegen.ops.resize_nearest_neighbor import resized

_PLACE, _PLACE_BYTES = "kws_resize_place", 12
_ONE = 1 << 10  # weight of a place that is met exactly


def generate(form: Form) -> Code:
    """Places are computed here, in steps of 1/1024.

    Source:
        tflite-micro, kernels/internal/reference/resize_bilinear.h, ResizeBilinearInteger.
    """
    form.same_quantization(form.input(), form.output)
    batch, (height, width), (output_height, output_width), channels = resized(form)
    rows = _places(form, height, output_height, width * channels)
    columns = _places(form, width, output_width, channels)
    names = [f"op_{form.op.index}_{side}" for side in ("rows", "columns")]
    tables = tuple(
        Constant(_PLACE, name, len(places), [f"{one_line(_PLACE, place)}," for place in places], _PLACE_BYTES)
        for name, places in zip(names, (rows, columns), strict=True)
    )
    return form.code(
        "resize_bilinear_s8",
        {
            "images": batch,
            "image_bytes": height * width * channels,
            "output_height": output_height,
            "output_width": output_width,
            "channels": channels,
            "rows": names[0],
            "columns": names[1],
        },
        form.input(),
        constants=tables,
        conditions=(f"KWS_RESIZE_ONE == {_ONE}",),
    )


def _places(form: Form, size: int, output_size: int, stride: int) -> list[dict[str, int]]:
    """Fields of kws_resize_place of each place of the output."""
    has_corners, has_centers = (bool(form.op.options.get(n)) for n in ("align_corners", "half_pixel_centers"))
    if has_corners and has_centers:
        raise form.refuse("align_corners and half_pixel_centers", "at most one of them")
    ends = 1 if has_corners and output_size > 1 else 0
    step = (_ONE * (size - ends) + (output_size - ends) // 2) // (output_size - ends)
    places = []
    for index in range(output_size):
        place = index * step + (step // 2 - _ONE // 2 if has_centers else 0)
        low = max(place // _ONE, 0)
        high = min(-(-place // _ONE), size - 1) if place > 0 else 0
        if low >= size:  # where the original reads behind the image
            raise form.refuse(f"{size} places shown as {output_size}", "fewer of them")
        places.append({"low": low * stride, "high": high * stride, "weight": place - low * _ONE})
    return places
