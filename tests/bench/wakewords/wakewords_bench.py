"""Wake words that keep state, over long audio: ``make bench-wakewords``, to out/bench/wakewords.json.

The models that pymicro-wakeword brings, by our compiled engine and by TFLite-Micro. With RUN=FOLDER, which
needs a run for ``earshot export --to esphome``, its export as well: by TFLite-Micro beside the windows of the
run, by pymicro-wakeword beside TFLite-Micro, and what pymicro-wakeword hears beside our listener. With
MODELS=FOLDER, the .tflite of collections, a folder each in it, for the table in docs/ESPHOME.md.
"""

import argparse
import contextlib
import io
import tarfile
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import document_table
import numpy as np
import public_models  # beside this file
from numpy.typing import NDArray
from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures
from pymicro_wakeword.const import Model

from codegen.cformat import identifiers
from codegen.export.folder import contents_of, write
from codegen.export.formats import FORMATS
from codegen.export.library import load_library
from codegen.native import NativeEngine, fastest_scorer
from train.audio import wav
from train.core import console, runfolder
from train.core.layout import TESTING
from train.core.manifest import TFLM
from train.core.operating_point import in_force
from train.core.spec import FrontEnd, ModelSpec
from train.data.job_data import gather
from train.detection.labelled_stream import StreamSettings, make_stream
from train.detection.reference_listener import recognize, stream_rows, stream_scores
from train.settings.job import read_job
from train.tflite.tflm import TflmModel

OUT = Path("out/bench/wakewords.json")
RECORDINGS = Path(__file__).parents[4] / "shared" / "data" / "speech_commands_dev.tar.xz"
RATE_HZ, TOLERANCE_MS = 16000, 1500
_FRONT_END = FrontEnd("micro", window_stride_ms=10)


def main() -> None:
    """Compare what the flags name."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", nargs="*", type=Path, help="run folders with a wake word")
    parser.add_argument(
        "--models", type=Path, metavar="FOLDER", help="of collections of .tflite, a folder each"
    )
    parser.add_argument("--each", type=int, default=5, help="models of one shape (%(default)s)")
    parser.add_argument("--minutes", type=float, default=10, help="of audio (%(default)s)")
    parser.add_argument(
        "--spoken-minutes", type=float, default=60, help="in which the run's own voices speak (%(default)s)"
    )
    parser.add_argument("--recordings", type=Path, default=RECORDINGS, help="an archive of WAV")
    flags = parser.parse_args()
    samples = audio(flags.recordings, flags.minutes)
    rows = stream_rows(samples, _FRONT_END)
    results = [of_the_package(model.value, rows) for model in Model]
    for run in flags.run:
        results += of_a_run(run, samples, rows, flags.spoken_minutes)
    if flags.models:
        public = []
        for row in public_models.compare(flags.models, flags.each, rows, in_strides):
            console.log(" ".join(f"{key} {value}" for key, value in row.items()))
            public.append(row)
        document_table.write("ESPHOME.md", "make bench-wakewords", public_models.table(public))
        results += public
    runfolder.write_json(OUT, results)
    console.log(f"wrote {OUT}")


def audio(archive: Path, minutes: float) -> NDArray[np.int16]:
    """Recordings one behind the other, with pauses of quiet noise between them; the same every time."""
    count, rng = int(minutes * 60 * RATE_HZ), np.random.default_rng(1)
    pieces: list[NDArray[np.int16]] = []
    length = 0
    with tarfile.open(archive) as packed:
        for member in packed:
            if length >= count:
                break
            file = packed.extractfile(member) if member.name.endswith(".wav") else None
            if file is None:
                continue
            clip = wav.decode_wav(file.read(), RATE_HZ)[: 10 * RATE_HZ]
            pause = rng.normal(0, 30, int(rng.uniform(0.2, 1.0) * RATE_HZ)).astype(np.int16)
            pieces += [clip, pause]
            length += len(clip) + len(pause)
    return np.concatenate(pieces)[:count]


def of_the_package(name: str, rows: NDArray[np.int8]) -> dict[str, Any]:
    """A model of pymicro-wakeword by our engine and by TFLite-Micro."""
    with _quietly():
        client = MicroWakeWord.from_builtin(Model(name))
    tflite = Path(client.tflite_model).read_bytes()
    given = in_strides(rows, client.stride)
    expected = TflmModel(tflite, name).run(given)
    found = NativeEngine(tflite, name).run(given)
    return _row(
        name, f"pymicro-wakeword {version('pymicro-wakeword')}", "our engine, TFLite-Micro", found, expected
    )


def spoken_by_voices(run: Path, spec: ModelSpec, minutes: float) -> NDArray[np.int16]:
    """What the test voices of a run say in noise, the words and others; they are not in the recordings."""
    material = gather(read_job(run), (TESTING,))
    settings = StreamSettings(minutes=minutes)
    return make_stream(material.audio_of(TESTING), material.splits[TESTING], spec, settings).samples


def of_a_run(
    run: Path, samples: NDArray[np.int16], rows: NDArray[np.int8], spoken_minutes: float
) -> Iterator[dict[str, Any]]:
    """Each word of a run: its export, and what is heard."""
    library = load_library(run, engine=TFLM)
    spec = runfolder.read_spec(run)
    whole = fastest_scorer(library.tflite, str(run))
    _, point = in_force(run, spec)
    spoken = spoken_by_voices(run, spec, spoken_minutes)
    heard = recognize(*stream_scores(whole, spoken, spec.front_end, point.stride_rows), point)
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), contents_of(library, FORMATS["esphome"]))
        for word, stem in zip(spec.words, identifiers(spec.words, otherwise="word"), strict=True):
            path, label = Path(folder) / f"{stem}.json", spec.labels.index(word)
            name = f"{run.name}/{path.stem}"
            source = f"earshot export {run.name} --to esphome"
            with _quietly():
                client = MicroWakeWord.from_config(path)
            given = in_strides(rows, client.stride)
            made = TflmModel(path.with_suffix(".tflite").read_bytes(), name).run(given)
            ends = [
                end
                for end in range(client.stride, len(rows) + 1, client.stride)
                if end >= spec.front_end.frames
            ]
            windows = np.lib.stride_tricks.sliding_window_view(rows, spec.front_end.frames, axis=0)
            chosen = windows[ends[0] - spec.front_end.frames :: client.stride].transpose(0, 2, 1)
            expected = whole(chosen)[:, label]
            late = made[len(made) - len(ends) :]
            yield _row(
                name, source, "TFLite-Micro, windows of the run", late, expected[:, None].astype(int) + 128
            )
            scores, _ = by_client(client, samples)
            yield _row(name, source, "pymicro-wakeword, TFLite-Micro", scores, made[: len(scores)])
            with _quietly():
                client = MicroWakeWord.from_config(path)
            scores, times_ms = by_client(client, spoken)
            ours = [it.time_ms for it in heard if it.label == label]
            yield {
                "model": name,
                "source": source,
                "compared": "heard by pymicro-wakeword, by our listener",
                "windows": len(scores),
                "heard": len(times_ms),
                "heard_by_us": len(ours),
                "differing": differing(times_ms, ours),
            }


def by_client(client: MicroWakeWord, samples: NDArray[np.int16]) -> tuple[NDArray[np.uint8], list[int]]:
    """(inferences, 1) probabilities in 256ths, and when pymicro-wakeword hears the word."""
    scores, times_ms, last_ms = [], [], -TOLERANCE_MS
    for row, features in enumerate(MicroWakeWordFeatures().process_streaming(samples.tobytes())):
        is_heard = client.process_streaming(features)
        if (row + 1) % client.stride:
            continue
        scores.append(round(256 * client._probabilities[-1]))
        now_ms = _FRONT_END.window_size_ms + row * _FRONT_END.window_stride_ms
        if is_heard and now_ms - last_ms > TOLERANCE_MS:
            times_ms.append(now_ms)
            last_ms = now_ms
    return np.array(scores, np.uint8)[:, None], times_ms


def differing(one: list[int], other: list[int]) -> int:
    """Times that have none of the others near them."""
    left = list(other)
    alone = 0
    for time_ms in one:
        near = next((it for it in left if abs(it - time_ms) <= TOLERANCE_MS), None)
        if near is None:
            alone += 1
        else:
            left.remove(near)
    return alone + len(left)


def in_strides(rows: NDArray[np.int8], stride: int) -> NDArray[np.int8]:
    """(inferences, stride, bins): rows that an inference takes."""
    count = len(rows) // stride
    return rows[: count * stride].reshape(count, stride, -1)


def _row(
    name: str, source: str, compared: str, found: NDArray[Any], expected: NDArray[Any]
) -> dict[str, Any]:
    apart = np.abs(found.astype(int) - expected.astype(int))
    row = {
        "model": name,
        "source": source,
        "compared": compared,
        "windows": len(found),
        "differing": int((apart > 0).sum()),
        "most_apart": int(apart.max(initial=0)),
        "label": "host",
    }
    console.log(" ".join(f"{key} {value}" for key, value in row.items()))
    return row


def _quietly() -> contextlib.AbstractContextManager[Any]:
    """It prints each manifest."""
    return contextlib.redirect_stdout(io.StringIO())


if __name__ == "__main__":
    console.run(main)
