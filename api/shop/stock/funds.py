"""The township's money for goods."""

from __future__ import annotations

from uuid import UUID

from api import wire
from api.platform import accounts
from api.platform.access import Role, Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.shop.stock import slips
from api.shop.stock.tables import Funding
from ledger.transactions import Phase, Transaction, TransactionId


async def fund(services: Services, staff: Staff, id: UUID, wanted: wire.Funding) -> None:
    """Money reaches the township's fund; the same id with the same content counts once. The fund is the whole
    township's, so only its office writes this down.

    Raises Refused: not-allowed, donor-missing, donor-unexpected, conflict, account-closed.
    """
    require(staff, Role.OFFICE)
    given = wanted.source == "donation"
    if given and not wanted.donor:
        raise Refused(ErrorCode.DONOR_MISSING, "捐款请填写捐赠人；不愿公开的，可以选择匿名。")
    if not given and (wanted.donor or wanted.anonymous):
        raise Refused(ErrorCode.DONOR_UNEXPECTED, "财政拨款没有捐赠人；如果是捐款，请把来源改为捐赠。")
    source = accounts.DONORS if given else accounts.APPROPRIATION
    async with services.unit_of_work() as uow:
        await uow.books.open_accounts([source, accounts.FUND], uow.now)
        slip = Transaction(
            id=TransactionId(id),
            kind="fund",
            phase=Phase.POSTED,
            person=str(staff.id),
            transfers=(slips.move(source, accounts.FUND, wanted.amount),),
        )
        if await slips.post(uow, slip):
            uow.session.add(
                Funding(
                    township=uow.township,
                    id=id,
                    person=staff.id,
                    donor=wanted.donor,
                    anonymous=wanted.anonymous,
                    note=wanted.note,
                )
            )
            return
        known = await uow.session.get_one(Funding, (uow.township, id))
        if (known.donor, known.anonymous, known.note) != (wanted.donor, wanted.anonymous, wanted.note):
            raise slips.conflict()
