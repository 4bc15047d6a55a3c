"""What the Beancount and hledger exports share: account names that are valid in both, and the signs of amounts.

In both, debits are positive and credits negative, and an account's first component is its type. Our books have
every account from its owner's side instead, so the sign depends on the kind of unit:

- points are the township's liability. A household's points are a liability and negative: exported = −ours. Issued
  points are an expense, points taken in by supermarkets an income, so the liabilities are the points outstanding.
  Imported points are set against equity.
- goods and money are assets. What is on a shelf or in the fund is positive: exported = ours.

All amounts of a unit have the same sign rule, so every transaction still sums to zero.
"""

from __future__ import annotations

import hashlib
import re
from decimal import Decimal

from api.bookkeeping.exports.records import Account, Unit
from ledger.transactions import UnitKind

OPENING_BALANCES = "Equity:Opening-Balances"

_COMPONENT = re.compile(r"[A-Z0-9][A-Za-z0-9-]*")
# Older versions of Beancount allow 24 characters.
_COMMODITY = re.compile(r"[A-Z][A-Z0-9-]{0,22}[A-Z0-9]")


def to_plain_text_amount(amount: int, unit: Unit) -> int | Decimal:
    """An amount or balance of our books with the sign of plain text accounting."""
    return unit.convert(-amount if unit.kind is UnitKind.POINTS else amount)


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
    prefix = re.sub(r"[^A-Z0-9-]", "-", name)[:15].strip("-") or "X"
    return f"{prefix if prefix[0].isalpha() else 'X'}-{_digest(unit.code)}"


def collapse_whitespace(text: str) -> str:
    """One line: these formats are line-based."""
    return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", text).strip()


def _component(code: str) -> str:
    name = code.upper()
    if _COMPONENT.fullmatch(name) and code == code.lower():
        return name
    # Not a valid code: make it valid, and unique by a digest.
    return f"{re.sub(r'[^A-Z0-9-]', '-', name).strip('-') or 'X'}-{_digest(code)}"


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()[:8].upper()
