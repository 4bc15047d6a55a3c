"""All that the desk tells of one claim: answers, reasoning, who decided what, who kept out, earlier versions."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from api import wire
from api.awards.claims.confidentiality import confidentiality_of
from api.awards.claims.corrections import LastCorrection, list_corrected
from api.awards.claims.same_deed import find_same_deeds
from api.awards.claims.tables import Claim
from api.awards.review.bodies import Bodies
from api.awards.review.held import is_held_by
from api.awards.review.queries import ClaimSummary, in_own_village, load_summaries
from api.awards.review.signatures import (
    Progress,
    Step,
    body_title,
    find_obstacle,
    is_under_way,
    name_step,
    read_progress,
    step_at,
)
from api.awards.review.tables import ClaimRecusal
from api.awards.review.versions import Version, load_versions, name_answers
from api.awards.rulebooks.use_cases import books_by_version
from api.bookkeeping.general_ledger.disclosure import disclose
from api.platform.access import DECLARERS, Role, Staff
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services, UnitOfWork
from api.registry.people.queries import read_names
from api.registry.register.merged import read_remaining
from api.registry.register.queries import list_villages, read_households

GROUNDS = {"own": "本户", "relative": "亲属家"}


@dataclass(frozen=True, slots=True)
class ShownSignature:
    """What was done, by whom, for which body."""

    step: str
    person: str
    body: str


@dataclass(frozen=True, slots=True)
class ShownVote:
    """`approves` is None where it isn't told yet."""

    person: str
    approves: bool | None
    reason: str


@dataclass(frozen=True, slots=True)
class VoteSheet:
    """How several members decide in one place. `missing`: how many have still to vote."""

    body: str
    votes: list[ShownVote]
    missing: int


@dataclass(frozen=True, slots=True)
class ShownRecusal:
    """Who kept out of which step, and whose household it is to them."""

    step: str
    person: str
    ground: str


@dataclass(frozen=True, slots=True)
class ClaimDetails:
    """`step`: what this person may sign it for now. `shortage`: one sentence where fewer can
    decide now than the policy wants. `household_now`: one where the household has moved or been merged since.
    `versions`: the claims that it corrects and that correct it, itself among them, the first one first."""

    summary: ClaimSummary
    person: str
    note: str
    again: str
    answers: dict[str, str]
    explanation: list[str]
    household_now: str
    corrected: LastCorrection | None
    signatures: list[ShownSignature]
    sheets: list[VoteSheet]
    shortage: str
    recusals: list[ShownRecusal]
    versions: list[Version]
    step: Step | None
    can_withdraw: bool
    can_correct: bool


async def load_details(services: Services, staff: Staff, id: UUID) -> ClaimDetails:
    """Raises Refused: unknown."""
    async with services.unit_of_work() as uow:
        claim = await find_claim(uow, staff, id)
        [summary] = await load_summaries(uow, staff, [Claim.id == id])
        rule = (await books_by_version(uow, {claim.rulebook}))[claim.rulebook].get_rule(claim.rule)
        progress = (await read_progress(uow, [id]))[id]
        names = await read_names(uow, progress.voters)
        bodies = await Bodies.load(uow)
        versions = await load_versions(uow, staff, claim)
        return ClaimDetails(
            summary=summary,
            person=claim.person,
            note=claim.note,
            again=claim.again,
            answers=name_answers(rule, claim),
            explanation=claim.explanation,
            household_now=await _tell_household(uow, claim),
            corrected=(await list_corrected(uow, Claim.id == id)).get(id),
            signatures=[
                ShownSignature(name_step(claim, place), names[person], body_title(claim, place))
                for place, person in enumerate(progress.signed)
            ],
            sheets=_list_sheets(staff, claim, progress, summary.household, names, bodies),
            shortage=_tell_shortage(claim, progress, summary.household, bodies),
            recusals=await _list_recusals(uow, claim) if staff.may(Role.SUPERVISOR) else [],
            versions=versions,
            step=await _find_step(uow, staff, claim, progress, summary.household),
            can_withdraw=is_under_way(claim) and claim.declared_by == staff.id,
            can_correct=claim.status == "returned"
            and claim.declared_by in (staff.id, None)
            and staff.may(*DECLARERS)
            and versions[-1].id == id,
        )


async def load_explanation(services: Services, staff: Staff, id: UUID) -> wire.ClaimExplanation:
    """Raises Refused: unknown."""
    async with services.unit_of_work() as uow:
        claim = await find_claim(uow, staff, id)
        return wire.ClaimExplanation(
            id=claim.id,
            points=claim.points,
            sentences=claim.explanation,
            trace=claim.trace,
            same_deed=[other.id for other in (await find_same_deeds(uow, staff, [claim]))[id]],
        )


async def find_claim(uow: UnitOfWork, staff: Staff, id: UUID) -> Claim:
    """A claim that this person may see in full. Raises Refused: unknown."""
    claim = await uow.session.scalar(
        select(Claim).where(Claim.township == uow.township, Claim.id == id, *in_own_village(staff))
    )
    if claim is None or not disclose(staff, confidentiality_of(claim)).subject:
        raise Refused(ErrorCode.UNKNOWN, "没有这条申报，或者它不公示、不由您办理。")
    return claim


async def _find_step(
    uow: UnitOfWork, staff: Staff, claim: Claim, progress: Progress, household: str
) -> Step | None:
    """What this person may sign it for now; None where they can't, or have decided it already."""
    if find_obstacle(staff, claim, progress, household):
        return None
    held = await uow.session.scalar(
        select(Claim.id).where(Claim.township == uow.township, Claim.id == claim.id, is_held_by(staff))
    )
    return step_at(claim, progress.place) if held is None else None


def _list_sheets(
    staff: Staff, claim: Claim, progress: Progress, household: str, names: dict[UUID, str], bodies: Bodies
) -> list[VoteSheet]:
    """Of the places in which several have voted or have to."""
    sheets = []
    for place in range(len(claim.signers)):
        given = [vote for vote in progress.votes if vote.place == place]
        is_open = is_under_way(claim) and place == progress.place
        quorum = bodies.quorum_of(claim, place) if is_open else 1
        if len(given) <= 1 and quorum == 1:
            continue
        # What others said is told to who has voted, so that each gives their own word.
        told = not is_open or any(vote.person == staff.id for vote in given)
        sheets.append(
            VoteSheet(
                body_title(claim, place),
                [
                    ShownVote(names[v.person], v.approves if told else None, v.reason if told else "")
                    for v in given
                ],
                bodies.count_needed(claim, progress, household) - len(given) if is_open else 0,
            )
        )
    return sheets


def _tell_shortage(claim: Claim, progress: Progress, household: str, bodies: Bodies) -> str:
    if not is_under_way(claim):
        return ""
    body, quorum = body_title(claim, progress.place), bodies.quorum_of(claim, progress.place)
    able = len(bodies.list_able(claim, progress, household))
    if able == 0:
        return f"{body}现在没有人能办这一件：请乡镇办公室增加一名与这户无关的成员，或由申报人撤回。"
    if able < quorum:
        return f"规定{body} {quorum} 人表决，能办这一件的只有 {able} 人（回避的不算），就由这 {able} 人表决。"
    return ""


async def _list_recusals(uow: UnitOfWork, claim: Claim) -> list[ShownRecusal]:
    rows = await uow.session.execute(
        select(ClaimRecusal.place, ClaimRecusal.person, ClaimRecusal.ground)
        .where(ClaimRecusal.township == uow.township, ClaimRecusal.claim == claim.id)
        .order_by(ClaimRecusal.place, ClaimRecusal.person)
    )
    recusals = rows.all()
    names = await read_names(uow, {person for _, person, _ in recusals})
    return [
        ShownRecusal(name_step(claim, place), names[person], GROUNDS[ground]) for place, person, ground in recusals
    ]


async def _tell_household(uow: UnitOfWork, claim: Claim) -> str:
    household = (await read_households(uow, [claim.household]))[claim.household]
    remaining = await read_remaining(uow, household)
    if remaining.id != household.id:
        return f"这户已并入 {remaining.code} 户（{remaining.head}），积分入账后转到那一户。"
    if not household.is_living:
        return "这户已经销户。"
    if household.village != claim.village:
        village = {each.code: each.name for each in await list_villages(uow)}[household.village]
        return f"这户后来迁到{village}，这一件仍由申报时的村办理和公示。"
    return ""
