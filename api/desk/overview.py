"""What the township's office looks at each morning: what waits for whom, which tills are silent, who has no card,
whether there is a proven backup, and enough for the points that households hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from api.awards.draws.queries import list_waiting_draws
from api.awards.objections.queries import list_waiting_objections
from api.awards.review.waiting import list_waiting_claims
from api.bookkeeping.general_ledger.scope import may_read_all
from api.bookkeeping.reports.liability import Position, read_position
from api.desk.cards.lists import CardList, count_cards
from api.desk.proposals.kinds import KINDS
from api.platform.access import Staff
from api.platform.backup.catalogue import BackupState, read_backup_state
from api.platform.services import Services, UnitOfWork
from api.registry.proposals.queries import list_waiting_proposals
from api.registry.register.queries import list_villages
from api.shop.offline.exceptions import list_undecided
from api.shop.offline.till_status import TillStatus, list_tills
from api.shop.stock.receipt_views import list_uncounted
from api.shop.supermarkets.queries import read_supermarket_names
from rules import BODY_TITLES


@dataclass(frozen=True, slots=True)
class Waiting:
    """`number` things that wait for somebody since `since`; `path`: where they are listed."""

    what: str
    whom: str
    number: int
    since: datetime
    path: str = ""


@dataclass(frozen=True, slots=True)
class Overview:
    """`waiting`: what waits longest first. `silent`: tills that were not heard from for longer than they may sell
    offline."""

    waiting: Sequence[Waiting]
    silent: Sequence[TillStatus]
    position: Position
    cards: Mapping[CardList, int]
    backup: BackupState


async def read_overview(services: Services, staff: Staff) -> Overview | None:
    """None for those who don't look after the whole township."""
    if not may_read_all(staff):
        return None
    tills = await list_tills(services, staff)
    counts = await count_cards(services, staff)
    async with services.snapshot() as uow:
        return Overview(
            waiting=sorted(await _list_waiting(uow), key=lambda each: each.since),
            silent=[till for till in tills if till.silent],
            position=await read_position(uow),
            cards={which: sum(getattr(village, which) for village in counts) for which in CardList},
            backup=read_backup_state(services.data),
        )


async def _list_waiting(uow: UnitOfWork) -> list[Waiting]:
    villages = {village.code: village.name for village in await list_villages(uow)}
    supermarkets = await read_supermarket_names(uow)
    return [
        *(
            Waiting("申报等签认", f"{villages[each.village]}{BODY_TITLES[each.body]}", each.number, each.since)
            for each in await list_waiting_claims(uow)
        ),
        *(
            Waiting(
                f"异议等答复（{each.late} 件逾期）" if each.late else "异议等答复",
                f"{villages[each.village]}监委",
                each.number,
                each.since,
                "/desk/objections",
            )
            for each in await list_waiting_objections(uow)
        ),
        *(
            Waiting(
                "抽查等掷骰子" if each.typed_at is None else "抽查等上门核实",
                f"{each.village_name}监委",
                each.open or 1,
                each.since,
                "/desk/draws",
            )
            for each in await list_waiting_draws(uow)
        ),
        *(
            Waiting(
                f"{KINDS[each.kind].title}等确认",
                villages.get(each.village or "", "乡镇"),
                each.number,
                each.since,
                "/desk/proposals",
            )
            for each in await list_waiting_proposals(uow)
        ),
        *(
            Waiting("终端记录等决定", supermarkets[supermarket], len(received), min(received), "/desk/tills")
            for supermarket, received in (await list_undecided(uow)).items()
        ),
        *(
            Waiting(
                "收货单等点数", supermarkets[supermarket], len(written), min(written), f"/desk/goods/{supermarket}"
            )
            for supermarket, written in (await list_uncounted(uow)).items()
        ),
    ]
