"""How an entry of a kiosk's journal was settled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class SettlementResult:
    """How an entry was settled. `status` as in `wire.till_journal.EntryOutcome`; `remark`: a sentence for people;
    `extra`: its figures."""

    status: str
    remark: str = ""
    extra: dict[str, Any] = field(default_factory=dict)


def as_exception(remark: str, **extra: Any) -> SettlementResult:
    """Not booked: a person has to decide."""
    return SettlementResult("exception", remark, extra)


def join(sentences: Iterable[str]) -> str:
    """As one sentence."""
    return "；".join(sentence.rstrip("。") for sentence in sentences) + "。"
