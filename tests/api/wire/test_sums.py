"""What adds up goes as far as a balance does: no answer with a sum is unreadable to whoever gets it."""

from __future__ import annotations

from typing import Any, get_type_hints

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given

from api import wire
from api.wire import base, expiry, general_ledger, promises, till, till_journal
from api.wire.base import MAX_SUM

MODULES = (expiry, general_ledger, promises, till, till_journal)
SUMS = {
    *("points", "balance", "pending", "elsewhere", "leased", "give_back", "voided_points", "missing", "expired"),
    *("posted", "reserved", "expected", "available", "opening", "closing", "amount", "left"),
}
TYPED = {(general_ledger.NewHold, "points"), (general_ledger.ImportRow, "points")}
"""Amounts that somebody types, each for itself."""


def sums() -> list[tuple[type[wire.Wire], str]]:
    return [
        (kind, name)
        for module in MODULES
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, wire.Wire) and kind.__module__ == module.__name__
        for name in kind.__struct_fields__
        if name in SUMS and (kind, name) not in TYPED and get_type_hints(kind)[name] is not bool
    ]


@pytest.mark.parametrize(("kind", "name"), sums(), ids=lambda part: getattr(part, "__name__", part))
def test_every_sum_goes_as_far_as_a_balance(kind: type[wire.Wire], name: str) -> None:
    field = get_type_hints(kind, include_extras=True)[name]
    for value in (10**9 + 1, 5 * 10**12, 2**53 + 1, MAX_SUM):
        assert msgspec.json.decode(msgspec.json.encode(value), type=field) == value


big = st.integers(0, MAX_SUM)


@given(balance=big, points=big, leased=big, held=big)
def test_a_receipt_and_a_card_come_back_as_they_were_stored(
    balance: int, points: int, leased: int, held: int
) -> None:
    line: dict[str, Any] = {"product": "soap", "name": "肥皂", "quantity": 999, "price": 10**9, "points": points}
    id = "01890a5d-ac96-774b-bcce-b302099a8057"
    there = {"place": "后门", "points": held, "online": True, "until": "2026-06-15T02:00:00Z"}
    answers: list[tuple[type[wire.Wire], dict[str, Any]]] = [
        (
            wire.Receipt,
            {
                "id": id,
                "supermarket": "河畔村积美超市",
                "attendant": "陈",
                "name": "王**",
                "lines": [line],
                "points": points,
                "balance": balance,
                "recorded_at": "2026-06-15T02:00:00Z",
                "leased": leased,
                "collector": "",
                "held": [there],
            },
        ),
        (
            wire.CardView,
            {
                "household": id,
                "name": "王**",
                "village": "河畔村",
                "balance": balance,
                "pending": points,
                "elsewhere": held,
                "expiring": [{"points": leased, "on": "2027-01-01"}],
                "promises": [],
                "pin_above": None,
                "held": [there],
            },
        ),
    ]
    for kind, content in answers:
        assert msgspec.to_builtins(msgspec.convert(content, kind, strict=False)) == content


def test_single_amounts_stay_bounded() -> None:
    for kind in (base.Points, base.Amount, base.Price):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(10**9 + 1, kind)
