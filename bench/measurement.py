"""One measurement, with its baseline from the same run."""

from __future__ import annotations

import os

import msgspec

EPSILON = 1e-9
"""Instead of zero as a divisor."""


class Measurement(msgspec.Struct, frozen=True, kw_only=True):
    """`ratio`: value to baseline. `target`: upper bound of the value, or lower bound if `more` is better.
    `reached`: value to target or the inverse, at least 1 if the target is met. `load`: the machine's load average,
    since other work on it makes results worse."""

    name: str
    value: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None
    target: float | None = None
    reached: float | None = None
    ok: bool = True
    load: float = 0.0


def make_measurement(
    name: str,
    value: float,
    unit: str,
    baseline: float | None = None,
    target: float | None = None,
    *,
    more: bool = False,
) -> Measurement:
    """A rounded measurement, compared with its target."""
    reached = None if target is None else value / target if more else target / max(value, EPSILON)
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
