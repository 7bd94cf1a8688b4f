"""The task of the 2017 TensorFlow Speech Recognition Challenge: its words; 32 classes judged as its 12."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from train.core.errors import UserError
from train.core.spec import SILENCE_LABEL, UNKNOWN_LABEL, labels_for

# What --words may name in place of words. With silence and unknown they make 12 and 32 classes; the second
# are all the words that the challenge's clips have a folder of.
_CHALLENGE = "yes,no,up,down,left,right,on,off,stop,go"
WORD_PRESETS = {
    "challenge": _CHALLENGE,
    "challenge30": f"{_CHALLENGE},bed,bird,cat,dog,eight,five,four,happy,house,marvin,nine,one,seven,"
    "sheila,six,three,tree,two,wow,zero",
}


def fold_truth(
    truth: NDArray[np.int64], labels: tuple[str, ...], words: tuple[str, ...]
) -> NDArray[np.int64]:
    """Label indices among ``labels_for(words)``: a word that is not among ``words`` is unknown.

    Args:
        truth: indices into ``labels``.
    Raises:
        UserError: a word that is not among ``labels``.
    """
    folded = labels_for(words)
    _check(labels, words)
    places = [folded.index(label if label in folded else UNKNOWN_LABEL) for label in labels]
    return np.array(places, dtype=np.int64)[truth]


def fold_scores(scores: NDArray[Any], labels: tuple[str, ...], words: tuple[str, ...]) -> NDArray[Any]:
    """Scores of ``labels_for(words)``: unknown has the largest of its own and of every word not named.

    Args:
        scores: (clips, labels), float or int8; what belongs to what goes by the names alone.
    Returns:
        (clips, words + 2), the same type; they no longer add up to 1.
    Raises:
        UserError: a word that is not among ``labels``.
    Source:
        see--/speech_recognition, which took a softmax of the result once more; here it stays as it is.
    """
    _check(labels, words)
    kept = {SILENCE_LABEL, *words}
    unknown = [index for index, label in enumerate(labels) if label not in kept]
    columns = [
        scores[:, unknown].max(axis=1) if label == UNKNOWN_LABEL else scores[:, labels.index(label)]
        for label in labels_for(words)
    ]
    return np.stack(columns, axis=1)


def _check(labels: tuple[str, ...], words: tuple[str, ...]) -> None:
    if missing := [word for word in words if word not in labels]:
        raise UserError(
            f"--as-words: the model does not know {', '.join(missing)}; it knows {', '.join(labels[2:])}"
        )
