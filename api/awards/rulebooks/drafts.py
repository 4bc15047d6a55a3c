"""Drafts: created from an existing book or a file, saved any number of times, closed or proposed.

Two people may edit the same draft; whoever saves on top of an older revision gets a conflict, and nothing is lost.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from uuid_utils.compat import uuid7

import rules
from api import wire
from api.awards.rulebooks.adoption_views import unknown_version
from api.awards.rulebooks.adoptions import propose_text
from api.awards.rulebooks.tables import Draft, DraftText, RulebookText
from api.platform.access import Role, Staff, require
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.people.queries import name_subquery, read_villages


async def create(services: Services, staff: Staff, request: wire.NewDraft, origin: str = "") -> wire.DraftView:
    """Create a draft from a text, a version or a template of the software; `origin` says where a text is from,
    e.g. the name of its file.

    Raises Refused: not-allowed, malformed, unknown.
    """
    require(staff, Role.PARTY_BRANCH)
    async with services.unit_of_work() as uow:
        text, origin = await _initial_text(uow, request, origin)
        id = uuid7()
        uow.session.add(Draft(township=uow.township, id=id, origin=origin, begun_by=staff.id, begun_at=uow.now))
        await uow.session.flush()
        _save(uow, staff, id, 1, text)
        await uow.session.flush()
        return await _load_view(uow, id)


async def _initial_text(uow: UnitOfWork, request: wire.NewDraft, origin: str) -> tuple[str, str]:
    match request:
        case wire.NewDraft(text=str(text), version=None, builtin=None):
            return text, origin or "自带文本"
        case wire.NewDraft(text=None, version=str(version), builtin=None):
            existing = await uow.session.get(RulebookText, (uow.township, version))
            if existing is None:
                raise unknown_version()
            return existing.text, f"{version} 版"
        case wire.NewDraft(text=None, version=None, builtin=str(name)):
            book = rules.books_path() / f"{name}.toml"
            if not book.is_file():
                raise Refused(ErrorCode.UNKNOWN, "软件里没有这个范本。")
            return book.read_text(encoding="utf-8"), "软件自带的范本"
    raise Refused(ErrorCode.MALFORMED, "请写明草稿从哪里开始：文本、版本或范本，只选一样。")


def list_templates() -> dict[str, str]:
    """The titles of the books that come with the software, by name."""
    titles = {
        file.name.removesuffix(".toml"): rules.read_header(file.read_text(encoding="utf-8")).title
        for file in rules.books_path().iterdir()
        if file.name.endswith(".toml")
    }
    return dict(sorted(titles.items()))


async def list_drafts(services: Services, staff: Staff) -> list[wire.DraftSummary]:
    """The open drafts of their own village, of all of them for the township's people; the one last saved first.

    Raises Refused: not-allowed.
    """
    require(staff, Role.PARTY_BRANCH)
    async with services.unit_of_work() as uow:
        drafts = await uow.session.execute(
            select(Draft.id, Draft.begun_by).where(Draft.township == uow.township, Draft.closed_at.is_(None))
        )
        authors = dict(drafts.all())
        villages = await read_villages(uow, authors.values())
        views = [await _load_view(uow, id) for id, author in authors.items() if _sees(staff, villages[author])]
    views.sort(key=lambda view: view.saved_at, reverse=True)
    return [
        wire.DraftSummary(**{name: getattr(v, name) for name in wire.DraftSummary.__struct_fields__})
        for v in views
    ]


async def get_draft(services: Services, staff: Staff, id: UUID) -> wire.DraftView:
    """Raises Refused: not-allowed, unknown."""
    require(staff, Role.PARTY_BRANCH)
    async with services.unit_of_work() as uow:
        draft = await uow.session.get(Draft, (uow.township, id))
        await _require_seen(uow, staff, draft)
        return await _load_view(uow, id)


async def save(services: Services, staff: Staff, id: UUID, request: wire.DraftUpdate) -> wire.DraftView:
    """Save on top of the revision that was edited; safe to repeat.

    Raises Refused: not-allowed, unknown, wrong-state, conflict (revision, saved_by, text: the latest ones).
    """
    require(staff, Role.PARTY_BRANCH)
    async with services.unit_of_work() as uow:
        await _lock_open_draft(uow, staff, id)
        latest = await _load_view(uow, id)
        if latest.text == request.text:
            return latest
        _require_latest(latest, request.revision)
        _save(uow, staff, id, latest.revision + 1, request.text)
        await uow.session.flush()
        return await _load_view(uow, id)


async def close(services: Services, staff: Staff, id: UUID) -> None:
    """Close a draft. Raises Refused: not-allowed, unknown, wrong-state."""
    require(staff, Role.PARTY_BRANCH)
    async with services.unit_of_work() as uow:
        draft = await _lock_open_draft(uow, staff, id)
        draft.closed_by, draft.closed_at = staff.id, uow.now


async def propose(services: Services, staff: Staff, id: UUID, request: wire.DraftProposal) -> wire.AdoptionView:
    """Propose the draft's text, which closes the draft.

    Raises Refused: as `adoptions.propose`, and unknown, wrong-state, conflict.
    """
    require(staff, Role.PARTY_BRANCH)
    async with services.unit_of_work() as uow:
        draft = await _lock_open_draft(uow, staff, id)
        latest = await _load_view(uow, id)
        _require_latest(latest, request.revision)
        view = await propose_text(uow, staff, latest.text, request.decision, request.effective_from)
        draft.closed_by, draft.closed_at = staff.id, uow.now
        return view


async def _lock_open_draft(uow: UnitOfWork, staff: Staff, id: UUID) -> Draft:
    """The draft, locked against saving, closing and proposing by others."""
    draft = await _require_seen(uow, staff, await uow.session.get(Draft, (uow.township, id), with_for_update=True))
    if draft.closed_at is not None:
        raise Refused(ErrorCode.WRONG_STATE, "这份草稿已经提议或收起，不能再改。可以据此另起一份草稿。")
    return draft


async def _require_seen(uow: UnitOfWork, staff: Staff, draft: Draft | None) -> Draft:
    """Raises Refused: unknown, also for a draft that another village's people or the township's began."""
    if draft is None or not _sees(staff, (await read_villages(uow, [draft.begun_by]))[draft.begun_by]):
        raise _unknown()
    return draft


def _sees(staff: Staff, village: str | None) -> bool:
    """Whether they see the drafts of somebody who serves this village; None: the whole township."""
    return staff.serves_township or staff.village == village


def _require_latest(latest: wire.DraftView, revision: int) -> None:
    if latest.revision != revision:
        raise Refused(
            ErrorCode.CONFLICT,
            f"{latest.saved_by}刚才保存过这份草稿，您的没有保存，也没有丢。请对照后再保存。",
            revision=latest.revision,
            saved_by=latest.saved_by,
            text=latest.text,
        )


def _save(uow: UnitOfWork, staff: Staff, id: UUID, revision: int, text: str) -> None:
    uow.session.add(
        DraftText(
            township=uow.township, draft=id, revision=revision, text=text, saved_by=staff.id, saved_at=uow.now
        )
    )


async def _load_view(uow: UnitOfWork, id: UUID) -> wire.DraftView:
    """The latest revision. Raises Refused: unknown."""
    row = (
        await uow.session.execute(
            select(
                Draft,
                DraftText,
                name_subquery(Draft.township, Draft.begun_by).label("creator"),
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
    draft, saved, begun_by, saved_by = row
    header = rules.read_header(saved.text)
    return wire.DraftView(
        id=draft.id,
        title=header.title,
        version=header.version,
        origin=draft.origin,
        revision=saved.revision,
        begun_by=begun_by,
        saved_by=saved_by,
        saved_at=saved.saved_at,
        closed_at=draft.closed_at,
        text=saved.text,
    )


def _unknown() -> Refused:
    return Refused(ErrorCode.UNKNOWN, "没有这份草稿。")
