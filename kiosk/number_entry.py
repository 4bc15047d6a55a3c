"""Entering the numbers of goods with digit keys, where 1 may be 1 or the start of 12."""

from __future__ import annotations

from collections.abc import Collection


class NumberEntry:
    """Turns digits into numbers. A digit that may begin a longer number is held until the next digit or until the
    caller calls `finish` after a timeout."""

    def __init__(self) -> None:
        self.digits = ""

    def add_digit(self, digit: str, numbers: Collection[int]) -> list[int]:
        """The numbers completed by this digit, given the numbers on the shelf."""
        candidate = self.digits + digit
        if any(str(number) != candidate and str(number).startswith(candidate) for number in numbers):
            self.digits = candidate
            return []
        if self.digits and int(candidate) not in numbers:
            return self.finish() + self.add_digit(digit, numbers)
        self.digits = ""
        return [int(candidate)]

    def finish(self) -> list[int]:
        """No digit follows: the number that the held digits are, if any."""
        numbers = [int(self.digits)] if self.digits else []
        self.digits = ""
        return numbers
