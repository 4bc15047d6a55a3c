"""The township's money for goods."""

from __future__ import annotations

from uuid import UUID

import msgspec

from api import wire
from api.platform import accounts
from api.platform.access import Role, Staff, require_township
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.proposals.decision import Confirmers
from api.registry.proposals.use_cases import (
    NewProposal,
    ProposalKind,
    Proposed,
    Signer,
    find_proposal,
    name_confirmer,
    propose,
    to_view,
    trial,
)
from api.shop.stock import stock_documents
from api.shop.stock.tables import Funding
from ledger.transactions import Phase, Transaction, TransactionId


async def record_funding(
    services: Services, staff: Staff, id: UUID, data: wire.Funding
) -> wire.ProposalView | None:
    """Money reaches the township's fund, once a second person confirms; None where it is in the books already.
    Safe to retry with the same id.

    Raises Refused: not-allowed, donor-missing, donor-unexpected, conflict, account-closed, wrong-state.
    """
    require_township(staff, Role.OFFICE)
    _require_donor(data)
    async with services.unit_of_work() as uow:
        proposal = await find_proposal(uow, FUNDING, id, data)
        if proposal is None:
            if await uow.books.recorded([TransactionId(id)]):
                # By one person, before it took two.
                await _post(uow, staff.id, id, data)
                return None
            async with trial(uow):
                await _post(uow, staff.id, id, data)
            new = NewProposal(request=data, what=_describe(data), village=None, id=id)
            proposal = await propose(uow, FUNDING, Signer.of(staff), new)
        return await to_view(uow, FUNDING, proposal, staff) if proposal.status == "waiting" else None


def _require_donor(data: wire.Funding) -> None:
    is_donation = data.source == "donation"
    if is_donation and not data.donor:
        raise Refused(ErrorCode.DONOR_MISSING, "捐款请填写捐赠人；不愿公开的，可以选择匿名。")
    if not is_donation and (data.donor or data.anonymous):
        raise Refused(ErrorCode.DONOR_UNEXPECTED, "财政拨款没有捐赠人；如果是捐款，请把来源改为捐赠。")


def _describe(data: wire.Funding) -> str:
    donor = "不愿留名的人" if data.anonymous else data.donor
    source = f"{donor}捐款" if data.source == "donation" else "财政拨款"
    return f"经费增加 {data.amount / 100:,.2f} 元，{source}{f'（{data.note}）' if data.note else ''}"


async def _execute(uow: UnitOfWork, proposed: Proposed, confirmer: Signer) -> None:
    data = msgspec.convert(proposed.request, wire.Funding)
    await _post(uow, proposed.proposer.id, proposed.id, data, confirmer.id)


FUNDING = ProposalKind("funding", "经费", Confirmers((Role.OFFICE, Role.SUPERVISOR)), _execute)


async def _post(
    uow: UnitOfWork, person: UUID, id: UUID, data: wire.Funding, confirmed_by: UUID | None = None
) -> None:
    source = accounts.DONORS if data.source == "donation" else accounts.APPROPRIATION
    await uow.books.open_accounts([source, accounts.FUND], uow.now)
    transaction = Transaction(
        id=TransactionId(id),
        kind="fund",
        phase=Phase.POSTED,
        person=str(person),
        transfers=(stock_documents.build_transfer(source, accounts.FUND, data.amount),),
        metadata=name_confirmer(confirmed_by),
    )
    if await stock_documents.post(uow, transaction):
        uow.session.add(
            Funding(
                township=uow.township,
                id=id,
                person=person,
                donor=data.donor,
                anonymous=data.anonymous,
                note=data.note,
            )
        )
        return
    funding = await uow.session.get_one(Funding, (uow.township, id))
    if (funding.donor, funding.anonymous, funding.note) != (data.donor, data.anonymous, data.note):
        raise stock_documents.conflict()
