"""Which of many alike cases ``make test`` tries: a few; ``make sweep`` tries the others, too."""

from collections.abc import Iterable
from typing import Any

import pytest


def sweep(cases: Iterable[Any], *kept: Any) -> list[Any]:
    """For ``parametrize``: all cases, of which only those in ``kept`` are in ``make test``.

    Args:
        cases: as ``parametrize`` takes them: values, tuples of several, or what ``pytest.param`` gives.
        kept: values or tuples.
    Raises:
        ValueError: one that is to be kept is no case.
    """
    params = [_param(case) for case in cases]
    values = [_value(param) for param in params]
    if missing := [case for case in kept if case not in values]:
        raise ValueError(f"{missing} are no cases, expected some of {values}")
    return [
        param
        if value in kept
        else pytest.param(*param.values, marks=[*param.marks, pytest.mark.sweep], id=param.id)
        for param, value in zip(params, values, strict=True)
    ]


def _param(case: Any) -> Any:
    if hasattr(case, "marks"):
        return case
    return pytest.param(*case) if isinstance(case, tuple) else pytest.param(case)


def _value(param: Any) -> Any:
    return param.values if len(param.values) > 1 else param.values[0]
