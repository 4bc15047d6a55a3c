"""What people call what the books know by codes."""

from __future__ import annotations

from dataclasses import dataclass

from api.platform.services import UnitOfWork
from api.registry.people import queries as people
from api.registry.register.queries import read_households
from api.shop.kiosks.queries import read_attendant_names
from api.shop.stock import queries as stock
from ledger.transactions import Phase

KINDS = {
    "award": "奖励",
    "deduction": "扣分",
    "redemption": "兑换",
    "restock": "入库",
    "procurement": "采购",
    "donation": "捐赠",
    "fund": "资金",
    "stocktake": "盘点",
    "expiry": "过期",
    "import": "旧账导入",
    "hold": "预留",
    "lease": "留作断网兑换",
    "lease-return": "终端退回",
    "correction": "更正",
}
# What the rulebook keeps off the notice.
UNPUBLISHED = "不公示的事项"
# Those in which something moves for good.
PHASES = {Phase.POSTED: "直接入账", Phase.POST: "预留入账", Phase.REVERSAL: "冲正"}


def kind(word: str) -> str:
    return KINDS.get(word, word)


@dataclass(frozen=True, slots=True)
class Titles:
    """Names by code: heads of households, supermarkets, products, and people by id."""

    heads: dict[str, str]
    supermarkets: dict[str, str]
    products: dict[str, str]
    people: dict[str, str]

    def account(self, name: str) -> str:
        match name.split(":"):
            case ["township", purpose]:
                return {
                    "issuing": "积分发行",
                    "expired": "过期积分",
                    "deducted": "扣分",
                    "imported": "旧账导入",
                    "appropriation": "财政拨款",
                    "donors": "捐款",
                    "fund": "积分超市资金",
                }.get(purpose, "")
            case ["escrow", code, *_]:
                return f"{self.heads.get(code, code)}（留在终端）"
            case ["household", code]:
                return self.heads.get(code, "")
            case ["supermarket", code, "till"]:
                return f"{self.supermarkets.get(code, code)} 收回积分"
            case ["supermarket", code, "shelf", product]:
                return f"{self.supermarkets.get(code, code)} 货架 {self.products.get(product, product)}"
            case ["goods", product, purpose]:
                words = {
                    "supply": "进货",
                    "cost": "采购成本",
                    "donated": "捐赠",
                    "difference": "盘点差异",
                    "handed-out": "已发放",
                }.get(purpose)
                return f"{self.products.get(product, product)} {words}" if words else ""
            case _:
                return ""

    def unit(self, code: str) -> str:
        match code.split(":"):
            case ["points"]:
                return "积分"
            case ["money", "fen"]:
                return "人民币"
            case ["goods", product]:
                return self.products.get(product, product)
            case _:
                return code

    def person(self, word: str) -> str:
        return "公示期满" if word == "notice" else self.people.get(word, word)


async def titles(uow: UnitOfWork) -> Titles:
    called = await people.read_names(uow) | await read_attendant_names(uow)
    return Titles(
        heads={household.code: household.head for household in (await read_households(uow)).values()},
        supermarkets=await stock.read_supermarket_names(uow),
        products={product.code: product.name for product in await stock.list_products(uow)},
        people={str(id): name for id, name in called.items()},
    )
