"""The year's report: points, goods and money by month, village, category and supermarket, and how far goods and
fund cover the points that households hold."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from api.bookkeeping.general_ledger.scope import may_read_all
from api.bookkeeping.reports.flows import Activity, Flow, read_activity, read_first_year, read_flows
from api.bookkeeping.reports.liability import Position, StockedProduct, read_position
from api.platform import accounts
from api.platform.access import Staff
from api.platform.clock import local_date, start_of_day
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.register.queries import VillageFacts, count_register, list_villages
from api.shop.stock.price_history import PriceHistory, read_price_histories
from api.shop.supermarkets.queries import read_supermarket_names

TILLS = "supermarket:%:till"


@dataclass(frozen=True, slots=True)
class Column:
    """A figure of each month. `accounts`: whose entries it is made of; `sign` turns what they see into what is
    told, `adds`: whether it makes what households hold more or less."""

    key: str
    title: str
    accounts: str
    sign: int
    adds: int


POINTS = (
    Column("issued", "发放", accounts.ISSUING.name, -1, 1),
    Column("imported", "导入", accounts.IMPORTED.name, -1, 1),
    Column("redeemed", "兑换", TILLS, 1, -1),
    Column("expired", "过期", accounts.EXPIRED.name, 1, -1),
    Column("deducted", "扣分", accounts.DEDUCTED.name, 1, -1),
)
MONEY = (
    Column("appropriated", "拨款", accounts.APPROPRIATION.name, -1, 1),
    Column("given", "捐款", accounts.DONORS.name, -1, 1),
    Column("spent", "进货", "goods:%:cost", 1, -1),
)
COLUMNS = {column.key: column for column in (*POINTS, *MONEY)}


@dataclass(frozen=True, slots=True)
class Month:
    """`points` and `money` by the key of their column; `held`: what households hold at its end. `cover`: goods and
    fund in percent of what those points will cost, None where that can't be told."""

    month: date
    points: Mapping[str, int]
    money: Mapping[str, int]
    redemptions: int
    held: int
    fund: int
    cover: int | None


@dataclass(frozen=True, slots=True)
class VillageYear:
    code: str
    name: str
    issued: int
    redeemed: int


@dataclass(frozen=True, slots=True)
class ShopYear:
    code: str
    name: str
    redeemed: int
    redemptions: int


@dataclass(frozen=True, slots=True)
class ProductYear:
    """In pieces, `paid` in fen. `missing`: what stocktakes found missing, less what they found over. `stock`: on
    all shelves at the end."""

    code: str
    name: str
    bought: int
    donated: int
    handed_out: int
    missing: int
    stock: int
    paid: int

    @property
    def opening(self) -> int:
        """On all shelves before the year."""
        return self.stock - self.bought - self.donated + self.handed_out + self.missing


@dataclass(frozen=True, slots=True)
class YearReport:
    """`opening`, `opening_fund`: what households held and the fund had before it. `now`: what there is today."""

    year: int
    until: date
    opening: int
    opening_fund: int
    months: Sequence[Month]
    categories: Sequence[tuple[str, int]]
    villages: Sequence[VillageYear]
    shops: Sequence[ShopYear]
    products: Sequence[ProductYear]
    households: int
    awarded: int
    redeeming: int
    years: Sequence[int]

    def total(self, key: str) -> int:
        """The year's sum of a column."""
        return sum(month.points.get(key, 0) + month.money.get(key, 0) for month in self.months)

    @property
    def moved(self) -> set[str]:
        """The keys of the columns that say anything, and of what is always asked for."""
        return {"issued", "redeemed", "spent"} | {
            key for month in self.months for key, amount in {**month.points, **month.money}.items() if amount
        }

    @property
    def redemptions(self) -> int:
        return sum(month.redemptions for month in self.months)


def require_reader(staff: Staff) -> None:
    """Raises Refused: not-allowed."""
    if not may_read_all(staff):
        raise Refused(ErrorCode.NOT_ALLOWED, "年度报表由乡镇办公室和乡镇监委查看。")


async def read_year(services: Services, staff: Staff, year: int | None = None) -> YearReport:
    """Of this year, where none is given. Raises Refused: not-allowed, unknown."""
    require_reader(staff)
    async with services.snapshot() as uow:
        today = local_date(uow.now)
        years = range(today.year, await read_first_year(uow) - 1, -1)
        year = today.year if year is None else year
        if year not in years:
            raise Refused(ErrorCode.UNKNOWN, f"账里没有 {year} 年。")
        return await _read_year(uow, year, today, years)


async def _read_year(uow: UnitOfWork, year: int, today: date, years: Sequence[int]) -> YearReport:
    months = [month for n in range(1, 13) if (month := date(year, n, 1)) <= today]
    flows = await read_flows(uow, months[0])
    within = [flow for flow in flows if flow.month <= months[-1]]
    activity = await read_activity(uow, months[0], months[-1])
    now = await read_position(uow)
    prices = await read_price_histories(uow, [product.code for product in now.products])

    def before(month: date) -> Position:
        return _roll_back(now, [flow for flow in flows if flow.month >= month], prices, start_of_day(month))

    opening, closing = before(months[0]), before(_next_month(months[-1]))
    return YearReport(
        year=year,
        until=min(today, date(year, 12, 31)),
        opening=opening.points,
        opening_fund=opening.fund,
        months=[_sum_month(month, within, activity, before(_next_month(month))) for month in months],
        categories=_sum_categories(within),
        villages=_sum_villages(within, await list_villages(uow)),
        shops=_sum_shops(within, activity, await read_supermarket_names(uow)),
        products=_sum_products(within, closing.products),
        households=(await count_register(uow)).households,
        awarded=activity.awarded,
        redeeming=activity.redeeming,
        years=years,
    )


def _roll_back(
    now: Position, later: Sequence[Flow], prices: Mapping[str, PriceHistory], moment: datetime
) -> Position:
    """As of a moment: today's, less what has moved since."""
    by_account: Counter[str] = Counter()
    by_unit: Counter[str] = Counter()
    bought: Counter[str] = Counter()
    for flow in later:
        by_account[flow.account] += flow.amount
        by_unit[flow.unit] += flow.amount
        if flow.kind == "procurement" and flow.account.endswith(":supply"):
            bought[flow.unit] -= flow.amount

    def roll_back(product: StockedProduct) -> StockedProduct:
        unit = accounts.supply(product.code).unit
        return replace(
            product,
            price=prices[product.code].at(moment),
            # What the township's own accounts got, households and shelves gave.
            stock=product.stock + by_unit[unit],
            bought=product.bought - bought[unit],
            paid=product.paid - by_account[accounts.cost(product.code).name],
        )

    return Position(
        now.points + by_unit[accounts.POINTS],
        now.fund - by_account[accounts.FUND.name],
        [roll_back(product) for product in now.products],
    )


def _sum(key: str, flows: Iterable[Flow]) -> int:
    column = COLUMNS[key]
    begin, _, end = column.accounts.partition("%")
    return column.sign * sum(
        flow.amount for flow in flows if flow.account.startswith(begin) and flow.account.endswith(end)
    )


def _sum_month(month: date, flows: Sequence[Flow], activity: Activity, end: Position) -> Month:
    of_month = [flow for flow in flows if flow.month == month]
    return Month(
        month=month,
        points={column.key: _sum(column.key, of_month) for column in POINTS},
        money={column.key: _sum(column.key, of_month) for column in MONEY},
        redemptions=sum(number for (at, _), number in activity.redemptions.items() if at == month),
        held=end.points,
        fund=end.fund,
        cover=end.cover,
    )


def _sum_categories(flows: Sequence[Flow]) -> list[tuple[str, int]]:
    """The largest first."""
    by_category: defaultdict[str, list[Flow]] = defaultdict(list)
    for flow in flows:
        by_category[flow.category or ""].append(flow)
    sums = [(category, _sum("issued", of_category)) for category, of_category in by_category.items()]
    return sorted(
        ((category, points) for category, points in sums if points), key=lambda each: (-each[1], each[0])
    )


def _sum_villages(flows: Sequence[Flow], villages: Sequence[VillageFacts]) -> list[VillageYear]:
    by_village: defaultdict[str, list[Flow]] = defaultdict(list)
    for flow in flows:
        by_village[flow.village or ""].append(flow)
    return [
        VillageYear(
            village.code,
            village.name,
            _sum("issued", by_village[village.code]),
            _sum("redeemed", by_village[village.code]),
        )
        for village in villages
    ]


def _sum_shops(flows: Sequence[Flow], activity: Activity, names: Mapping[str, str]) -> list[ShopYear]:
    taken: Counter[str] = Counter()
    for flow in flows:
        taken[flow.account] += flow.amount
    redemptions: Counter[str] = Counter()
    for (_, till), number in activity.redemptions.items():
        redemptions[till] += number
    tills = {code: accounts.till(code).name for code in sorted(names)}
    return [ShopYear(code, names[code], taken[till], redemptions[till]) for code, till in tills.items()]


def _sum_products(flows: Sequence[Flow], products: Sequence[StockedProduct]) -> list[ProductYear]:
    by_account: Counter[str] = Counter()
    for flow in flows:
        by_account[flow.account] += flow.amount
    return [
        ProductYear(
            product.code,
            product.name,
            bought=-by_account[accounts.supply(product.code).name],
            donated=-by_account[accounts.donated(product.code).name],
            handed_out=by_account[accounts.handed_out(product.code).name],
            missing=by_account[accounts.difference(product.code).name],
            stock=product.stock,
            paid=by_account[accounts.cost(product.code).name],
        )
        for product in products
    ]


def _next_month(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)
