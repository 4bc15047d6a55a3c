"""Everything that is measured, in one run: `make bench`, or `make bench ONLY=evaluation`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from bench import evaluation, kiosk, simulation
from bench.measurement import Measurement

WORKS: Mapping[str, Callable[[], Iterator[Measurement]]] = {
    "evaluation": evaluation.measure,
    "simulation": simulation.measure,
    "kiosk": kiosk.measure,
}
RESULTS = Path(__file__).with_name("results") / "latest.json"


def main(only: str = "") -> None:
    if only and only not in WORKS:
        sys.exit(f"没有「{only}」这项测量，可选 {'、'.join(WORKS)}。")
    done = []
    for name, work in WORKS.items():
        if only in ("", name):
            for figure in work():
                done.append(figure)
                print(_line(figure), flush=True)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(done)))
    sys.exit(0 if all(figure.ok for figure in done) else 1)


def _line(figure: Measurement) -> str:
    told = f"{figure.name:<32}{figure.value:>14,.2f} {figure.unit}"
    if figure.ratio is not None:
        told += f"  = {figure.ratio:g} × {figure.baseline:,.2f}"
    if figure.target is not None:
        told += f"  (target {figure.target:,g}: {'ok' if figure.ok else 'MISSED'})"
    return f"{told}  load {figure.load:g}"


if __name__ == "__main__":
    main(*sys.argv[1:])
