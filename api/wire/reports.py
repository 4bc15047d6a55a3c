"""The township's reports."""

from __future__ import annotations

from api.wire.base import Points, Wire


class PointsByName(Wire, frozen=True):
    name: str
    points: int


class TownshipReport(Wire, frozen=True):
    """`GET /v1/report`: the township's figures, each read from the register or the ledger."""

    supermarkets: int
    villages: int
    grids: int
    households: int
    people: dict[str, int]
    points_awarded: int
    # From an earlier scheme: points earned less points spent there.
    points_imported: int
    points_pending: int
    points_redeemed: int
    redemptions: int
    # Unused points that expired, and points taken by deductions.
    points_expired: int
    points_deducted: int
    points_outstanding: int
    goods_handed_out: int
    awarded_by_category: list[PointsByName]
    awarded_by_village: list[PointsByName]
    # Null if the caller didn't ask for the books to be recomputed.
    in_balance: bool | None


class ProductCost(Wire, frozen=True):
    """What a product costs the township. `stock`: pieces on all shelves; `average_cost`: fen per piece over the
    bought pieces whose cost is known, null when there are none."""

    product: str
    name: str
    price: Points
    stock: int
    average_cost: float | None
    fen_per_point: float | None


class Liability(Wire, frozen=True):
    """`GET /v1/reports/liability`: what the points that households hold will cost the township, in fen.

    `liability` prices the outstanding points, `liability_with_notice` those on public notice as well. They are
    null, and `unknown_because` says why, when no point can be priced: `no-cost-known` or `shelves-empty`.
    """

    points_outstanding: int
    points_on_notice: int
    products: list[ProductCost]
    fen_per_point: float | None
    liability: int | None
    liability_with_notice: int | None
    unknown_because: str | None
    # The fund's balance; negative when more was spent than paid in.
    fund: int
