"""A run folder whose firmware is to decide by a point of the test's choice."""

from pathlib import Path

from train.core import runfolder
from train.core.operating_point import (
    TUNED,
    OperatingPoint,
    OperatingPoints,
    Point,
    PointFigures,
    Points,
    PointTest,
    SplitStreams,
    StreamContent,
    Streams,
    original,
)

_NOTHING = PointFigures(
    false_accepts=0,
    false_accepts_per_hour=0.0,
    false_accepts_interval=(0.0, 0.0),
    false_accept_clips=0,
    said=0,
    false_rejects=0,
    false_rejects_interval=(0.0, 1.0),
)
_SILENCE = StreamContent(hours=0.0, words=0, clips=0)
_STREAMS = SplitStreams(spoken=_SILENCE, others=_SILENCE)


def put_in_force(run: Path, point: OperatingPoint) -> None:
    """operating_points.json with settings that nothing was measured of."""
    spec = runfolder.read_spec(run)
    test = PointTest(words=(), all=_NOTHING, confused=0, latency_ms=None)
    content = OperatingPoints(
        model_sha256=spec.artefacts[runfolder.TFLITE],
        labels=spec.labels,
        in_force=TUNED,
        target_false_accepts_per_hour=0.5,
        points=Points(
            original=Point(settings=original(len(spec.labels)), test=test),
            tuned=Point(settings=point, test=test),
        ),
        curves=(),
        windows=(),
        streams=Streams(validation=_STREAMS, testing=_STREAMS),
        settings={},
        corpus_sha256="0" * 64,
    )
    content.write(run / runfolder.OPERATING_POINTS)
