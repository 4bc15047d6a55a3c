"""What new villages, cards' PINs and kiosks begin with, how long objections take and how many of the council
decide together: the township's policy, changed by two people."""

from __future__ import annotations

from uuid import UUID

import msgspec
from sqlalchemy import bindparam, literal_column, select
from sqlalchemy.dialects.postgresql import insert as insert_or
from uuid_utils.compat import uuid7

from api import wire
from api.platform.access import Role, Staff, require_township
from api.platform.services import Services, UnitOfWork
from api.registry.founding.tables import AdoptedDefaults, BeginningDismissal
from api.registry.people.queries import read_names
from api.registry.proposals.decided import read_latest
from api.registry.proposals.decision import Confirmers
from api.registry.proposals.queries import read_confirmer
from api.registry.proposals.use_cases import NewProposal, ProposalKind, Proposed, Signer, propose, to_view

DEFAULT = wire.TownshipDefaults(notice_days=3, pin_above=20, lease_most=200, lease_days=7)
PROPOSERS = (Role.OFFICE, Role.PARTY_BRANCH)
BEGINNINGS = {
    "notice_days": "新建的村：评上的积分公示 {} 天，没有异议才入账。",
    "pin_above": "户主设兑换密码：一次兑换超过 {} 分要输密码，各户可以另选。",
    "lease_most": "新终端：每户留 {} 分在终端里，断网时也能兑换。",
    "lease_days": "新终端：断网后最多再兑换 {} 天。",
}
"""What new things begin with, for who decides; each with its value."""
SENTENCES = BEGINNINGS | {
    "answer_days": "有人提异议：监委在 {} 个工作日内答复。",
    "contest_days": "入账以后：{} 天内还可以提异议。",
    "witnessed_most": "没带卡、由证明人证明的：每户一天最多兑换 {} 分。",
    "council_quorum": "道德评议会评议：每件由 {} 名成员表决，过半数赞成才通过。",
    "photo_days": "申报时传的照片：留 {} 天（没有办完的等办完），到期自动删除，只留校验码。",
    "revisit_percent": "每月抽查：上个月入账的抽 {}%，由监委上门核实。",
}
"""All of them."""


LATEST_PIN_ABOVE = (
    select(AdoptedDefaults.pin_above)
    .where(AdoptedDefaults.township == bindparam("township"))
    .order_by(AdoptedDefaults.since.desc(), AdoptedDefaults.id.desc())
    .limit(literal_column("1"))
)
"""`pin_above` alone, for a read query; no row where nobody has decided."""


async def read_defaults(uow: UnitOfWork) -> wire.TownshipDefaults:
    row = await read_latest(uow, AdoptedDefaults)
    return DEFAULT if row is None else wire.TownshipDefaults(**_values(row))


def _values(row: AdoptedDefaults) -> dict[str, int]:
    return {name: getattr(row, name) for name in wire.TownshipDefaults.__struct_fields__}


async def show_defaults(services: Services) -> wire.TownshipDefaultsView:
    async with services.unit_of_work() as uow:
        row = await read_latest(uow, AdoptedDefaults)
        if row is None:
            return wire.TownshipDefaultsView(**msgspec.to_builtins(DEFAULT))
        names = await read_names(uow, [row.set_by])
        confirmed_by = "" if row.proposal is None else await read_confirmer(uow, row.proposal)
        return wire.TownshipDefaultsView(
            **_values(row), since=row.since, proposed_by=names[row.set_by], confirmed_by=confirmed_by
        )


async def propose_defaults(
    services: Services, staff: Staff, wanted: wire.TownshipDefaults
) -> wire.ProposalView | wire.TownshipDefaultsView:
    """Those in force, where they are these already. Raises Refused: not-allowed."""
    require_township(staff, *PROPOSERS)
    async with services.unit_of_work() as uow:
        now = await read_defaults(uow)
        if now != wanted:
            new = NewProposal(request=wanted, what=_describe_changes(now, wanted), village=None)
            return await to_view(uow, DEFAULTS, await propose(uow, DEFAULTS, Signer.of(staff), new), staff)
    return await show_defaults(services)


def describe(defaults: wire.TownshipDefaults) -> list[str]:
    return [sentence.format(getattr(defaults, name)) for name, sentence in SENTENCES.items()]


def _describe_changes(before: wire.TownshipDefaults, after: wire.TownshipDefaults) -> str:
    changes = (
        f"{sentence.format(getattr(after, name))}（现在是 {getattr(before, name)}）"
        for name, sentence in SENTENCES.items()
        if getattr(before, name) != getattr(after, name)
    )
    return "".join(changes)


async def adopt(
    uow: UnitOfWork, wanted: wire.TownshipDefaults, set_by: UUID, proposal: UUID | None = None
) -> None:
    """From now on. Without a proposal: those that the township is founded with."""
    uow.session.add(
        AdoptedDefaults(
            township=uow.township,
            id=proposal or uuid7(),
            proposal=proposal,
            set_by=set_by,
            since=uow.now,
            **msgspec.to_builtins(wanted),
        )
    )
    await uow.session.flush()


async def dismiss_beginning(services: Services, staff: Staff) -> None:
    """Put the list of first steps away, for everybody. Safe to repeat."""
    async with services.unit_of_work() as uow:
        await uow.session.execute(
            insert_or(BeginningDismissal)
            .values(township=uow.township, dismissed_by=staff.id, dismissed_at=uow.now)
            .on_conflict_do_nothing()
        )


async def _execute(uow: UnitOfWork, proposed: Proposed, confirmer: Signer) -> wire.TownshipDefaults:
    wanted = msgspec.convert(proposed.request, wire.TownshipDefaults)
    await adopt(uow, wanted, proposed.proposer.id, proposed.id)
    return wanted


DEFAULTS = ProposalKind(
    "township-defaults", "全乡的默认做法", Confirmers((Role.OFFICE, Role.PARTY_BRANCH, Role.SUPERVISOR)), _execute
)
