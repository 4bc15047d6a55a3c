"""Claims name photos: an answer to an input of type photo is their digests, with spaces between them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import insert, or_, select, update

from api.awards.evidence.tables import ClaimPhoto, Photo, PhotoUpload
from api.platform.services import UnitOfWork
from rules import Rule

MAX_PHOTOS = 4
"""In one answer."""
KEPT_UNNAMED = timedelta(days=1)
_DIGEST = re.compile(r"[0-9a-f]{64}")


def read_digests(answer: object) -> tuple[str, ...]:
    """The photos that an answer names, each once; none where it is another text, as in claims from before photos
    were kept."""
    names = str(answer).split()
    return tuple(dict.fromkeys(names)) if all(map(_DIGEST.fullmatch, names)) else ()


def write_answer(digests: Iterable[str]) -> str:
    return " ".join(dict.fromkeys(digests))


@dataclass(frozen=True, slots=True)
class NameablePhotos:
    """The photos that claims may name, each with the ids of the person and the household that brought it; locked
    until the claims are recorded."""

    brought: Mapping[str, Set[UUID | None]]

    def find_obstacle(self, rule: Rule, answers: Mapping[str, object], by: Set[UUID | None]) -> str:
        """Why the claim can't name the photos it names, one sentence; empty if it can. `by`: its declarer and its
        household, either of whom has to have brought them."""
        for input in rule.inputs:
            answer = answers.get(input.id, "")
            if input.type != "photo" or not str(answer).strip():
                continue
            digests = read_digests(answer)
            if not digests:
                return f"「{input.title}」要先上传照片，再填上传后得到的编码。"
            if len(digests) > MAX_PHOTOS:
                return f"「{input.title}」最多 {MAX_PHOTOS} 张照片，请去掉几张。"
            if any(self.brought.get(digest, frozenset()).isdisjoint(by) for digest in digests):
                return f"「{input.title}」里有的照片已经不在了（传了一天没有申报的会删除），请重新选照片。"
        return ""


async def lock_nameable(uow: UnitOfWork, answers: Iterable[Mapping[str, object]]) -> NameablePhotos:
    """Those that any of the answers names, and that are there."""
    digests = {digest for each in answers for answer in each.values() for digest in read_digests(answer)}
    if not digests:
        return NameablePhotos({})
    there = select(Photo.digest).where(
        Photo.township == uow.township,
        Photo.digest.in_(digests),
        Photo.removed_at.is_(None),
        # What `removal` may be about to remove isn't named any more.
        or_(Photo.named_at.is_not(None), Photo.received_at > uow.now - KEPT_UNNAMED),
    )
    locked = await uow.session.scalars(there.order_by(Photo.digest).with_for_update(key_share=True))
    uploads = await uow.session.execute(
        select(PhotoUpload.photo, PhotoUpload.person, PhotoUpload.household).where(
            PhotoUpload.township == uow.township, PhotoUpload.photo.in_(locked.all())
        )
    )
    brought: dict[str, set[UUID | None]] = {}
    for digest, person, household in uploads:
        brought.setdefault(digest, set()).add(person or household)
    return NameablePhotos(brought)


async def record_photos(uow: UnitOfWork, claims: Mapping[UUID, Mapping[str, object]]) -> None:
    """The photos that claims name in their answers, once the claims are recorded and nothing was in the way."""
    rows = [
        {"township": uow.township, "claim": claim, "input": input, "place": place, "photo": digest}
        for claim, answers in claims.items()
        for input, answer in answers.items()
        for place, digest in enumerate(read_digests(answer))
    ]
    if not rows:
        return
    digests = {row["photo"] for row in rows}
    # Another answer may look like a digest.
    known = set(
        await uow.session.scalars(
            select(Photo.digest).where(Photo.township == uow.township, Photo.digest.in_(digests))
        )
    )
    named = [row for row in rows if row["photo"] in known]
    if named:
        await uow.session.execute(insert(ClaimPhoto), named)
        await note_named(uow, known)


async def note_named(uow: UnitOfWork, digests: Collection[object]) -> None:
    """From now on they stay as long as the policy says."""
    await uow.session.execute(
        update(Photo).where(Photo.township == uow.township, Photo.digest.in_(digests)).values(named_at=uow.now)
    )
