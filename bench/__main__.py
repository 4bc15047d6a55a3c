"""Everything that is measured, in one run: `make bench`, or `make bench ONLY=evaluation`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import msgspec

from bench import books, evaluation, history, kiosk, pages, posting, redemptions, service, simulation
from bench.ground import Ground, ground
from bench.measurement import Measurement
from bench.picture import draw

WORKS: Mapping[str, Callable[[Ground], AsyncIterator[Measurement]]] = {
    "redemptions": redemptions.measure,
    "posting": posting.measure,
    "pages": pages.measure,
    "history": history.measure,
    "books": books.measure,
    "service": service.measure,
    "evaluation": evaluation.measure,
    "simulation": simulation.measure,
    "kiosk": kiosk.measure,
}
RESULTS = Path(__file__).with_name("results") / "latest.json"


def main(only: str = "") -> None:
    if only and only not in WORKS:
        sys.exit(f"没有「{only}」这项测量，可选 {'、'.join(WORKS)}。")
    done = asyncio.run(_measure([only] if only else list(WORKS)))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(done)))
    draw(done, RESULTS.with_suffix(".svg"))
    sys.exit(0 if all(figure.ok for figure in done) else 1)


async def _measure(works: list[str]) -> list[Measurement]:
    done = []
    async with ground() as at:
        for name in works:
            async for figure in WORKS[name](at):
                done.append(figure)
                print(_line(figure), flush=True)
    return done


def _line(figure: Measurement) -> str:
    told = f"{figure.name:<40}{figure.value:>12,.2f} {figure.unit}"
    if figure.ratio is not None:
        told += f"  = {figure.ratio:g} × {figure.baseline:,.2f}"
    if figure.target is not None:
        told += f"  (target {figure.target:,g}: {'ok' if figure.ok else 'MISSED'})"
    return f"{told}  load {figure.load:g}"


if __name__ == "__main__":
    main(*sys.argv[1:])
