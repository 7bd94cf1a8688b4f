"""The dialogue: takes from a scene that is played to it, keys that are pressed meanwhile."""

import numpy as np
import pytest
from spoken_scenes import RATE_HZ, overdriven, recording, word

from hil.recording.recorder import Plan, Recorder, keep_words
from hil.recording.take_files import TakeFiles
from train.core.errors import UserError

_BLOCK = RATE_HZ // 20


class Scene:
    """Samples as a microphone gives them, and keys at their time."""

    name, overruns = "scene", 0

    def __init__(self, samples, keys=(), lost_at_s=None) -> None:
        self._samples, self._place = samples, 0
        self._keys, self._lost_at_s = sorted(keys), lost_at_s

    def pieces(self):
        while len(block := self._samples[self._place : self._place + _BLOCK]):
            self._place += _BLOCK
            if self._lost_at_s is not None and self._place / RATE_HZ > self._lost_at_s:
                self.overruns, self._lost_at_s = 1, None
            yield block
        raise EOFError("it asked for more than there is")

    def pressed(self) -> str:
        if self._keys and self._place / RATE_HZ >= self._keys[0][0]:
            return self._keys.pop(0)[1]
        return ""


def sit(tmp_path, scene, words=("an", "aus"), takes=2, with_room=False):
    """One sitting; whether it was done, the files, and what the line of the level said."""
    files = TakeFiles(tmp_path / "mine", words, "anna", RATE_HZ)
    shown = []
    done = Recorder(scene, files, Plan(words, takes, with_room), scene, shown.append).run()
    return done, files, shown


def said(*starts_s, seconds=20.0, peak=6000):
    return recording(seconds, *((start_s, word(peak=peak)) for start_s in starts_s))


def test_take_after_take(tmp_path, capsys):
    done, files, shown = sit(tmp_path, Scene(said(1, 3, 5, 7)))
    assert done
    assert (files.count("an"), files.count("aus")) == (2, 2)
    text = capsys.readouterr().err
    assert 'say "an" whenever it is quiet, 2 times:' in text
    assert "2 of 2  0.5 s, -1" in text
    assert max(map(len, shown)) < 80
    assert any("an  1 of 2  [###" in line for line in shown)


def test_what_will_not_do_is_asked_for_again(tmp_path, capsys):
    samples = overdriven(said(1, 3, 7, 9, 11, 13), 3, 4)
    done, files, _ = sit(tmp_path, Scene(samples, lost_at_s=7.2))
    assert done
    assert (files.count("an"), files.count("aus")) == (2, 2)
    text = capsys.readouterr().err
    assert "once more: it is clipped" in text
    assert "once more: samples were lost on the way here" in text


def test_keys(tmp_path, capsys):
    scene = Scene(said(1, 4, 6, 9), keys=[(2.8, "r"), (5.8, "s"), (8.5, "q")])
    done, files, _ = sit(tmp_path, scene)
    assert done is False
    assert (files.count("an"), files.count("aus")) == (1, 1)
    text = capsys.readouterr().err
    assert 'the last take of "an" is gone; say it again' in text


def test_the_last_take_of_the_word_before_can_be_redone(tmp_path):
    scene = Scene(said(1, 3, 6, 8, 10), keys=[(4.8, "r")])
    done, files, _ = sit(tmp_path, scene)
    assert done
    assert (files.count("an"), files.count("aus")) == (2, 2)


def test_nothing_to_redo(tmp_path, capsys):
    sit(tmp_path, Scene(said(1, 3), keys=[(0.2, "r")]), words=("an",))
    assert "no take was recorded in this sitting" in capsys.readouterr().err


def test_another_sitting_goes_on(tmp_path):
    sit(tmp_path, Scene(said(1), keys=[(3.0, "q")]))
    first = (tmp_path / "mine" / "an" / "anna_nohash_0.wav").read_bytes()
    done, files, _ = sit(tmp_path, Scene(said(1, 3, 5, peak=4000)))
    assert done
    assert files.count("an") == 2
    assert (tmp_path / "mine" / "an" / "anna_nohash_0.wav").read_bytes() == first


def test_a_minute_of_the_room(tmp_path, capsys):
    done, files, shown = sit(tmp_path, Scene(said(1, seconds=66)), words=("an",), takes=1, with_room=True)
    assert done
    assert files.room.stat().st_size == 44 + 2 * 60 * RATE_HZ
    assert any("the room  30 of 60 s" in line for line in shown)
    assert "be quiet for 60 s" in capsys.readouterr().err
    done, _, shown = sit(tmp_path, Scene(said()), words=("an",), takes=1, with_room=True)
    assert (done, shown) == (True, []), "all is there"


def test_the_room_can_be_skipped(tmp_path):
    done, files, _ = sit(tmp_path, Scene(said(1), keys=[(5, "s")]), words=("an",), takes=1, with_room=True)
    assert done
    assert not files.room.exists()


def test_the_last_take_of_all_can_be_redone_while_the_room_is_recorded(tmp_path):
    samples = np.concatenate([said(1, seconds=5), said(1, seconds=66, peak=3000)])
    done, files, _ = sit(tmp_path, Scene(samples, keys=[(4.5, "r")]), words=("an",), takes=1, with_room=True)
    assert done
    assert files.count("an") == 1
    assert files.room.exists()


def test_a_microphone_that_is_off(tmp_path):
    with pytest.raises(UserError, match=r"scene: gives no sound at all.*muted or off"):
        sit(tmp_path, Scene(np.zeros(10 * RATE_HZ, np.int16)))


def test_a_loud_room_is_told(tmp_path, capsys):
    with pytest.raises(EOFError):
        sit(tmp_path, Scene(recording(25, noise=400)))
    assert "nothing yet: nothing stands out, the loudest is" in capsys.readouterr().err


def test_words_of_a_long_recording(tmp_path, capsys):
    files = TakeFiles(tmp_path, ("an",), "anna", RATE_HZ)
    assert keep_words(files, "an", said(1, 3, 5, 7), most=3) == 3
    text = capsys.readouterr().err
    assert "0:01.0  kept: 0.5 s" in text
    assert "and on: left out, 3 takes are there (--takes)" in text
    assert keep_words(files, "an", said(1), most=3) == 0
