"""The demo's progress on the terminal."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from api.cli.demo.year import REDEMPTIONS, ROUNDS


class Progress:
    def __init__(self, console: Console, records: int) -> None:
        self._bars = Bars(
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

    def registered(self, records: int) -> None:
        self._bars.advance(self._registered, records)

    def round_awarded(self) -> None:
        self._bars.advance(self._rounds)

    def redeemed(self) -> None:
        self._bars.advance(self._redeemed)
