"""The chart of accounts: which account stands for what, by readable name."""

from __future__ import annotations

from ledger.transactions import Account, UnitKind

POINTS = "points"

# Where awarded points come from: the township's promise of goods. Its balance is what was ever issued, below zero.
ISSUING = Account("township:issuing", POINTS, UnitKind.POINTS)

# Where points go that nobody used in time.
EXPIRED = Account("township:expired", POINTS, UnitKind.POINTS)

# What the names of all households' accounts begin with.
HOUSEHOLDS = "household:"


def household(code: str) -> Account:
    """A household's points; never below zero."""
    return Account(f"{HOUSEHOLDS}{code}", POINTS, UnitKind.POINTS, minimum=0)


def till(supermarket: str) -> Account:
    """The points a supermarket has taken in."""
    return Account(f"supermarket:{supermarket}:till", POINTS, UnitKind.POINTS)


def shelf(supermarket: str, product: str) -> Account:
    """Pieces of a product on a shelf; never below zero."""
    return Account(f"supermarket:{supermarket}:shelf:{product}", _goods(product), UnitKind.GOODS, minimum=0)


def supply(product: str) -> Account:
    """Where goods come from: bought or donated."""
    return Account(f"goods:{product}:supply", _goods(product), UnitKind.GOODS)


def handed_out(product: str) -> Account:
    """Goods that households took home."""
    return Account(f"goods:{product}:handed-out", _goods(product), UnitKind.GOODS)


def _goods(product: str) -> str:
    return f"goods:{product}"
