"""How long the next answer is waited for."""

import pytest

from hil.link.patience import AnswerWait, Patience

PATIENCE = Patience(answer_s=40.0)  # asked for again after 1 s, after 8 s at the latest


def test_each_silence_doubles_the_wait_and_an_answer_ends_that() -> None:
    wait = AnswerWait(PATIENCE)
    for silences, limit_s in enumerate([1, 2, 4, 8, 8]):
        wait.begin()
        assert (wait.silences, wait.left_s) == (silences, pytest.approx(limit_s, abs=0.1))
        wait.note_silence()
    assert wait.silent_s == 23
    wait.note_answer(took_s=0.1)
    assert (wait.silences, wait.silent_s, wait.left_s) == (0, 0, pytest.approx(1, abs=0.1))


def test_it_learns_longer_answers_at_once_and_shorter_ones_slowly() -> None:
    wait = AnswerWait(PATIENCE)
    wait.note_answer(took_s=2.0)
    assert wait.left_s == pytest.approx(6, abs=0.1)
    wait.note_answer(took_s=0.1)
    assert wait.left_s == pytest.approx(5.94, abs=0.1)
    wait.begin_anew()
    assert wait.left_s == pytest.approx(5.94, abs=0.1), "a new connection forgets silences alone"
    wait.note_answer(took_s=9.0)
    assert wait.left_s == pytest.approx(8, abs=0.1)
