"""The township's money for goods."""

from __future__ import annotations

from uuid import UUID

from api import wire
from api.platform import accounts
from api.platform.access import Role, Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.shop.stock import stock_documents
from api.shop.stock.tables import Funding
from ledger.transactions import Phase, Transaction, TransactionId


async def record_funding(services: Services, staff: Staff, id: UUID, data: wire.Funding) -> None:
    """Money reaches the township's fund. Safe to retry with the same id. The fund is the whole township's, so only
    its office records this.

    Raises Refused: not-allowed, donor-missing, donor-unexpected, conflict, account-closed.
    """
    require(staff, Role.OFFICE)
    is_donation = data.source == "donation"
    if is_donation and not data.donor:
        raise Refused(ErrorCode.DONOR_MISSING, "捐款请填写捐赠人；不愿公开的，可以选择匿名。")
    if not is_donation and (data.donor or data.anonymous):
        raise Refused(ErrorCode.DONOR_UNEXPECTED, "财政拨款没有捐赠人；如果是捐款，请把来源改为捐赠。")
    source = accounts.DONORS if is_donation else accounts.APPROPRIATION
    async with services.unit_of_work() as uow:
        await uow.books.open_accounts([source, accounts.FUND], uow.now)
        transaction = Transaction(
            id=TransactionId(id),
            kind="fund",
            phase=Phase.POSTED,
            person=str(staff.id),
            transfers=(stock_documents.build_transfer(source, accounts.FUND, data.amount),),
        )
        if await stock_documents.post(uow, transaction):
            uow.session.add(
                Funding(
                    township=uow.township,
                    id=id,
                    person=staff.id,
                    donor=data.donor,
                    anonymous=data.anonymous,
                    note=data.note,
                )
            )
            return
        funding = await uow.session.get_one(Funding, (uow.township, id))
        if (funding.donor, funding.anonymous, funding.note) != (data.donor, data.anonymous, data.note):
            raise stock_documents.conflict()
