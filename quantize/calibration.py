"""Representative features: training clips alone, and they span the whole input range."""

import numpy as np
from numpy.typing import NDArray

_LOWEST, _HIGHEST = 0, 255


def spanning(features: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Features that hold both ends of the range, so that the input scale comes out exact.

    The converter takes the input's scale from the smallest and largest value it sees;
    only 0 and 255 give exactly 0.5 and -128. Where no clip is loud enough, the loudest
    one is turned up until its peak reaches 255: features are powers, so a gain in the
    microphone multiplies them all.

    Args:
        features: (n, frames, bins) uint8, at least one clip that is not silent.
    Returns:
        (n or n + 1, frames, bins) uint8.
    """
    added = []
    if features.max() < _HIGHEST:
        loudest = features[features.reshape(len(features), -1).max(axis=1).argmax()]
        gain = _HIGHEST / max(1, int(loudest.max()))
        added.append(np.minimum(np.rint(loudest * gain), _HIGHEST).astype(np.uint8))
    if features.min() > _LOWEST:
        quietest = features[features.reshape(len(features), -1).min(axis=1).argmin()]
        added.append(quietest - quietest.min())
    return np.concatenate([features, np.stack(added)]) if added else features
