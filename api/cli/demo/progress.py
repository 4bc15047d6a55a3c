"""The demo's progress on the terminal."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from api.cli.demo.year import REDEMPTIONS, ROUNDS


class DemoProgress:
    def __init__(self, console: Console, records: int) -> None:
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
        )
        self._registered = self._bars.add_task("登记户和人 register", total=records)
        self._rounds = self._bars.add_task("积分 awards, rounds", total=ROUNDS)
        self._redeemed = self._bars.add_task("兑换 redemptions", total=REDEMPTIONS)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def add_registered(self, records: int) -> None:
        self._bars.advance(self._registered, records)

    def add_round(self) -> None:
        self._bars.advance(self._rounds)

    def add_redemption(self) -> None:
        self._bars.advance(self._redeemed)
