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
    recall_wait: float = 20.0
    """A request for recalls waits so long at the server."""
    recall_pause: float = 1.0
    """From an answer about recalls to the next request."""
    recall_retry: float = 0.4
    """Between two tries of a redemption whose points are on their way from another kiosk."""
    recall_timeout: float = 8.0
    """Until they are given up."""
    receipt_display: float = 20.0
    digit_timeout: float = 0.6
    """For the second digit of a number."""

    def iterate_pauses(self) -> Iterator[float]:
        return chain(self.retry_pauses, repeat(self.retry_pauses[-1]))
