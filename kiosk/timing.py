"""How long the till waits for what."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, repeat


@dataclass(frozen=True, slots=True)
class Pace:
    """In seconds. The last pause between retries repeats. `answer`: until a household is served by lease, or a
    look-up or sign-in goes on without the server. `look`: between two looks at the server when nothing happens;
    `renew`: between two renewals of the leases; `refused`: after the server refused something for reasons that
    last."""

    retry: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0)
    answer: float = 4.0
    look: float = 20.0
    renew: float = 180.0
    refused: float = 60.0
    receipt: float = 20.0
    second_digit: float = 0.6

    def pauses(self) -> Iterator[float]:
        return chain(self.retry, repeat(self.retry[-1]))
