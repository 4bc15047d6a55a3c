"""The chart of accounts: which account stands for what, by readable name."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ColumnElement, SQLColumnExpression, Text, cast, func

from ledger.transactions import Account, UnitKind

POINTS = "points"
MONEY = "money:fen"

# Where awarded points come from: the township's promise of goods. Its balance is what was ever issued, below zero.
ISSUING = Account("township:issuing", POINTS, UnitKind.POINTS)

# Where money comes from, and where it waits until goods are bought. The fund has no minimum: goods that are on
# the shelf already are written down even when the budget comes later.
APPROPRIATION = Account("township:appropriation", MONEY, UnitKind.MONEY)
DONORS = Account("township:donors", MONEY, UnitKind.MONEY)
FUND = Account("township:fund", MONEY, UnitKind.MONEY)

# Where points of an earlier scheme come from and what was spent there goes to.
IMPORTED = Account("township:imported", POINTS, UnitKind.POINTS)

# Where points go that nobody used in time.
EXPIRED = Account("township:expired", POINTS, UnitKind.POINTS)

# Where deductions go: not back to where points come from, so that what was earned stays earned.
DEDUCTED = Account("township:deducted", POINTS, UnitKind.POINTS)

# What the names of all households' accounts begin with.
HOUSEHOLDS = "household:"

# What the names of accounts begin with that hold somebody else's points for a while; expiry knows them by it.
ESCROW = "escrow:"


def household(code: str) -> Account:
    """A household's points; never below zero."""
    return Account(f"{HOUSEHOLDS}{code}", POINTS, UnitKind.POINTS, minimum=0)


def escrow(household: str, kiosk: UUID, epoch: int) -> Account:
    """What a kiosk's enrolment holds of a household's points, so that it can serve it without the network."""
    return Account(f"{ESCROW}{household}:{kiosk.hex}:{epoch}", POINTS, UnitKind.POINTS, minimum=0)


def escrow_name(
    household: SQLColumnExpression[str], kiosk: SQLColumnExpression[UUID], epoch: SQLColumnExpression[int]
) -> ColumnElement[str]:
    """The name of `escrow`'s account, within a statement."""
    return func.concat(ESCROW, household, ":", func.replace(cast(kiosk, Text), "-", ""), ":", epoch)


def household_name(code: SQLColumnExpression[str]) -> ColumnElement[str]:
    """The name of `household`'s account, within a statement."""
    return func.concat(HOUSEHOLDS, code)


def till(supermarket: str) -> Account:
    """The points a supermarket has taken in."""
    return Account(f"supermarket:{supermarket}:till", POINTS, UnitKind.POINTS)


def shelf(supermarket: str, product: str) -> Account:
    """Pieces of a product on a shelf; never below zero."""
    return Account(f"supermarket:{supermarket}:shelf:{product}", _goods(product), UnitKind.GOODS, minimum=0)


def shelf_name(supermarket: SQLColumnExpression[str], product: SQLColumnExpression[str]) -> ColumnElement[str]:
    """The name of `shelf`'s account, within a statement."""
    return func.concat("supermarket:", supermarket, ":shelf:", product)


def supply(product: str) -> Account:
    """Where bought goods come from."""
    return Account(f"goods:{product}:supply", _goods(product), UnitKind.GOODS)


def cost(product: str) -> Account:
    """The money paid for a product."""
    return Account(f"goods:{product}:cost", MONEY, UnitKind.MONEY)


def donated(product: str) -> Account:
    """Where donated goods come from."""
    return Account(f"goods:{product}:donated", _goods(product), UnitKind.GOODS)


def difference(product: str) -> Account:
    """What stocktakes found missing, less what they found over."""
    return Account(f"goods:{product}:difference", _goods(product), UnitKind.GOODS)


def handed_out(product: str) -> Account:
    """Goods that households took home."""
    return Account(f"goods:{product}:handed-out", _goods(product), UnitKind.GOODS)


def _goods(product: str) -> str:
    return f"goods:{product}"


def holder(name: str) -> tuple[str, str]:
    """Whose account it is: `household` or `supermarket` and its code; other accounts are nobody's own. Escrow
    stays its household's."""
    kind, _, rest = name.partition(":")
    kind = "household" if kind == "escrow" else kind
    return (kind, rest.partition(":")[0]) if kind in ("household", "supermarket") else ("", "")


def in_words(name: str) -> str:
    """An account for a sentence in Chinese."""
    match name.split(":"):
        case ["township", "issuing"]:
            return "乡镇发放账户"
        case ["township", "imported"]:
            return "导入账户"
        case ["township", "deducted"]:
            return "扣分账户"
        case ["household", code]:
            return f"{code} 户的积分账户"
        case ["escrow", code, *_]:
            return f"{code} 户留在终端的积分"
        case ["supermarket", code, "till"]:
            return f"{code} 超市的收款账户"
        case ["supermarket", code, "shelf", product]:
            return f"{code} 超市的 {product} 货架"
        case ["goods", product, "supply"]:
            return f"{product} 的进货账户"
        case ["goods", product, "handed-out"]:
            return f"{product} 的发出账户"
    return name


def piece(name: str) -> str:
    """What an account's amounts are counted in."""
    return "件" if name.startswith("goods:") or ":shelf:" in name else "分"
