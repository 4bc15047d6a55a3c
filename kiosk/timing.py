"""Timeouts and intervals of the kiosk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, repeat


@dataclass(frozen=True, slots=True)
class Timing:
    """In seconds."""

    retry_pauses: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)
    """The last one repeats."""
    answer_timeout: float = 4.0
    """Until a redemption, look-up or sign-in goes on without the server."""
    poll_interval: float = 20.0
    """Between two requests for the shelf when nothing happens."""
    lease_interval: float = 180.0
    """Between two renewals of the leases."""
    refused_pause: float = 60.0
    """After the server refused something for a lasting reason."""
    receipt_display: float = 20.0
    digit_timeout: float = 0.6
    """For the second digit of a number."""

    def iterate_pauses(self) -> Iterator[float]:
        return chain(self.retry_pauses, repeat(self.retry_pauses[-1]))
