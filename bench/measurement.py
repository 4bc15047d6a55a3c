"""One figure of the bench, beside what it is compared with in the same run."""

from __future__ import annotations

import os

import msgspec

LEAST = 1e-9
"""Where less is better and there is nothing at all."""


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """`ratio` is value to baseline; `target` bounds the value from above, or from below where `more` is better;
    `reached` is how many times that is met, so at least 1 where it is. `load` is the machine's at the end: other
    work on it makes figures worse."""

    name: str
    value: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None
    target: float | None = None
    reached: float | None = None
    ok: bool = True
    load: float = 0.0


def measured(
    name: str,
    value: float,
    unit: str,
    baseline: float | None = None,
    target: float | None = None,
    *,
    more: bool = False,
) -> Measurement:
    """A figure, rounded, judged against its target."""
    reached = None if target is None else value / target if more else target / max(value, LEAST)
    return Measurement(
        name=name,
        value=round(value, 2),
        unit=unit,
        baseline=None if baseline is None else round(baseline, 2),
        ratio=None if not baseline else round(value / baseline, 2),
        target=target,
        reached=None if reached is None else round(reached, 2),
        ok=reached is None or reached >= 1,
        load=round(os.getloadavg()[0], 2),
    )
