"""The demo's fictional township in Gansu, with people made by Faker with a fixed seed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

import msgspec
from faker import Faker

from api import wire
from api.wire.barcode import check_digit

SEED = 20251124

VILLAGES = ("柳湾", "石咀", "白杨", "榆树", "川口", "南坪", "杏园", "红土", "上寺", "清泉")
GRIDS = 68
GRID_MEMBERS = 223
HOUSEHOLDS_PER_GRID = 44

# Goods, prices in points as in real catalogues, and the cost of a piece in fen; barcodes are of the range for
# internal use.
GOODS = (
    ("soap", "肥皂", 5, 380),
    ("brush", "软毛牙刷", 10, 750),
    ("laundry", "洗衣液", 20, 1590),
    ("soap-set", "香皂套装", 25, 1980),
    ("hand-wash", "洗手液", 25, 1860),
    ("noodles", "挂面礼包", 30, 2350),
    ("rice-small", "大米(小袋)", 44, 3400),
    ("rice", "大米(大袋)", 50, 3950),
    ("tea-plants", "茶苗5株", 50, 3500),
    ("corn-oil", "5L玉米油", 85, 6680),
    ("backpack", "运动背包", 120, 8900),
)
PIECES_PER_PRODUCT = 100
_SUPPLIER = "县供销社"
_YEARLY_BUDGET = 40_000_000
# Of a village: who is whose relative, and keeps out of what concerns their household.
_RELATIVES = {"party-branch": "committee", "01-leader": "council"}


@dataclass
class TownshipPlan:
    """What the office registers, in the required order."""

    villages: list[wire.NewVillage] = field(default_factory=list)
    grids: list[wire.NewGrid] = field(default_factory=list)
    people: list[wire.NewPerson] = field(default_factory=list)
    households: list[wire.NewHousehold] = field(default_factory=list)
    supermarkets: list[wire.NewSupermarket] = field(default_factory=list)
    attendants: list[wire.NewAttendant] = field(default_factory=list)
    products: list[wire.NewProduct] = field(default_factory=list)
    funds: list[wire.Funding] = field(default_factory=list)
    restocks: list[wire.Restock] = field(default_factory=list)
    donations: list[wire.Donation] = field(default_factory=list)
    # Who declared which household to be a relative's, by login and code.
    relatives: dict[str, str] = field(default_factory=dict)
    # Who proposes the rulebook and who confirms it.
    party_branch: tuple[str, str] = ("party-branch", "party-branch2")
    # Who confirms what the office proposes.
    second: str = "office2"

    def bulk(self) -> list[tuple[str, Sequence[wire.Wire]]]:
        """What is registered as lists, by API path, in the required order."""
        return [
            ("/v1/villages", self.villages),
            ("/v1/grids", self.grids),
            ("/v1/households", self.households),
            ("/v1/people", self.people),
            ("/v1/supermarkets", self.supermarkets),
            ("/v1/products", self.products),
        ]

    def stock_documents(self) -> list[tuple[str, Sequence[wire.Wire]]]:
        """What is recorded one by one under its own id, by API path."""
        return [("/v1/funds", self.funds), ("/v1/restocks", self.restocks), ("/v1/donations", self.donations)]

    def list_recusals(self) -> dict[str, Collection[str]]:
        """The households that each person keeps out of, by login and code."""
        own = {person.login: {person.household} for person in self.people if person.household}
        return {login: homes | {self.relatives.get(login, "")} for login, homes in own.items()}


def plan_township(password: str) -> TownshipPlan:
    """The whole township. Two people with each duty that acts in a village can sign in with `password`, since
    each of them keeps out of what concerns their own household."""
    random = Random(SEED)
    faker = Faker("zh_CN")
    faker.seed_instance(SEED)
    made = TownshipPlan(
        products=[
            wire.NewProduct(code=code, name=name, barcode=_make_barcode(number), price=price)
            for number, (code, name, price, _) in enumerate(GOODS, start=1)
        ],
        funds=[wire.Funding(amount=_YEARLY_BUDGET, source="appropriation", note="年度积分兑换物资经费")],
        donations=[
            wire.Donation(
                supermarket="v01",
                donor="本村在外务工青年",
                lines=[wire.GoodsLine(product="backpack", quantity=20)],
            )
        ],
    )
    grids_left, members_left = GRIDS, GRID_MEMBERS
    for number, name in enumerate(VILLAGES, start=1):
        village = f"v{number:02}"
        made.villages.append(wire.NewVillage(code=village, name=f"{name}村", notice_days=3))
        made.supermarkets.append(wire.NewSupermarket(code=village, village=village, name=f"{name}村道德积美超市"))
        made.attendants.append(wire.NewAttendant(supermarket=village, name=faker.name(), pin=f"{1000 + number}"))
        made.restocks.append(
            wire.Restock(
                supermarket=village,
                supplier=_SUPPLIER,
                lines=[
                    wire.RestockLine(product=code, quantity=PIECES_PER_PRODUCT, cost=PIECES_PER_PRODUCT * cost)
                    for code, _, _, cost in GOODS
                ],
            )
        )
        for role in ("chief-grid-leader", "council", "committee", "supervisor", "party-branch"):
            made.people.append(_make_person(faker, f"{village}-{role}", role, village, password))
        for grid_number in range(1, -(-grids_left // (len(VILLAGES) - number + 1)) + 1):
            members = -(-members_left // grids_left)
            grids_left, members_left = grids_left - 1, members_left - members
            _add_grid(made, faker, random, village, grid_number, members, password)
    # Last, so that the names made for everybody else don't change.
    made.people.extend(
        _make_person(faker, f"{each.code}-{role}2", role, each.code, password)
        for each in made.villages
        for role in ("council", "committee", "supervisor")
    )
    for login, role in (
        *((login, "party-branch") for login in made.party_branch),
        (made.second, "office"),
        ("supervisor", "supervisor"),
    ):
        made.people.append(
            wire.NewPerson(login=login, name=faker.name(), roles=[role], township=True, password=password)
        )
    for each in made.villages:
        _settle(made, each.code)
    return made


def _settle(made: TownshipPlan, village: str) -> None:
    """Give everybody who serves the village a household there, grid people one of their grid."""
    places = {h.code: n for n, h in enumerate(made.households) if h.village == village}
    free = list(places)
    # Most is declared for the first households. In the village that a visitor looks at, its people live there, so
    # that they meet what they keep out of.
    if village != made.villages[0].code:
        Random(f"{SEED} {village}").shuffle(free)
    for n, person in enumerate(made.people):
        if person.village != village:
            continue
        code = next(code for code in free if person.grid in (None, made.households[places[code]].grid))
        free.remove(code)
        home = made.households[places[code]]
        lives_alone = home.people == 1
        made.people[n] = msgspec.structs.replace(person, household=code)
        made.households[places[code]] = msgspec.structs.replace(
            home, head=person.name if lives_alone else home.head, adults=[] if lives_alone else [person.name]
        )
        if login := _RELATIVES.get(person.login.removeprefix(f"{village}-")):
            made.relatives[f"{village}-{login}"] = code


def _add_grid(
    made: TownshipPlan, faker: Faker, random: Random, village: str, number: int, members: int, password: str
) -> None:
    grid = f"{village}-{number:02}"
    made.grids.append(wire.NewGrid(code=grid, village=village, name=f"第{number}网格"))
    for duty, role in _list_duties(members):
        # Two grid members of each village can sign in, and a leader.
        signs_in = password if number == 1 and duty in ("member1", "member2", "leader") else None
        made.people.append(_make_person(faker, f"{grid}-{duty}", role, village, signs_in, grid))
    made.households.extend(
        wire.NewHousehold(
            code=f"{grid}-{n:03}", village=village, grid=grid, head=faker.name(), people=random.randint(1, 6)
        )
        for n in range(1, HOUSEHOLDS_PER_GRID + 1)
    )


def _list_duties(members: int) -> Iterator[tuple[str, str]]:
    yield "leader", "grid-leader"
    yield "guide", "grid-guide"
    for n in range(1, members + 1):
        yield f"member{n}", "grid-member"


def _make_person(
    faker: Faker, login: str, role: str, village: str, password: str | None, grid: str | None = None
) -> wire.NewPerson:
    return wire.NewPerson(
        login=login, name=faker.name(), roles=[role], village=village, grid=grid, password=password
    )


def _make_barcode(number: int) -> str:
    digits = f"2{number:011}"
    return digits + check_digit(digits)
