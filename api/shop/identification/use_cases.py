"""Vouch for a household without its card: by the card's PIN, or by a witness, another attendant.

What comes of it is a token that looks like a card's. It stands for the card at one kiosk, in one shift, for some
minutes. It is derived from the shift's token, which the server doesn't keep: so a retry gets the same one, and the
database has its hash alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import msgspec
from sqlalchemy.dialects.postgresql import insert as insert_or

from api import wire
from api.platform.access import Device
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.cards.pins import require_set_pin
from api.registry.cards.queries import CardFacts, read_living_card
from api.registry.people.queries import list_kin
from api.registry.register.queries import HouseholdFacts, read_households
from api.shop.identification.finding import find_served_here
from api.shop.identification.queries import IdentificationFacts, find_identification, require_valid
from api.shop.identification.tables import Identification
from api.shop.kiosks.tables import Attendant
from api.shop.kiosks.use_cases import OpenShift, require_attendant, require_open_shift, require_still_serving
from api.shop.till.card import view_card
from api.wire import identification
from api.wire.card_token import derive_token, digest, parse

LIFETIME = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who asks for whom, and the card that will be stood for."""

    shift: OpenShift
    household: HouseholdFacts
    card: CardFacts


async def identify(
    services: Services, device: Device, shift: str, id: UUID, data: identification.NewIdentification
) -> identification.Identification:
    """Safe to retry as long as it counts.

    Raises Refused: shift-closed, malformed, conflict, unknown, household-ended, wrong-state, card-frozen,
    not-allowed, no-pin, wrong-card-pin, card-pin-locked, same-person, wrong-pin, pin-locked, identification-over.
    """
    if bool(data.card_pin) == (data.witness is not None):
        raise Refused(ErrorCode.MALFORMED, "请输入积分卡密码，或者请一位证明人输入 PIN，两样里选一样。")
    token = derive_token(shift, f"identification {id}".encode())
    async with services.unit_of_work() as uow:
        opened = await require_open_shift(uow, device, shift)
        known = await _find_same(uow, opened, id, data)
        asked = None if known else await _require_identifiable(uow, device, opened, data.household)
    if asked is not None:
        witness = await _judge(services, device, asked, data)
        async with services.unit_of_work() as uow:
            await _record(uow, device, shift, id, data, digest(token), witness)
    found = await find_identification(services, digest(token))
    assert found is not None
    return identification.Identification(
        token=token,
        card=found.card,
        until=found.valid_until,
        identified=found.by,
        view=await _view(services, device, found),
    )


async def show_card(services: Services, device: Device, text: str, *, held: bool = False) -> wire.CardView:
    """What a card's household has, or that of an identification. Raises MalformedCard, and Refused: card-unknown,
    household-ended, card-revoked, card-frozen, identification-over."""
    card = digest(parse(text))
    try:
        return await view_card(services, device, card, held=held)
    except Refused as refusal:
        found = await find_identification(services, card) if refusal.code == ErrorCode.CARD_UNKNOWN else None
        if found is None:
            raise
    return await _view(services, device, found, held=held)


async def _view(
    services: Services, device: Device, found: IdentificationFacts, *, held: bool = False
) -> wire.CardView:
    view = await view_card(services, device, bytes.fromhex(found.card), held=held)
    require_valid(found, device.id, view.household, services.clock.now())
    return msgspec.structs.replace(view, pin_above=None) if found.by_pin else view


async def _find_same(uow: UnitOfWork, shift: OpenShift, id: UUID, data: identification.NewIdentification) -> bool:
    """Whether it was recorded before. Raises Refused: conflict."""
    found = await uow.session.get(Identification, (uow.township, id))
    if found is None:
        return False
    by_pin, witness = data.witness is None, data.witness.attendant if data.witness is not None else None
    same = (found.shift, found.household) == (shift.shift, data.household) and by_pin == (found.witness is None)
    if not same or witness not in (None, found.witness):
        raise Refused(ErrorCode.CONFLICT, "这个编号已经用过，内容不同；请重新找户、再认一次。")
    return True


async def _require_identifiable(uow: UnitOfWork, device: Device, shift: OpenShift, household: UUID) -> _Asked:
    """Raises Refused: unknown, household-ended, wrong-state, card-frozen, card-suspended, not-allowed."""
    found = await find_served_here(uow, device, household)
    card = await read_living_card(uow, found.id)
    if card is None:
        raise Refused(ErrorCode.WRONG_STATE, "这户现在没有卡，请先到村委会补办。")
    if card.frozen_at is not None:
        raise Refused(
            ErrorCode.CARD_FROZEN, "这户的卡已挂失，没带卡也不能兑换；找到了请到村委会解除挂失，丢了请补办。"
        )
    if card.freeze is not None:
        raise Refused(ErrorCode.CARD_SUSPENDED, card.freeze.tell("这户的卡", "没带卡也不能兑换"))
    attendant = await uow.session.get_one(Attendant, (uow.township, shift.attendant))
    await _require_others(uow, attendant, found)
    return _Asked(shift, found, card)


async def _require_others(uow: UnitOfWork, attendant: Attendant, household: HouseholdFacts) -> None:
    """Raises Refused: not-allowed."""
    if attendant.household is None:
        return
    [own] = (await read_households(uow, [attendant.household])).values()
    if household.code in await list_kin(uow, own.code):
        raise Refused(
            ErrorCode.NOT_ALLOWED, f"这是{attendant.name}自己家或亲属家，没带卡时请由别的管理员办理和证明。"
        )


async def _judge(
    services: Services, device: Device, asked: _Asked, data: identification.NewIdentification
) -> Attendant | None:
    """The witness; None where the PIN was right."""
    if data.witness is None:
        await require_set_pin(services, asked.card.digest, data.card_pin)
        return None
    _require_another(asked.shift, data.witness.attendant)
    witness = await require_attendant(services, device, data.witness.pin, data.witness.attendant)
    _require_another(asked.shift, witness.id)
    return witness


def _require_another(shift: OpenShift, witness: UUID | None) -> None:
    if witness == shift.attendant:
        raise Refused(ErrorCode.SAME_PERSON, "证明人要是另一位管理员，不能是正在当班的人。")


async def _record(
    uow: UnitOfWork,
    device: Device,
    shift: str,
    id: UUID,
    data: identification.NewIdentification,
    token: bytes,
    witness: Attendant | None,
) -> None:
    """All is asked again: a card may have been frozen, and a shift closed, since the PIN was judged."""
    opened = await require_open_shift(uow, device, shift)
    asked = await _require_identifiable(uow, device, opened, data.household)
    if witness is not None:
        await require_still_serving(uow, witness)
        await _require_others(uow, witness, asked.household)
    await uow.session.execute(
        insert_or(Identification)
        .values(
            township=uow.township,
            id=id,
            digest=token,
            kiosk=device.id,
            shift=opened.shift,
            attendant=opened.attendant,
            household=asked.household.id,
            card=asked.card.digest,
            witness=witness.id if witness is not None else None,
            identified_at=uow.now,
            valid_until=uow.now + LIFETIME,
        )
        .on_conflict_do_nothing()
    )
    # Of two at once with one id, only the first was recorded.
    await _find_same(uow, opened, id, data)
