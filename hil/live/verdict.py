"""How the words that were played to a board fared, and what to do about those that were missed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hil.link.board_lines import BoardHeard
from hil.live.detector import Detector, Inference
from hil.live.playlist import Expected, Playlist
from hil.live.session import times
from train.core import runfolder
from train.core.errors import typed
from train.core.operating_point import ORIGINAL, in_force
from train.core.results.hearing import WEAK_FRONT_END
from train.core.spec import SILENCE_LABEL, UNKNOWN_LABEL


@dataclass(frozen=True)
class Best:
    """The highest mean score that a word had, 0 to 255.

    Attributes:
        top: the label that came first then; "": there was no score.
        top_score: of that label. The first of equal ones comes first, as on the board.
    """

    score: int
    top: str
    top_score: int


@dataclass(frozen=True)
class Fate:
    """A word that was said: by what it was heard, or how near it came."""

    expected: Expected
    heard: BoardHeard | None
    best: Best


@dataclass(frozen=True)
class Verdict:
    """What became of all words.

    Attributes:
        fates: of each word that was said; of unknown truth, none.
        others: detections that are of none of them: wrong, unless nobody knows what was said.
        quiet: of unknown truth: the best score of each word that was not heard.
        is_truth_known: whether anybody said what is said.
        are_equal: whether the scores are of the very detections that the board told.
    """

    fates: tuple[Fate, ...]
    others: tuple[BoardHeard, ...]
    quiet: dict[str, Best]
    is_truth_known: bool
    are_equal: bool

    @property
    def missed(self) -> tuple[Fate, ...]:
        """The words that were not heard."""
        return tuple(fate for fate in self.fates if fate.heard is None)


def judge(playlist: Playlist, heard: Sequence[BoardHeard], detector: Detector) -> Verdict:
    """Compare what a board heard with what was said; the scores are a detector's of the same samples."""
    inferences = detector.listen(playlist.samples)
    twin = [
        BoardHeard(found.word, found.score, found.time_ms)
        for inference in inferences
        if (found := inference.detection)
    ]
    others = list(heard)
    fates = []
    for expected in playlist.expected or ():
        mine = next((item for item in others if _is_of(expected, item)), None)
        if mine is not None:
            others.remove(mine)
        best = _best(expected.word, _within(expected, inferences), detector.labels)
        fates.append(Fate(expected, mine, best))
    names = {item.word for item in heard}
    is_truth_known = playlist.expected is not None
    quiet = {
        word: _best(word, inferences, detector.labels)
        for word in detector.labels
        if word not in (SILENCE_LABEL, UNKNOWN_LABEL, *names) and not is_truth_known
    }
    wrong = tuple(item for item in others if item.word != UNKNOWN_LABEL)
    return Verdict(tuple(fates), wrong, quiet, is_truth_known, twin == list(heard))


def _is_of(expected: Expected, heard: BoardHeard) -> bool:
    return heard.word == expected.word and expected.from_ms <= heard.time_ms <= expected.to_ms


def _within(expected: Expected, inferences: Sequence[Inference]) -> list[Inference]:
    return [item for item in inferences if expected.from_ms <= item.time_ms <= expected.to_ms]


def _best(word: str, inferences: Sequence[Inference], labels: Sequence[str]) -> Best:
    label = labels.index(word)
    found = [item.means for item in inferences if item.means]
    if not found:
        return Best(0, "", 0)
    means = max(found, key=lambda means: means[label])
    return Best(means[label], labels[means.index(max(means))], max(means))


def lines_of(verdict: Verdict, detector: Detector) -> list[str]:
    """What to say: the verdict, each word, and what to do."""
    thresholds = dict(zip(detector.labels, detector.point.thresholds, strict=True))
    lines = [_headline(verdict)]
    rows = [
        (fate.expected.word, fate.expected.where, _told(fate, thresholds[fate.expected.word]))
        for fate in verdict.fates
    ]
    if verdict.is_truth_known:
        rows += [
            (item.word, "", f"heard wrongly at {item.time_ms} ms, {item.score}") for item in verdict.others
        ]
    rows += [(word, "", _near(word, best, thresholds[word])) for word, best in verdict.quiet.items()]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(2)]
    lines += [f"  {word:{widths[0]}}  {where:{widths[1]}}  {what}" for word, where, what in rows]
    if verdict.missed or verdict.quiet:
        equal = "equal to" if verdict.are_equal else "NOT equal to"
        lines.append(
            f"scores of what was not heard: {detector.engine} on this computer, from the same samples; its "
            f"detections are {equal} the board's"
        )
    if not verdict.are_equal:
        lines.append("this computer heard something else than the board: prove it with earshot test")
    return lines + _advice(verdict, detector.run)


def _headline(verdict: Verdict) -> str:
    if not verdict.is_truth_known:
        heard = times(Counter(item.word for item in verdict.others))
        return f"verdict: heard {heard}; add --said WORD,WORD to have it judged"
    said = len(verdict.fates)
    return f"verdict: {said - len(verdict.missed)} of {said} words heard, {len(verdict.others)} heard wrongly"


def _told(fate: Fate, threshold: int) -> str:
    if fate.heard is None:
        return f"missed: {_near(fate.expected.word, fate.best, threshold)}"
    return f"heard at {fate.heard.time_ms} ms, {fate.heard.score} over {threshold}"


def _near(word: str, best: Best, threshold: int) -> str:
    if not best.top:
        return "too short for a score"
    if best.top != word:
        compared = "higher" if best.top_score > best.score else "as high"
        return f"best score {best.score}, threshold {threshold}; {best.top} was {compared}"
    return f"best score {best.score}, threshold {threshold}"


def _advice(verdict: Verdict, run: Path) -> list[str]:
    """Commands that help, the cheapest first."""
    spec = runfolder.read_spec(run)
    near = [fate for fate in verdict.missed if fate.best.top == fate.expected.word]
    is_chosen = in_force(run, spec)[0] != ORIGINAL
    missed = list(dict.fromkeys(fate.expected.word for fate in verdict.missed))
    advice = []
    if (near or verdict.others) and verdict.is_truth_known and not is_chosen:
        advice.append(
            f"earshot tune {typed(run)}: chooses thresholds for this model in place of micro_speech's"
        )
    elif near:
        advice.append(
            f"earshot tune {typed(run)} --false-accepts-per-hour N: a higher N hears more, and more wrongly"
        )
    elif verdict.others and verdict.is_truth_known:
        advice.append(f"earshot tune {typed(run)} --false-accepts-per-hour N: a lower N hears less wrongly")
    if missed and spec.front_end.name == WEAK_FRONT_END:
        advice.append("earshot train --preset best: a network that tells words apart better")
    if missed:
        advice.append(
            f"record more of {', '.join(missed)}, by those who will speak, for earshot train --data"
        )
    if verdict.fates and not advice:
        advice.append(f"earshot listen {typed(run)}: speak to it yourself")
    return [f"next: {line}" if number == 0 else f"  or: {line}" for number, line in enumerate(advice)]
