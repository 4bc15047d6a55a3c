"""Drafts: begun from a book there is or from a file, saved as often as one likes, put aside or proposed.

Two people may write at one draft; who saves later is told, and no saving is ever lost.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from uuid_utils.compat import uuid7

import rules
from api import wire
from api.awards.rulebooks.adoptions import propose_text, unknown_version
from api.awards.rulebooks.tables import Draft, DraftText, RulebookText
from api.platform.access import Role, Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.people.queries import name_subquery


async def begin(services: Services, staff: Staff, wanted: wire.NewDraft, origin: str = "") -> wire.DraftView:
    """A draft that begins from a text, a version or a book of the software's; `origin` names a text's, such as
    the name of its file.

    Raises Refused: not-allowed, malformed, unknown.
    """
    require(staff, Role.PARTY_BRANCH)
    async with services.unit_of_work() as uow:
        text, origin = await _beginning(uow, wanted, origin)
        id = uuid7()
        uow.session.add(Draft(township=uow.township, id=id, origin=origin, begun_by=staff.id, begun_at=uow.now))
        await uow.session.flush()
        _save(uow, staff, id, 1, text)
        await uow.session.flush()
        return await _view(uow, id)


async def _beginning(uow: UnitOfWork, wanted: wire.NewDraft, origin: str) -> tuple[str, str]:
    match wanted:
        case wire.NewDraft(text=str(text), version=None, builtin=None):
            return text, origin or "自带文本"
        case wire.NewDraft(text=None, version=str(version), builtin=None):
            known = await uow.session.get(RulebookText, (uow.township, version))
            if known is None:
                raise unknown_version()
            return known.text, f"{version} 版"
        case wire.NewDraft(text=None, version=None, builtin=str(name)):
            book = rules.books_path() / f"{name}.toml"
            if not book.is_file():
                raise Refused(ErrorCode.UNKNOWN, "软件里没有这个范本。")
            return book.read_text(encoding="utf-8"), "软件自带的范本"
    raise Refused(ErrorCode.MALFORMED, "请写明草稿从哪里开始：文本、版本或范本，只选一样。")


def builtin() -> dict[str, str]:
    """The titles of the books that come with the software, by name."""
    found = {
        file.name.removesuffix(".toml"): rules.read_header(file.read_text(encoding="utf-8")).title
        for file in rules.books_path().iterdir()
        if file.name.endswith(".toml")
    }
    return dict(sorted(found.items()))


async def drafts(services: Services, staff: Staff) -> list[wire.DraftSummary]:
    """Those that are being written, the one last saved first. Raises Refused: not-allowed."""
    require(staff, Role.PARTY_BRANCH)
    async with services.unit_of_work() as uow:
        open_ones = await uow.session.scalars(
            select(Draft.id).where(Draft.township == uow.township, Draft.closed_at.is_(None))
        )
        views = [await _view(uow, id) for id in open_ones.all()]
    views.sort(key=lambda view: view.saved_at, reverse=True)
    return [
        wire.DraftSummary(**{name: getattr(v, name) for name in wire.DraftSummary.__struct_fields__})
        for v in views
    ]


async def draft(services: Services, staff: Staff, id: UUID) -> wire.DraftView:
    """Raises Refused: not-allowed, unknown."""
    require(staff, Role.PARTY_BRANCH)
    async with services.unit_of_work() as uow:
        return await _view(uow, id)


async def save(services: Services, staff: Staff, id: UUID, wanted: wire.DraftUpdate) -> wire.DraftView:
    """Saved on top of the revision it was written on; safe to send again.

    Raises Refused: not-allowed, unknown, wrong-state, conflict (revision, saved_by, text: what came meanwhile).
    """
    require(staff, Role.PARTY_BRANCH)
    async with services.unit_of_work() as uow:
        await _open(uow, id)
        last = await _view(uow, id)
        if last.text == wanted.text:
            return last
        _require_last(last, wanted.revision)
        _save(uow, staff, id, last.revision + 1, wanted.text)
        await uow.session.flush()
        return await _view(uow, id)


async def close(services: Services, staff: Staff, id: UUID) -> None:
    """Put a draft aside. Raises Refused: not-allowed, unknown, wrong-state."""
    require(staff, Role.PARTY_BRANCH)
    async with services.unit_of_work() as uow:
        found = await _open(uow, id)
        found.closed_by, found.closed_at = staff.id, uow.now


async def propose(services: Services, staff: Staff, id: UUID, wanted: wire.DraftProposal) -> wire.AdoptionView:
    """Propose what the draft says; that closes it.

    Raises Refused: as `adoptions.propose`, and unknown, wrong-state, conflict.
    """
    require(staff, Role.PARTY_BRANCH)
    async with services.unit_of_work() as uow:
        found = await _open(uow, id)
        last = await _view(uow, id)
        _require_last(last, wanted.revision)
        view = await propose_text(uow, staff, last.text, wanted.decision, wanted.effective_from)
        found.closed_by, found.closed_at = staff.id, uow.now
        return view


async def _open(uow: UnitOfWork, id: UUID) -> Draft:
    """The draft, locked: who else would save, close or propose it waits."""
    found = await uow.session.get(Draft, (uow.township, id), with_for_update=True)
    if found is None:
        raise _unknown()
    if found.closed_at is not None:
        raise Refused(ErrorCode.WRONG_STATE, "这份草稿已经提议或收起，不能再改。可以据此另起一份草稿。")
    return found


def _require_last(last: wire.DraftView, revision: int) -> None:
    if last.revision != revision:
        raise Refused(
            ErrorCode.CONFLICT,
            f"{last.saved_by}刚才保存过这份草稿，您的没有保存，也没有丢。请对照后再保存。",
            revision=last.revision,
            saved_by=last.saved_by,
            text=last.text,
        )


def _save(uow: UnitOfWork, staff: Staff, id: UUID, revision: int, text: str) -> None:
    uow.session.add(
        DraftText(
            township=uow.township, draft=id, revision=revision, text=text, saved_by=staff.id, saved_at=uow.now
        )
    )


async def _view(uow: UnitOfWork, id: UUID) -> wire.DraftView:
    """As last saved. Raises Refused: unknown."""
    row = (
        await uow.session.execute(
            select(
                Draft,
                DraftText,
                name_subquery(Draft.township, Draft.begun_by).label("beginner"),
                name_subquery(DraftText.township, DraftText.saved_by).label("saver"),
            )
            .join(DraftText, (DraftText.township == Draft.township) & (DraftText.draft == Draft.id))
            .where(Draft.township == uow.township, Draft.id == id)
            .order_by(DraftText.revision.desc())
            .limit(1)
        )
    ).first()
    if row is None:
        raise _unknown()
    found, saved, begun_by, saved_by = row
    head = rules.read_header(saved.text)
    return wire.DraftView(
        id=found.id,
        title=head.title,
        version=head.version,
        origin=found.origin,
        revision=saved.revision,
        begun_by=begun_by,
        saved_by=saved_by,
        saved_at=saved.saved_at,
        closed_at=found.closed_at,
        text=saved.text,
    )


def _unknown() -> Refused:
    return Refused(ErrorCode.UNKNOWN, "没有这份草稿。")
