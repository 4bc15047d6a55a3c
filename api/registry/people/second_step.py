"""The second step of signing in, for whoever wants it: a code that an authenticator shows (TOTP, RFC 6238), or one
of ten codes on paper for its loss. Each code counts once."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from pyotp import TOTP, random_base32
from sqlalchemy import bindparam, delete, exists, func, insert, select, update

from api.platform.access import Staff, digest_secret
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.people.records import ChangeKind, record_change
from api.registry.people.tables import Person, RecoveryCode, SecondStep
from api.registry.tries.use_cases import LockedOut, Lockout, look_up
from api.wire.card_token import normalize, random_symbols
from api.wire.lockout import WindowPolicy

ISSUER = "积美"
RECOVERY_CODES = 10
RECOVERY_LENGTH = 10
"""50 random bits; tries are counted."""
PERIOD = 30
"""Seconds that a code is shown for. The one before and the one after count too: clocks differ."""
_LOCKOUT = WindowPolicy(max_failures=5, window=timedelta(hours=1), duration=timedelta(minutes=5), forgiving=True)


@dataclass(frozen=True, slots=True)
class SecondStepView:
    """`recovery_left`: codes on paper that weren't used."""

    since: datetime | None
    recovery_left: int


@dataclass(frozen=True, slots=True)
class NewSecret:
    """What the person's authenticator needs: as a QR code's text, and to be typed."""

    uri: str
    secret: str


async def show_second_step(services: Services, staff: Staff) -> SecondStepView:
    async with services.unit_of_work() as uow:
        since = await uow.session.scalar(
            select(SecondStep.confirmed_at).where(
                SecondStep.township == uow.township, SecondStep.person == staff.id
            )
        )
        left = await uow.session.scalar(
            select(func.count())
            .select_from(RecoveryCode)
            .where(
                RecoveryCode.township == uow.township,
                RecoveryCode.person == staff.id,
                RecoveryCode.used_at.is_(None),
            )
        )
        return SecondStepView(since, left or 0)


async def is_on(uow: UnitOfWork, person: UUID) -> bool:
    return bool(await uow.session.scalar(_IS_ON, {"township": uow.township, "person": person}))


# Built once, as each sign-in asks.
_IS_ON = select(
    exists().where(
        SecondStep.township == bindparam("township"),
        SecondStep.person == bindparam("person"),
        SecondStep.confirmed_at.is_not(None),
    )
)


async def begin(services: Services, staff: Staff) -> NewSecret:
    """A new secret, which counts once a code of it was shown. Raises Refused: wrong-state."""
    secret = random_base32()
    async with services.unit_of_work() as uow:
        login = await _lock(uow, staff.id)
        if await is_on(uow, staff.id):
            raise Refused(ErrorCode.WRONG_STATE, "您已经开了两步登录；要换手机，先关掉再开。")
        await _remove(uow, staff.id)
        await uow.session.execute(
            insert(SecondStep).values(
                township=uow.township, person=staff.id, secret=secret, begun_at=uow.now, last_counter=0
            )
        )
    return NewSecret(TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER), secret)


async def find_begun(services: Services, staff: Staff) -> NewSecret | None:
    """The secret that waits for its first code."""
    async with services.unit_of_work() as uow:
        row = (
            await uow.session.execute(
                select(SecondStep.secret, Person.login)
                .join(Person, (Person.township == SecondStep.township) & (Person.id == SecondStep.person))
                .where(
                    SecondStep.township == uow.township,
                    SecondStep.person == staff.id,
                    SecondStep.confirmed_at.is_(None),
                )
            )
        ).first()
    if row is None:
        return None
    return NewSecret(TOTP(row.secret).provisioning_uri(name=row.login, issuer_name=ISSUER), row.secret)


async def confirm(services: Services, staff: Staff, code: str) -> list[str]:
    """From now on signing in takes a code; returns those on paper, which nobody sees again.

    Raises Refused: wrong-state, code-wrong, too-many.
    """
    if await find_begun(services, staff) is None:
        raise Refused(ErrorCode.WRONG_STATE, "请先取一个新的二维码，再输入验证码。")
    await require_code(services, staff.id, code)
    codes = [random_symbols(RECOVERY_LENGTH) for _ in range(RECOVERY_CODES)]
    async with services.unit_of_work() as uow:
        await _lock(uow, staff.id)
        confirmed = await uow.session.execute(
            update(SecondStep)
            .where(
                SecondStep.township == uow.township,
                SecondStep.person == staff.id,
                SecondStep.confirmed_at.is_(None),
            )
            .values(confirmed_at=uow.now)
            .returning(SecondStep.person)
        )
        if confirmed.first() is None:
            raise Refused(ErrorCode.WRONG_STATE, "您已经开了两步登录。")
        await uow.session.execute(
            insert(RecoveryCode),
            [{"township": uow.township, "digest": _digest(staff.id, code), "person": staff.id} for code in codes],
        )
        record_change(uow, staff.id, ChangeKind.SECOND_STEP_ON, staff.id)
    return codes


async def turn_off(services: Services, staff: Staff, code: str) -> None:
    """By the person, who shows a code once more. Raises Refused: code-wrong, too-many."""
    await require_code(services, staff.id, code)
    async with services.unit_of_work() as uow:
        await remove(uow, staff.id, staff.id)


async def remove(uow: UnitOfWork, person: UUID, by: UUID, reason: str = "") -> None:
    """Signing in takes a password alone again. Raises Refused: wrong-state."""
    await _lock(uow, person)
    if not await is_on(uow, person):
        raise Refused(ErrorCode.WRONG_STATE, "没有开两步登录，不用关。")
    await _remove(uow, person)
    record_change(uow, person, ChangeKind.SECOND_STEP_OFF, by, reason=reason)


async def require_code(services: Services, person: UUID, code: str) -> None:
    """Raises Refused: code-wrong, too-many."""

    async def find(uow: UnitOfWork) -> bool | None:
        return await _use_code(uow, person, code) or await _use_recovery(uow, person, code) or None

    try:
        found = await look_up(services, find, Lockout(_LOCKOUT, ("second-step", str(person))))
    except LockedOut as locked:
        raise Refused(
            ErrorCode.TOO_MANY,
            f"验证码输错太多次，请 {locked.minutes} 分钟后再试。",
            retry_after=locked.seconds,
        ) from None
    if found is None:
        raise Refused(ErrorCode.CODE_WRONG, "验证码不对或用过了，请输入手机上现在显示的那个。")


async def _use_code(uow: UnitOfWork, person: UUID, code: str) -> bool:
    secret = await uow.session.scalar(
        select(SecondStep.secret).where(SecondStep.township == uow.township, SecondStep.person == person)
    )
    if secret is None:
        return False
    totp, now = TOTP(secret), int(uow.now.timestamp()) // PERIOD
    fitting = [
        each
        for each in (now - 1, now, now + 1)
        if hmac.compare_digest(totp.generate_otp(each).encode(), code.encode())
    ]
    if not fitting:
        return False
    # Never the same again, nor one before it, whoever else tries at the same time.
    used = await uow.session.execute(
        update(SecondStep)
        .where(
            SecondStep.township == uow.township,
            SecondStep.person == person,
            SecondStep.secret == secret,
            SecondStep.last_counter < fitting[-1],
        )
        .values(last_counter=fitting[-1])
        .returning(SecondStep.person)
    )
    return used.first() is not None


async def _use_recovery(uow: UnitOfWork, person: UUID, code: str) -> bool:
    used = await uow.session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.township == uow.township,
            RecoveryCode.digest == _digest(person, normalize(code)),
            RecoveryCode.person == person,
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=uow.now)
        .returning(RecoveryCode.person)
    )
    return used.first() is not None


async def _lock(uow: UnitOfWork, person: UUID) -> str:
    """One change of somebody's second step at a time; their login."""
    login = await uow.session.scalar(
        select(Person.login)
        .where(Person.township == uow.township, Person.id == person)
        .with_for_update(key_share=True)
    )
    assert login is not None
    return login


async def _remove(uow: UnitOfWork, person: UUID) -> None:
    for table in (SecondStep, RecoveryCode):
        await uow.session.execute(delete(table).where(table.township == uow.township, table.person == person))


def _digest(person: UUID, code: str) -> bytes:
    return digest_secret(f"{person} {code}")
