"""The same short training on the first core alone and on all: ``name sha256`` lines of what each made.

A process that has TensorFlow imported, and has computed nothing, is forked for each.
"""

import hashlib
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from train.core.native import import_tensorflow

STEPS = 12


def make(architecture: str, run: Path) -> None:
    """model.pb, model.tflite and the sums of all weights, from seeds alone."""
    from quantize.convert import convert
    from quantize.slim import slim
    from train import architectures
    from train.core.spec import ModelSpec, labels_for
    from train.data.feature_cache import Bank
    from train.graphdef.freeze import freeze
    from train.settings.recipe import Recipe
    from train.training.trainer import Trainer, make_deterministic

    seed = 7
    make_deterministic(seed)
    front_end = architectures.front_end_of(architecture)
    spec = ModelSpec(labels_for(("yes",)), architecture, front_end, seed)
    generator = np.random.default_rng(seed)
    shape = (200, front_end.frames, front_end.bins)
    bank = Bank(generator.integers(0, 200, shape, dtype=np.uint8), np.arange(200, dtype=np.int64) % 3)
    recipe = Recipe(training_steps=(STEPS,), learning_rates=(0.001,), eval_step_interval=STEPS)
    model = architectures.build(architecture, front_end, len(spec.labels), recipe.dropout, seed)
    Trainer(model, spec, recipe, bank, bank, run).run()
    (run / "model.pb").write_bytes(freeze(model, front_end))
    np.savez(run / "weights.npz", *model.get_weights())
    tflite = slim(convert(model, bank.features[:20], front_end, "model.tflite"), "model.tflite")
    (run / "model.tflite").write_bytes(tflite)


def main() -> None:
    """For each architecture named: on one core, on all."""
    import_tensorflow()
    cores = sorted(os.sched_getaffinity(0))
    for architecture in sys.argv[1:]:
        for allowed in (cores[:1], cores):
            sys.stdout.flush()
            child = os.fork()
            if child:
                if os.waitpid(child, 0)[1]:
                    sys.exit("a training failed")
                continue
            os.sched_setaffinity(0, allowed)
            with tempfile.TemporaryDirectory() as folder:
                make(architecture, Path(folder))
                for name in ("model.pb", "model.tflite", "weights.npz"):
                    digest = hashlib.sha256((Path(folder) / name).read_bytes()).hexdigest()
                    sys.stdout.write(f"{architecture} {name} {len(allowed)} {digest}\n")
                sys.stdout.flush()
            os._exit(0)


if __name__ == "__main__":
    main()
