"""What ``hil test``, ``stream``, ``build`` and ``bench`` leave of a board, of plausible figures."""

from typing import Any

LINK = {"frames_sent": 17_171, "frames_received": 17_000, "retries": 11, "crc_errors": 12, "restarts": 1}
STREAM = {
    "board": "host",
    "label": "emulated",
    "engine": "compiled",
    "build_id": "b1",
    "minutes": 1.5,
    "words": 3,
    "matched": 2,
    "correct": 1,
    "wrong": 1,
    "false_positives": 1,
    "wanted_words": 3,
    "false_rejects": 2,
    "false_accepts": 2,
    "false_accepts_per_hour": 80.04,
    "interval": [9.69, 289.0],
    "latency_ms": {"median": 412.4, "p90": 777.7},
    "per_label": [],
    "differences_to_host": {
        "detections": 0, "compared": 3, "scores_equal": True, "inferences_compared": 900, "first": None,
    },
    "complete": True,
    "operating_point": "original",
    "settings": {"seed": 1},
    "inferences": 900,
    "duration_s": 9.0,
    "audio_s_per_s": 10.0,
    "link": LINK,
    "truth": [{"label": "ja", "time_ms": at_ms} for at_ms in (1000.0, 4000.0, 61_000.0)],
    "detections": [
        {"time_ms": 2500, "label": "ja", "score": 220, "verdict": "correct", "said": "ja"},
        {"time_ms": 5500, "label": "<b>$5_$<b>", "score": 220, "verdict": "wrong", "said": "ja"},
        {"time_ms": 75_000, "label": "ja", "score": 220, "verdict": "false positive", "said": None},
    ],
}  # fmt: skip
SIZE = {
    "program": "proof", "engine": "tflm", "arena_bytes": 1, "flash_bytes": 2, "ram_bytes": 3,
    "stack_bytes": None,
}  # fmt: skip
BENCH = {
    "board": "host", "label": "emulated", "engine": "compiled", "build_id": "b1", "inference_count": 10,
    "ticks_per_s": 25_000_000, "inference_ticks": {"min": 1, "max": 2}, "row_ticks": {"min": 1, "max": 2},
    "instructions_per_inference": 1_234_567, "inference_us": None,
    "instructions_per_row": 34_567, "row_us": None,
    "stride_rows": 4, "rows_per_s": 50.0, "window_ticks": {"min": 1, "max": 2},
    "instructions_per_window": 234_567, "window_us": None,
    "arena_bytes": 5472, "flash_bytes": 31_664, "ram_bytes": 20_848, "stack_bytes": 484,
}  # fmt: skip
LAYERS = {
    "board": "host", "label": "emulated", "engine": "compiled",
    "layers": [
        {
            "index": 0, "name": "CONV_2D", "output": [49, 20, 8], "instructions": 300, "macs": 400,
            "constant_bytes": 392, "code_bytes": 2_136, "kernel": "conv_s8 5x5, tiles of 5", "form": "DSP",
        },
        {
            "index": 1, "name": "RESHAPE", "output": [7_840], "instructions": 100, "macs": 0,
            "constant_bytes": 0, "code_bytes": 0, "kernel": "", "form": "",
        },
    ],
}  # fmt: skip


def result(**changes: Any) -> dict[str, Any]:
    """A result.json."""
    return {
        "board": "host",
        "build_id": "b1",
        "front_end_sha256": "ab" * 32,
        "corpus_sha256": "cd" * 32,
        "seed": 1,
        "labels": ["_silence_", "_unknown_", "ja"],
        "accuracy": 0.9123,
        "interval": [0.88, 0.94],
        "clips": 500,
        "correct": 456,
        "confusion": [[0]],
        "per_class": [],
        "clips_asked": 500,
        "complete": True,
        "split": "testing",
        "int8_accuracy": 0.9123,
        "features_compared": 1_053_500,
        "features_differing": 7,
        "features_max_difference": 1,
        "scores_compared": 2500,
        "scores_differing": 0,
        "clips_differing": [],
        "proven": True,
        "clips_per_s": 23.45,
        "duration_s": 21.3,
        "failed": 0,
        "failed_clips": [],
        "link": LINK,
        "faults": [{"seed": 1, "frames": 9}],
        "feed": "serial",
        "engine": "compiled",
        "label": "emulated",
        "arena_bytes": 5472,
        "ticks_per_s": 0,
        "features_ticks": None,
        "inference_ticks": None,
        **changes,
    }
