"""Tables that the office brings: kept until a person has seen what they would change and confirms it, then written
in one transaction by a job, so that a browser may be closed and a power cut leaves nothing or all."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import undefer

from api.platform.access import Role, Staff, require_township
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.platform.table_files.file import TableFile
from api.registry.people.queries import find_staff, read_names
from api.registry.register.grid_moves import compare_grids, read_moves
from api.registry.register.register_plan import (
    Compare,
    RegisterPlan,
    carry_out,
    compare_register,
    describe_source,
    lock_register,
    outdated,
    plan,
)
from api.registry.register.register_table import read_register
from api.registry.register.tables import RegisterUpload

KEPT_FOR = timedelta(days=7)
MAX_WAITING = 10
SHOWN_DONE = 20
SKIPPED = "skip"
"""The choice for a sheet that is not to be read, by `sheet.` and its place."""


class Purpose(StrEnum):
    REGISTER = "register"
    GRIDS = "grids"


class State(StrEnum):
    OPEN = "open"
    CONFIRMED = "confirmed"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class UploadView:
    """`written` of `planned` households, while it is carried out. `refusal`: why it was not, so that it has to be
    looked at again. `result`: how many of each kind there were, once it is done."""

    id: UUID
    purpose: Purpose
    name: str
    state: State
    uploaded_by: str
    uploaded_at: datetime
    confirmed_by: str
    kept_until: datetime
    reason: str
    effective_on: date | None
    written: int
    planned: int
    refusal: str
    result: Mapping[str, int]
    choices: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Preview:
    """`sheets`: names of those that could be read; `skipped`: places of those that are not to be. `seen`: how many
    households the table has."""

    plan: RegisterPlan
    sheets: tuple[str, ...] = ()
    skipped: frozenset[int] = frozenset()
    seen: int = 0


async def keep(services: Services, staff: Staff, id: UUID, purpose: Purpose, name: str, content: bytes) -> None:
    """Keep a table that can be read; sent twice it is kept once.

    Raises Refused: not-allowed, unreadable, malformed, too-large, too-many.
    """
    require_township(staff, Role.OFFICE)
    await asyncio.to_thread(_read, purpose, TableFile(name, content), {})
    async with services.unit_of_work() as uow:
        await lock_register(uow)
        if await uow.session.get(RegisterUpload, (uow.township, id)) is not None:
            return
        waiting = await uow.session.scalar(
            select(func.count())
            .select_from(RegisterUpload)
            .where(RegisterUpload.township == uow.township, RegisterUpload.done_at.is_(None))
        )
        if waiting is not None and waiting >= MAX_WAITING:
            raise Refused(ErrorCode.TOO_MANY, f"已有 {waiting} 份表等着确认，请先确认，或把不要的去掉。")
        await uow.session.execute(
            insert(RegisterUpload).values(
                township=uow.township,
                id=id,
                purpose=purpose,
                name=name,
                content=content,
                choices={},
                uploaded_by=staff.id,
                uploaded_at=uow.now,
                kept_until=uow.now + KEPT_FOR,
            )
        )


async def get_upload(services: Services, staff: Staff, id: UUID) -> UploadView:
    """Raises Refused: not-allowed, unknown."""
    require_township(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        upload = await _require(uow, id)
        return _view(upload, await read_names(uow))


async def list_uploads(services: Services, staff: Staff) -> list[UploadView]:
    """Those that wait and the last that were carried out, newest first. Raises Refused: not-allowed."""
    require_township(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        found = await uow.session.scalars(
            select(RegisterUpload)
            .where(RegisterUpload.township == uow.township)
            .order_by(RegisterUpload.uploaded_at.desc())
            .limit(MAX_WAITING + SHOWN_DONE)
        )
        names = await read_names(uow)
        return [_view(upload, names) for upload in found]


async def preview(services: Services, staff: Staff, id: UUID) -> Preview:
    """What an upload would change as the register is now; for one that is carried out, nothing.

    Raises Refused: not-allowed, unknown.
    """
    require_township(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        upload = await _require(uow, id)
        if upload.content is None:
            return Preview(RegisterPlan())
        table = await asyncio.to_thread(_read_upload, upload)
        return Preview(
            await plan(uow, table.compare),
            table.sheets,
            table.skipped,
            table.seen,
        )


async def choose(services: Services, staff: Staff, id: UUID, choices: Mapping[str, str]) -> None:
    """Keep what was chosen among the mends, in place of what was before.

    Raises Refused: not-allowed, unknown, wrong-state.
    """
    require_township(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        await _change_open(uow, id, choices=dict(choices), refusal="")


async def confirm(
    services: Services, staff: Staff, id: UUID, seen: bytes, reason: str = "", effective_on: date | None = None
) -> None:
    """Have the plan that a person has seen carried out; a second time it is the first one.

    Raises Refused: not-allowed, unknown.
    """
    require_township(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        upload = await _require(uow, id)
        if upload.confirmed_at is None:
            await _change_open(
                uow,
                id,
                seen=seen,
                reason=reason,
                effective_on=effective_on,
                confirmed_by=staff.id,
                confirmed_at=uow.now,
                written=0,
                planned=0,
                refusal="",
            )


async def discard(services: Services, staff: Staff, id: UUID) -> None:
    """Raises Refused: not-allowed."""
    require_township(staff, Role.OFFICE)
    async with services.unit_of_work() as uow:
        await uow.session.execute(
            delete(RegisterUpload).where(
                RegisterUpload.township == uow.township,
                RegisterUpload.id == id,
                RegisterUpload.confirmed_at.is_(None),
            )
        )


async def carry_out_confirmed(services: Services) -> bool:
    """Write the upload that was confirmed first. One that can't be is open again, with the reason. A job."""
    try:
        async with services.unit_of_work() as uow:
            await lock_register(uow)
            upload = await uow.session.scalar(
                _of_township(uow)
                .where(RegisterUpload.confirmed_at.is_not(None), RegisterUpload.done_at.is_(None))
                .order_by(RegisterUpload.confirmed_at)
                .limit(1)
            )
            if upload is None:
                return False
            await _write(services, uow, upload)
    except _NotWritten as failed:
        async with services.unit_of_work() as uow:
            await _update(
                uow,
                failed.upload,
                confirmed_by=None,
                confirmed_at=None,
                seen=None,
                written=0,
                planned=0,
                refusal=failed.sentence,
            )
    return True


class _NotWritten(Exception):
    def __init__(self, upload: UUID, sentence: str) -> None:
        self.upload, self.sentence = upload, sentence


async def _write(services: Services, uow: UnitOfWork, upload: RegisterUpload) -> None:
    assert upload.confirmed_by is not None
    assert upload.seen is not None

    async def report_progress(written: int, planned: int) -> None:
        # In a transaction of its own: who looks at the page sees it before all is written.
        async with services.unit_of_work() as progress:
            await _update(progress, upload.id, written=written, planned=planned)

    try:
        table = await asyncio.to_thread(_read_upload, upload)
        staff = await find_staff(uow, upload.confirmed_by)
        reason = upload.reason or describe_source(upload.name)
        planned = await plan(uow, table.compare)
        await carry_out(uow, staff, planned, upload.seen, reason, upload.effective_on, report_progress)
    except Refused as refused:
        raise _NotWritten(upload.id, refused.detail) from None
    except IntegrityError:
        raise _NotWritten(upload.id, outdated().detail) from None
    await _update(uow, upload.id, content=None, choices={}, result=_count(planned), done_at=uow.now)


def _count(plan: RegisterPlan) -> dict[str, int]:
    return {
        "villages": len(plan.villages),
        "grids": len(plan.grids),
        "renamed": len(plan.renamed),
        "new": len(plan.new),
        "changed": len(plan.changed),
        "unchanged": plan.unchanged,
        "gone": len(plan.gone),
        "people": len(plan.staff.new),
    }


async def forget_uploads(services: Services) -> bool:
    """Those that nobody has confirmed in time. A job."""
    async with services.unit_of_work() as uow:
        await uow.session.execute(
            delete(RegisterUpload).where(
                RegisterUpload.township == uow.township,
                RegisterUpload.kept_until < uow.now,
                RegisterUpload.confirmed_at.is_(None),
            )
        )
    return False


@dataclass(frozen=True, slots=True)
class _Read:
    """`compare`: what the table would change of a register."""

    compare: Compare
    sheets: tuple[str, ...] = ()
    skipped: frozenset[int] = frozenset()
    seen: int = 0


def _read_upload(upload: RegisterUpload) -> _Read:
    assert upload.content is not None
    return _read(Purpose(upload.purpose), TableFile(upload.name, upload.content), upload.choices)


def _read(purpose: Purpose, file: TableFile, choices: Mapping[str, str]) -> _Read:
    if purpose is Purpose.GRIDS:
        moves = read_moves(file)
        return _Read(partial(compare_grids, table=moves), seen=len(moves.rows))
    table = read_register(file)
    sheets = tuple(each.sheet.name for each in table.tables)
    skipped = frozenset(n for n in range(len(sheets)) if choices.get(f"sheet.{n}") == SKIPPED)
    chosen = table.without(skipped)
    return _Read(partial(compare_register, table=chosen, choices=choices), sheets, skipped, chosen.seen)


def _of_township(uow: UnitOfWork) -> Any:
    return (
        select(RegisterUpload)
        .where(RegisterUpload.township == uow.township)
        .options(undefer(RegisterUpload.content))
    )


async def _require(uow: UnitOfWork, id: UUID) -> RegisterUpload:
    upload: RegisterUpload | None = await uow.session.scalar(_of_township(uow).where(RegisterUpload.id == id))
    if upload is None:
        raise Refused(ErrorCode.UNKNOWN, "这份表已经不在了：可能过了七天没有确认，或有人去掉了。请重新上传。")
    return upload


async def _change_open(uow: UnitOfWork, id: UUID, **values: Any) -> None:
    """Raises Refused: unknown, wrong-state."""
    changed = await uow.session.scalar(
        update(RegisterUpload)
        .where(
            RegisterUpload.township == uow.township,
            RegisterUpload.id == id,
            RegisterUpload.confirmed_at.is_(None),
        )
        .values(**values)
        .returning(RegisterUpload.id)
    )
    if changed is None:
        await _require(uow, id)
        raise Refused(ErrorCode.WRONG_STATE, "这份表已经确认了，不能再改。")


async def _update(uow: UnitOfWork, id: UUID, **values: Any) -> None:
    await uow.session.execute(
        update(RegisterUpload)
        .where(RegisterUpload.township == uow.township, RegisterUpload.id == id)
        .values(**values)
    )


def _view(upload: RegisterUpload, names: Mapping[UUID, str]) -> UploadView:
    return UploadView(
        upload.id,
        Purpose(upload.purpose),
        upload.name,
        State.OPEN if upload.confirmed_at is None else State.CONFIRMED if upload.done_at is None else State.DONE,
        names[upload.uploaded_by],
        upload.uploaded_at,
        "" if upload.confirmed_by is None else names[upload.confirmed_by],
        upload.kept_until,
        upload.reason,
        upload.effective_on,
        upload.written,
        upload.planned,
        upload.refusal,
        upload.result or {},
        upload.choices,
    )
