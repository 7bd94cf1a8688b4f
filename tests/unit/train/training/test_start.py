"""Transfer: what is taken of another run, what is trained when, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from train import architectures
from train.core.errors import UserError
from train.core.pretrained.models import run_of
from train.core.spec import FrontEnd
from train.settings.job import Job
from train.settings.presets import BEST, ORIGINAL, PRESETS
from train.settings.recipe import RECIPES, STRONG, Recipe
from train.training import start

NAME = "yes_no"  # ships: the network and the front end of --preset best
JOB = Job(
    ("no", "alexa"),
    architecture=PRESETS[BEST].architecture,
    front_end=FrontEnd(PRESETS[BEST].preprocess, dc_block=True),
    start_from=start.start_of(NAME),
)


def test_trunk_and_known_rows_of_the_head_are_taken() -> None:
    pytest.importorskip("tensorflow")
    source = architectures.load(run_of(NAME) / "model.keras")
    model = architectures.build(JOB.architecture, JOB.front_end, len(JOB.spec.labels), 0.1, JOB.seed)
    untouched = start.head_of(model).get_weights()
    start.begin(model, JOB)
    head = start.head_of(model)
    for layer in model.layers:
        if layer.weights and layer is not head:
            taken = source.get_layer(layer.name).get_weights()
            assert all(map(np.array_equal, layer.get_weights(), taken)), layer.name
    theirs = source.get_layer(head.name).get_weights()
    for mine, before, other in zip(head.get_weights(), untouched, theirs, strict=True):
        assert np.array_equal(mine[..., [0, 1, 2]], other[..., [0, 1, 3]])  # silence, unknown, no
        assert np.array_equal(mine[..., 3], before[..., 3])
    start.only_head(model, True)
    assert [id(weight) for weight in model.trainable_variables] == [id(weight) for weight in head.weights]
    start.only_head(model, False)
    assert len(model.trainable_variables) > len(head.weights)


def test_head_alone_is_refused() -> None:
    pytest.importorskip("tensorflow")
    job = replace(JOB, architecture="single_fc")
    model = architectures.build("single_fc", job.front_end, 4, 0.1, 1)
    with pytest.raises(UserError, match="one layer alone"):
        start.begin(model, job)


@pytest.mark.parametrize("recipe", [Recipe(), RECIPES[STRONG], Recipe((2,), (0.1,))])
def test_two_stages_take_the_steps_of_one(recipe: Recipe) -> None:
    for recordings, is_gentle in ((0, True), (199, True), (200, False)):
        head, all_weights = start.recipes(recipe, recordings)
        assert head.total_steps + all_weights.total_steps == recipe.total_steps
        assert max(head.learning_rates) == max(recipe.learning_rates)
        assert (max(all_weights.learning_rates) < max(head.learning_rates)) == is_gentle


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, None),
        (
            {"architecture": "ds_cnn"},
            "its network is spectro_temporal, that of this job ds_cnn; pass --preset best",
        ),
        ({"front_end": FrontEnd("log")}, "its front end has name log_mel.*pass --preset best"),
        (
            {"front_end": replace(JOB.front_end, clip_duration_ms=1500)},
            None,  # weights are for any length
        ),
        (
            {"front_end": replace(JOB.front_end, clip_duration_ms=1500, window_stride_ms=10)},
            "clip_duration_ms 1000, window_stride_ms 20, that of this job 1500, 10; "
            "pass --preset best --clip-duration-ms 1000",
        ),
        ({"start_from": replace(JOB.start_from, sha256="0" * 64)}, "no longer the model"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_would(changes: dict[str, object], says: str | None) -> None:
    job = replace(JOB, **changes)
    if says is None:
        start.check_start(job)
        return
    with pytest.raises(UserError, match=f"--start-from {NAME}: .*{says}") as refused:
        start.check_start(job)
    assert "\n" not in str(refused.value)


def test_weights_of_a_network_that_depends_on_the_length_do_not_fit_another() -> None:
    pytest.importorskip("tensorflow")
    job = Job(("no",), front_end=replace(FrontEnd(), clip_duration_ms=1500))
    begun_with = Job(("no",)).spec
    assert not start._has_weights_for_any_length(begun_with, job)
    assert start._has_weights_for_any_length(begun_with, Job(("no",)))


def test_the_start_of_a_preset_is_the_model_that_ships_whatever_is_here(tmp_path, monkeypatch) -> None:
    preset = PRESETS[BEST]
    front_end = FrontEnd(preset.preprocess, dc_block=True)
    (tmp_path / preset.start_from).mkdir()
    monkeypatch.chdir(tmp_path)
    usual = start.usual_start(preset, preset.architecture, front_end)
    assert usual is not None
    start.check_start(Job(("no",), architecture=preset.architecture, front_end=front_end, start_from=usual))
    assert start.usual_start(preset, "ds_cnn", front_end) is None
    assert start.usual_start(preset, preset.architecture, replace(front_end, mel_top_hz=7600)) is None
    assert start.usual_start(PRESETS[ORIGINAL], preset.architecture, front_end) is None
