"""Chinese titles for the codes in the books."""

from __future__ import annotations

from dataclasses import dataclass

from api.platform.services import UnitOfWork
from api.registry.people import queries as people
from api.registry.register.queries import read_households
from api.shop.kiosks.queries import read_attendant_names
from api.shop.stock.queries import list_products
from api.shop.supermarkets.queries import read_supermarket_names
from ledger.transactions import Phase

KIND_TITLES = {
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
    "split": "分户",
    "merge": "并户",
    "revive": "分回",
    "end": "销户",
    "clear": "清户",
}
# The phases of transactions that move amounts for good.
PHASE_TITLES = {Phase.POSTED: "直接入账", Phase.POST: "预留入账", Phase.REVERSAL: "冲正"}


def kind_title(kind: str) -> str:
    return KIND_TITLES.get(kind, kind)


@dataclass(frozen=True, slots=True)
class Titles:
    """Names by code: heads of households, supermarkets, products, and people by id."""

    heads: dict[str, str]
    supermarkets: dict[str, str]
    products: dict[str, str]
    people: dict[str, str]

    def account_title(self, name: str) -> str:
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

    def unit_title(self, code: str) -> str:
        match code.split(":"):
            case ["points"]:
                return "积分"
            case ["money", "fen"]:
                return "人民币"
            case ["goods", product]:
                return self.products.get(product, product)
            case _:
                return code

    def person_name(self, person: str) -> str:
        return "公示期满" if person == "notice" else self.people.get(person, person)


async def read_titles(uow: UnitOfWork) -> Titles:
    names = await people.read_names(uow) | await read_attendant_names(uow)
    return Titles(
        heads={household.code: household.head for household in (await read_households(uow)).values()},
        supermarkets=await read_supermarket_names(uow),
        products={product.code: product.name for product in await list_products(uow)},
        people={str(id): name for id, name in names.items()},
    )
