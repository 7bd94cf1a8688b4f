"""The recipe: which rate at which step, where training pauses, what is refused."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.core.errors import UserError
from train.settings.recipe import ONE_CYCLE, RECIPES, Recipe

RECIPE = Recipe(training_steps=(10, 5, 3), learning_rates=(0.1, 0.01, 0.001), eval_step_interval=4)


def test_defaults_are_the_original_s():
    recipe = Recipe()
    assert (recipe.training_steps, recipe.learning_rates) == ((12000, 3000), (0.001, 0.0001))
    assert (recipe.batch_size, recipe.dropout, recipe.eval_step_interval) == (100, 0.5, 400)
    assert recipe.total_steps == 15000


@pytest.mark.parametrize(
    ("step", "rate"), [(1, 0.1), (10, 0.1), (11, 0.01), (15, 0.01), (16, 0.001), (18, 0.001), (19, 0.001)]
)
def test_rate_is_that_of_the_first_phase_not_yet_over(step, rate):
    assert RECIPE.rate_at(step) == rate


def test_stops():
    stops, step = [], 0
    while step < RECIPE.total_steps:
        step = RECIPE.next_stop(step, chunk_steps=3)
        stops.append(step)
    assert stops == [3, 4, 7, 8, 10, 12, 15, 16, 18]


@given(
    st.lists(st.integers(1, 50), min_size=1, max_size=4), st.integers(1, 60), st.integers(1, 60), st.data()
)
def test_no_stop_passes_a_validation_or_the_end_of_a_phase(steps, interval, chunk, data):
    recipe = Recipe(tuple(steps), (0.1,) * len(steps), eval_step_interval=interval)
    step = data.draw(st.integers(0, recipe.total_steps - 1))
    stop = recipe.next_stop(step, chunk)
    assert step < stop <= min(step + chunk, recipe.total_steps)
    passed = range(step + 1, stop)
    assert not any(here % interval == 0 for here in passed)
    assert len({recipe.rate_at(here) for here in range(step + 1, stop + 1)}) == 1
    assert not {sum(steps[: count + 1]) for count in range(len(steps))} & set(passed)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"training_steps": (1, 2, 3)}, "--training-steps names 3 phases and --learning-rate 2"),
        ({"training_steps": (), "learning_rates": ()}, "--training-steps names 0 phases"),
        ({"training_steps": (0, 1)}, "--training-steps is 0,1, expected more than 0"),
        ({"learning_rates": (0.1, -0.1)}, "--learning-rate is 0.1,-0.1, expected more than 0"),
        ({"learning_rates": (0.1, float("nan"))}, "--learning-rate is 0.1,nan"),
        ({"batch_size": 0}, "--batch-size is 0"),
        ({"eval_step_interval": 0}, "--eval-step-interval is 0"),
        ({"dropout": 1.0}, "--dropout is 1.0, expected 0 to less than 1"),
        ({"dropout": -0.1}, "--dropout is -0.1"),
        ({"optimizer": "sgd"}, "--optimizer is 'sgd', expected one of gradient_descent, momentum, adam"),
    ],
)
def test_refuses(settings, message):
    with pytest.raises(UserError, match=message):
        Recipe(**settings)


def test_one_cycle_rises_in_a_tenth_and_falls_to_nothing():
    recipe = Recipe((1000,), (0.5,), schedule=ONE_CYCLE)
    rates = [recipe.rate_at(step) for step in range(1, 1001)]
    assert max(rates) == pytest.approx(0.5, rel=1e-3)
    assert rates.index(max(rates)) in (98, 99, 100)
    assert all(a <= b for a, b in itertools.pairwise(rates[:100]))
    assert all(a >= b for a, b in itertools.pairwise(rates[100:]))
    assert rates[549] == pytest.approx(0.25, rel=0.01)  # half way down
    assert 0 < rates[-1] < 0.002


def test_every_phase_is_a_cycle_of_its_own():
    recipe = Recipe((100, 50), (0.5, 0.1), schedule=ONE_CYCLE)
    assert recipe.rate_at(10) == pytest.approx(0.5, rel=1e-2)
    assert recipe.rate_at(100) < 0.002
    assert recipe.rate_at(105) == pytest.approx(0.1, rel=1e-2)
    assert recipe.rate_at(1000) == 0.1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"schedule": "waves"}, "--schedule is 'waves', expected one of phases, one_cycle"),
        ({"label_smoothing": 1.0}, "--label-smoothing is 1.0, expected 0 to less than 1"),
        ({"average_steps": -1}, "--average-steps is -1, expected 0 or more"),
        ({"patience_steps": -1}, "--patience-steps is -1, expected 0 or more"),
        ({"class_balance": 1.5}, "--class-balance is 1.5, expected 0 to 1"),
        ({"hard_negatives": 0.5}, "--hard-negatives is 0.5, expected 1 to 100, or 0 for none"),
        ({"teacher_scores": "old"}, "--teacher-scores is 'old', expected one of live, cached"),
        ({"unknown_per_word": 0}, "--unknown-per-word is 0, expected more than 0, up to 100 .*percentage 0"),
        ({"unknown_bias": "2"}, "--unknown-bias is '2', expected one of as_trained, validation"),
        ({"temperature": "2"}, "--temperature is '2', expected one of as_trained, validation"),
        ({"teacher_share": 0}, "--teacher-share is 0, expected more than 0"),
        ({"teacher_temperature": 0}, "--teacher-temperature is 0, expected more than 0"),
    ],
)
def test_refuses_settings_of_what_is_aimed_at(settings, message):
    with pytest.raises(UserError, match=message):
        Recipe(**settings)


@pytest.mark.parametrize(
    ("recipe", "total", "phases"),
    [
        ("original", 10, (8, 2)),
        ("original", 4000, (3200, 800)),
        ("original", 7, (6, 1)),
        ("original", 2, (1, 1)),
        ("original", 1, (1, 1)),  # each phase at least one
        ("strong", 10, (10,)),
    ],
)
def test_one_number_of_steps_is_divided_as_the_phases_are(recipe, total, phases):
    assert RECIPES[recipe].changed(training_steps=(total,)).training_steps == phases


@given(st.lists(st.integers(1, 50), min_size=1, max_size=4), st.integers(1, 300))
def test_what_is_divided_stays_as_many(steps, total):
    divided = Recipe(tuple(steps), (0.1,) * len(steps)).changed(training_steps=(total,)).training_steps
    assert min(divided) >= 1
    assert sum(divided) == max(total, len(steps))


def test_one_number_of_steps_for_phases_that_are_given():
    original = RECIPES["original"]
    assert original.changed(training_steps=(10,), learning_rates=(0.1,)).training_steps == (10,)
    assert original.changed(training_steps=(10,), learning_rates=(0.1, 0.2)).training_steps == (8, 2)
    assert original.changed(training_steps=(5, 6)).training_steps == (5, 6)
    with pytest.raises(UserError, match="names 1 phase and --learning-rate 3; expected as many of each"):
        original.changed(training_steps=(10,), learning_rates=(1, 1, 1))
