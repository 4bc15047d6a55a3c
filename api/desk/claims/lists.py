"""Lists of claims that somebody works through: those that wait for them, and those that they search for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from urllib.parse import urlencode
from uuid import UUID

from api.awards.claims.statuses import SEARCHED
from api.awards.review.queries import ClaimSummary, Waiting, load_waiting
from api.awards.review.search import ClaimSearch, search_claims
from api.platform.access import Staff
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.registry.people.pages import DESK

CLAIMS = f"{DESK}/claims"
WAITING: Mapping[Waiting, str] = {"review": "待评议", "approve": "待审定", "notice": "公示中"}
"""What may wait for somebody, and its title."""
_WRONG_LINK = "这个链接不完整，请回到异常线索重新点开。"


@dataclass(frozen=True, slots=True)
class ClaimList:
    """`query`: what is behind the address of a claim that is opened from here, so that the list stays beside it.
    `back`: where the list is by itself; `older`: where it goes on; `figure`: what of a figure it is, in words."""

    title: str
    claims: Sequence[ClaimSummary]
    query: str
    back: str
    older: str = ""
    figure: str = ""


async def read_list(services: Services, staff: Staff, query: Mapping[str, str]) -> ClaimList:
    """The list that a page's query names: `in=review`, or what was searched for. Raises Refused: malformed."""
    for waiting, title in WAITING.items():
        if query.get("in") == waiting:
            queue = await load_waiting(services, staff, waiting)
            return ClaimList(title, queue.claims, f"?in={waiting}", f"{DESK}#{waiting}")
    asked = read_search(query)
    found = await search_claims(services, staff, asked)
    return ClaimList(
        "找到的申报",
        found.claims,
        query=_to_query(asked) or "?in=all",
        back=f"{CLAIMS}{_to_query(asked)}",
        older=f"{CLAIMS}{_to_query(replace(asked, before=found.older))}" if found.older is not None else "",
        figure=found.figure,
    )


async def find_next_address(services: Services, staff: Staff, waiting: str, decided: Sequence[UUID]) -> str:
    """The next claim of a list of those that wait, after some of it were decided; without any, the desk."""
    if waiting not in WAITING:
        return DESK
    found = await read_list(services, staff, {"in": waiting})
    left = [claim for claim in found.claims if not claim.blocked_reason and claim.id not in decided]
    return f"{CLAIMS}/{left[0].id}{found.query}" if left and len(decided) == 1 else f"{DESK}#{waiting}"


def read_search(query: Mapping[str, str]) -> ClaimSearch:
    """Raises Refused: malformed."""
    status = query.get("status", "")
    return ClaimSearch(
        household=query.get("household", "").strip(),
        rule=query.get("rule", "").strip(),
        person=query.get("person", "").strip(),
        since=read_day(query.get("since", "")),
        until=read_day(query.get("until", "")),
        status=status if status in SEARCHED else "",
        before=_read_id(query.get("before", ""), "翻页标记不对，请从第一页重新查起。"),
        village=query.get("village", ""),
        grid=query.get("grid", ""),
        declared_by=_read_id(query.get("declared_by", ""), _WRONG_LINK),
        approved_by=_read_id(query.get("approved_by", ""), _WRONG_LINK),
        body=query.get("body", ""),
        decided_since=_read_moment(query.get("decided_since", "")),
        decided_until=_read_moment(query.get("decided_until", "")),
    )


def read_day(text: str) -> date | None:
    """Empty asks for nothing. Raises Refused: malformed."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Refused(ErrorCode.MALFORMED, "日期不对，请重新选。") from None


def _read_id(text: str, wrong: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise Refused(ErrorCode.MALFORMED, wrong) from None


def _read_moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        raise Refused(ErrorCode.MALFORMED, _WRONG_LINK) from None
    if moment is not None and moment.tzinfo is None:
        raise Refused(ErrorCode.MALFORMED, _WRONG_LINK)
    return moment


def _to_query(asked: ClaimSearch) -> str:
    values = {field.name: getattr(asked, field.name) for field in fields(asked)}
    written = urlencode({name: str(value) for name, value in values.items() if value})
    return f"?{written}" if written else ""
