"""All benchmarks in one run: `make bench`, or `make bench ONLY=evaluation`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import msgspec

from bench import (
    backup,
    books,
    claims,
    drafts,
    evaluation,
    first_content,
    history,
    kiosk,
    pages,
    posting,
    redemptions,
    register,
    search,
    service,
    simulation,
)
from bench.chart import draw_chart
from bench.environment import Environment, open_environment
from bench.measurement import Measurement

BENCHMARKS: Mapping[str, Callable[[Environment], AsyncIterator[Measurement]]] = {
    "redemptions": redemptions.measure,
    "posting": posting.measure,
    "pages": pages.measure,
    "first-content": first_content.measure,
    "history": history.measure,
    "books": books.measure,
    "backup": backup.measure,
    "service": service.measure,
    "claims": claims.measure,
    "evaluation": evaluation.measure,
    "drafts": drafts.measure,
    "simulation": simulation.measure,
    "register": register.measure,
    "kiosk": kiosk.measure,
    "search": search.measure,
}
RESULTS = Path(__file__).with_name("results") / "latest.json"


def main(only: str = "") -> None:
    if only and only not in BENCHMARKS:
        sys.exit(f"没有「{only}」这项测量，可选 {'、'.join(BENCHMARKS)}。")
    done = asyncio.run(_measure([only] if only else list(BENCHMARKS)))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(done)))
    draw_chart(done, RESULTS.with_suffix(".svg"))
    sys.exit(0 if all(figure.ok for figure in done) else 1)


async def _measure(names: list[str]) -> list[Measurement]:
    done = []
    async with open_environment() as environment:
        for name in names:
            async for figure in BENCHMARKS[name](environment):
                done.append(figure)
                print(_format(figure), flush=True)
    return done


def _format(figure: Measurement) -> str:
    line = f"{figure.name:<40}{figure.value:>12,.2f} {figure.unit}"
    if figure.ratio is not None:
        line += f"  = {figure.ratio:g} × {figure.baseline:,.2f}"
    if figure.target is not None:
        line += f"  (target {figure.target:,g}: {'ok' if figure.ok else 'MISSED'})"
    return f"{line}  load {figure.load:g}"


if __name__ == "__main__":
    main(*sys.argv[1:])
