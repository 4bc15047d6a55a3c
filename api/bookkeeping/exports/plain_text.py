"""What Beancount and hledger share: names that are legal in both, and the signs of plain text accounting.

In both a debit is positive and a credit negative, and an account's first word says on which side it usually
stands. The books see every account from its holder's side instead, so what a balance means depends on what is
held:

- points are the township's promise. A household's points are a liability and stand negative, as every liability
  does there: file = −ours. What was issued is an expense, what supermarkets took back an income, so the
  liabilities are just the points outstanding. Those of before our books are set against equity.
- goods and money are things. What stands on a shelf or in the fund is an asset and positive: file = ours.

Each unit has one sign, so every transaction still sums to zero.
"""

from __future__ import annotations

import hashlib
import re
from decimal import Decimal

from api.bookkeeping.exports.records import Account, Unit
from ledger.transactions import UnitKind

OPENING_BALANCES = "Equity:Opening-Balances"

_COMPONENT = re.compile(r"[A-Z0-9][A-Za-z0-9-]*")
# The 24 characters that older Beancounts allow.
_COMMODITY = re.compile(r"[A-Z][A-Z0-9-]{0,22}[A-Z0-9]")


def signed(amount: int, unit: Unit) -> int | Decimal:
    """An amount or a balance of ours as these formats write it."""
    return unit.counted(-amount if unit.kind is UnitKind.POINTS else amount)


def account_name(account: Account) -> str:
    match account.name.split(":"):
        case ["township", "issuing"]:
            parts = ["Expenses", "Issuing"]
        case ["township", ("expired" | "appropriation" | "donors") as source]:
            parts = ["Income", source.title()]
        case ["township", "imported"]:
            parts = ["Equity", "Imported"]
        case ["township", "fund"]:
            parts = ["Assets", "Fund"]
        case ["household", code]:
            parts = ["Liabilities", "Household", _component(code)]
        case ["escrow", code, kiosk, epoch]:
            parts = ["Liabilities", "Escrow", *map(_component, (code, kiosk, epoch))]
        case ["supermarket", code, "till"]:
            parts = ["Income", "Supermarket", _component(code), "Till"]
        case ["supermarket", code, "shelf", product]:
            parts = ["Assets", "Supermarket", _component(code), "Shelf", _component(product)]
        case ["goods", product, ("supply" | "donated") as source]:
            parts = ["Income", "Goods", _component(product), source.title()]
        case ["goods", product, ("handed-out" | "cost" | "difference") as use]:
            parts = ["Expenses", "Goods", _component(product), use.title()]
        case others:
            parts = ["Equity", "Other", *map(_component, others)]
    return ":".join(parts)


def commodity(unit: Unit) -> str:
    """POINTS, GOODS-SOAP, CNY."""
    name = unit.symbol.upper().replace(":", "-")
    if _COMMODITY.fullmatch(name):
        return name
    kept = re.sub(r"[^A-Z0-9-]", "-", name)[:15].strip("-") or "X"
    return f"{kept if kept[0].isalpha() else 'X'}-{_digest(unit.code)}"


def one_line(words: str) -> str:
    """These formats are made of lines; what people wrote need not be."""
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", words).strip()


def _component(code: str) -> str:
    name = code.upper()
    if _COMPONENT.fullmatch(name) and code == code.lower():
        return name
    # Not a code of ours: legal, and still another name for another account.
    return f"{re.sub(r'[^A-Z0-9-]', '-', name).strip('-') or 'X'}-{_digest(code)}"


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()[:8].upper()
