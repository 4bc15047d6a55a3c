"""The township's money for goods."""

from __future__ import annotations

from uuid import UUID

from api import wire
from api.platform import accounts
from api.platform.access import Role, Staff, require
from api.platform.problems import Refused
from api.platform.town import Town
from api.shop.stock import slips
from api.shop.stock.tables import Funding
from ledger.transactions import Phase, Transaction, TransactionId


async def fund(town: Town, staff: Staff, id: UUID, wanted: wire.Funding) -> None:
    """Money reaches the township's fund; the same id with the same content counts once. The fund is the whole
    township's, so only its office writes this down.

    Raises Refused: not-allowed, donor-missing, donor-unexpected, conflict, account-closed.
    """
    require(staff, Role.OFFICE)
    given = wanted.source == "donation"
    if given and not wanted.donor:
        raise Refused("donor-missing", "捐款请填写捐赠人；不愿公开的，可以选择匿名。")
    if not given and (wanted.donor or wanted.anonymous):
        raise Refused("donor-unexpected", "财政拨款没有捐赠人；如果是捐款，请把来源改为捐赠。")
    source = accounts.DONORS if given else accounts.APPROPRIATION
    async with town.work() as work:
        await work.books.open([source, accounts.FUND], work.now)
        slip = Transaction(
            id=TransactionId(id),
            kind="fund",
            phase=Phase.POSTED,
            person=str(staff.id),
            transfers=(slips.move(source, accounts.FUND, wanted.amount),),
        )
        if await slips.post(work, slip):
            work.session.add(
                Funding(
                    township=work.township,
                    id=id,
                    person=staff.id,
                    donor=wanted.donor,
                    anonymous=wanted.anonymous,
                    note=wanted.note,
                )
            )
            return
        known = await work.session.get_one(Funding, (work.township, id))
        if (known.donor, known.anonymous, known.note) != (wanted.donor, wanted.anonymous, wanted.note):
            raise slips.conflict()
