"""Picking goods by number with digit keys, where 1 may be 1 or the start of 12."""

from __future__ import annotations

from collections.abc import Collection


class NumberPick:
    """Digits in, numbers out. A digit that can only mean one thing answers at once; one that may begin a
    longer number is held until the next digit or until the caller's patience ends (`settle`)."""

    def __init__(self) -> None:
        self.held = ""

    def digit(self, digit: str, numbers: Collection[int]) -> list[int]:
        """The numbers picked by this digit, given the numbers on the shelf."""
        candidate = self.held + digit
        if any(str(number) != candidate and str(number).startswith(candidate) for number in numbers):
            self.held = candidate
            return []
        if self.held and int(candidate) not in numbers:
            return self.settle() + self.digit(digit, numbers)
        self.held = ""
        return [int(candidate)]

    def settle(self) -> list[int]:
        """What the digits held mean now that none follows."""
        picked = [int(self.held)] if self.held else []
        self.held = ""
        return picked
