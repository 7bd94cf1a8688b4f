"""The C library of a run: kws.h, which is all that others see of it, and what it decides by."""

from codegen import cformat
from codegen.frontend_tables import state_bytes
from codegen.render import render
from train.core.installation import earshot_version
from train.core.operating_point import RECOGNIZER_CAPACITY, OperatingPoint
from train.core.spec import SILENCE_LABEL, UNKNOWN_LABEL, FrontEnd, ModelSpec

HEADER, SETTINGS = "kws.h", "kws_settings.c"
# Samples that wait while an inference runs: as long as the slowest of our boards takes for one.
BUFFER_MS = 100


def library_files(banner: str, spec: ModelSpec, name: str, point: OperatingPoint) -> dict[str, str]:
    """kws.h and kws_settings.c of the operating point called ``name``."""
    header = library_header(banner, spec, point.stride_rows)
    return {HEADER: header, SETTINGS: _settings(banner, spec, name, point)}


def library_header(banner: str, spec: ModelSpec, stride_rows: int, model_bytes: int | None = None) -> str:
    """kws.h.

    Args:
        stride_rows: from one inference to the next.
        model_bytes: of a kws_model; None leaves that to engine.h.
    """
    front_end = spec.front_end
    words = [label for label in spec.labels if label not in (SILENCE_LABEL, UNKNOWN_LABEL)]
    samples = buffer_samples(front_end)
    return render(
        HEADER,
        banner=banner,
        words=cformat.comment(", ".join(words)),
        version=earshot_version(),
        sample_rate_hz=front_end.sample_rate_hz,
        label_count=len(spec.labels),
        first_word=len(spec.labels) - len(words),
        stride_rows=stride_rows,
        row_ms=front_end.window_stride_ms,
        capacity=RECOGNIZER_CAPACITY,
        buffer_samples=samples,
        buffer_ms=samples * 1000 // front_end.sample_rate_hz,
        model_bytes=model_bytes,
        state_bytes=listener_bytes(front_end, len(spec.labels)) - 2 * samples,
        bins=front_end.bins,
    )


def _settings(banner: str, spec: ModelSpec, name: str, point: OperatingPoint) -> str:
    return render(
        SETTINGS,
        banner=banner,
        name=name,
        sha256=point.sha256,
        labels=[cformat.string_literal(label) for label in spec.labels],
        window_ms=point.window_ms,
        suppression_ms=point.suppression_ms,
        minimum_count=point.minimum_count,
        suppress_each_word=int(point.suppress_each_word),
        thresholds=[
            (threshold, cformat.comment(label))
            for threshold, label in zip(point.thresholds, spec.labels, strict=True)
        ],
    )


def buffer_samples(front_end: FrontEnd) -> int:
    """Samples that kws_push() has room for: a power of two."""
    return 1 << (front_end.sample_rate_hz * BUFFER_MS // 1000 - 1).bit_length()


def listener_bytes(front_end: FrontEnd, label_count: int) -> int:
    """Memory of a kws_stream beside the model's: kws_state of firmware/listener/stream.h."""
    point = 4 * 4 + _up(label_count, 4)
    scores = _up(RECOGNIZER_CAPACITY * label_count, 4)
    recognizer = point + 4 * (label_count + RECOGNIZER_CAPACITY + 5) + scores
    numbers = 8 + 9 * 4  # sample_count and those of 32 bits
    arrays = 2 * buffer_samples(front_end) + front_end.feature_count + label_count
    return _up(numbers + state_bytes(front_end) + recognizer + arrays, 8)


def _up(count: int, unit: int) -> int:
    return -(-count // unit) * unit
