"""The chart of accounts."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ColumnElement, SQLColumnExpression, Text, cast, func

from ledger.transactions import Account, UnitKind

POINTS = "points"
MONEY = "money:fen"

# Source of awarded points. Its balance is all points ever issued, negative.
ISSUING = Account("township:issuing", POINTS, UnitKind.POINTS)

# Sources of money, and the fund from which goods are bought. The fund has no minimum, so that goods
# already on the shelf can be recorded before the budget arrives.
APPROPRIATION = Account("township:appropriation", MONEY, UnitKind.MONEY)
DONORS = Account("township:donors", MONEY, UnitKind.MONEY)
FUND = Account("township:fund", MONEY, UnitKind.MONEY)

# Source of points imported from an earlier scheme, less points spent there.
IMPORTED = Account("township:imported", POINTS, UnitKind.POINTS)

# Expired points, and what ended households have left unused.
EXPIRED = Account("township:expired", POINTS, UnitKind.POINTS)

# Deducted points: not returned to ISSUING, so that lifetime points are not lowered.
DEDUCTED = Account("township:deducted", POINTS, UnitKind.POINTS)

# Prefix of the names of households' accounts.
HOUSEHOLDS = "household:"

# Prefix of the names of escrow accounts, in which kiosks hold points of households; SQL's expiry knows it.
ESCROW = "escrow:"


def household(code: str) -> Account:
    """A household's points; never below zero."""
    return Account(f"{HOUSEHOLDS}{code}", POINTS, UnitKind.POINTS, minimum=0)


def escrow(household: str, kiosk: UUID, epoch: int) -> Account:
    """A household's points held by a kiosk's enrolment, so that it can serve the household without the network."""
    return Account(f"{ESCROW}{household}:{kiosk.hex}:{epoch}", POINTS, UnitKind.POINTS, minimum=0)


def escrow_name(
    household: SQLColumnExpression[str], kiosk: SQLColumnExpression[UUID], epoch: SQLColumnExpression[int]
) -> ColumnElement[str]:
    """The name of `escrow`'s account, in a statement."""
    return func.concat(ESCROW, household, ":", func.replace(cast(kiosk, Text), "-", ""), ":", epoch)


def household_name(code: SQLColumnExpression[str]) -> ColumnElement[str]:
    """The name of `household`'s account, in a statement."""
    return func.concat(HOUSEHOLDS, code)


def till(supermarket: str) -> Account:
    """The points a supermarket has taken in."""
    return Account(f"supermarket:{supermarket}:till", POINTS, UnitKind.POINTS)


def shelf(supermarket: str, product: str) -> Account:
    """Pieces of a product on a shelf; never below zero."""
    return Account(f"supermarket:{supermarket}:shelf:{product}", _goods(product), UnitKind.GOODS, minimum=0)


def shelf_name(supermarket: SQLColumnExpression[str], product: SQLColumnExpression[str]) -> ColumnElement[str]:
    """The name of `shelf`'s account, in a statement."""
    return func.concat("supermarket:", supermarket, ":shelf:", product)


def supply(product: str) -> Account:
    """Source of bought goods."""
    return Account(f"goods:{product}:supply", _goods(product), UnitKind.GOODS)


def cost(product: str) -> Account:
    """The money paid for a product."""
    return Account(f"goods:{product}:cost", MONEY, UnitKind.MONEY)


def donated(product: str) -> Account:
    """Source of donated goods."""
    return Account(f"goods:{product}:donated", _goods(product), UnitKind.GOODS)


def difference(product: str) -> Account:
    """Pieces that stocktakes found missing, less surplus pieces."""
    return Account(f"goods:{product}:difference", _goods(product), UnitKind.GOODS)


def handed_out(product: str) -> Account:
    """Goods that households took home."""
    return Account(f"goods:{product}:handed-out", _goods(product), UnitKind.GOODS)


def _goods(product: str) -> str:
    return f"goods:{product}"


def parse_owner(name: str) -> tuple[str, str]:
    """The owner of an account: `household` or `supermarket`, and its code; empty for others. Escrow belongs to its
    household."""
    kind, _, rest = name.partition(":")
    kind = "household" if kind == "escrow" else kind
    return (kind, rest.partition(":")[0]) if kind in ("household", "supermarket") else ("", "")


def describe_account(name: str) -> str:
    """An account's name in a Chinese sentence."""
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


def counting_word(name: str) -> str:
    """The Chinese measure word of an account's amounts."""
    return "件" if name.startswith("goods:") or ":shelf:" in name else "分"
