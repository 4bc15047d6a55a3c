"""Play the demo's year through the public API: staff with their tokens, tills with the kiosk's client."""

from __future__ import annotations

import asyncio
import ssl
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, TypeVar
from uuid import UUID

import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from uuid_utils.compat import uuid7

from api import wire
from api.cli.demo.photos import draw_photo
from api.cli.demo.progress import DemoProgress
from api.cli.demo.township import SEED, TownshipPlan
from api.cli.demo.year import PHOTO, ROUNDS, Basket, draw_baskets, make_claims
from api.platform.clock import TravelClock, local_date
from api.wire import till_journal
from kiosk.client import Client
from kiosk.store.facade import Store
from rules import SigningBody, books_path, load_builtin, signing_bodies

OFFICE = "office"
CARD_COUNT = 40

# Who of a village declares, and who signs for each body; the second where it is the first's own household or a
# relative's.
_DECLARERS = ("01-member1", "01-member2")
_SIGNERS: Mapping[SigningBody, tuple[str, str]] = {
    "reviewer": ("council", "council2"),
    "grid": ("chief-grid-leader", "01-leader"),
    "council": ("council", "council2"),
    "committee": ("committee", "committee2"),
    "supervisors": ("supervisor", "supervisor2"),
}
_ROUND = timedelta(days=60, hours=20)
_DEED_DAYS = 50
# A slow or busy machine takes minutes for a hundred new people's passwords.
_PATIENCE = 300
# Less than a session lasts: one comes in, does the day's work and goes.
_SIGNED_IN_FOR = timedelta(hours=8)

T = TypeVar("T")


@dataclass(slots=True)
class DemoKeys:
    """For the demo's user: the staff's password, the till's PIN, some cards."""

    password: str
    pin: str = ""
    cards: list[wire.NewCard] = field(default_factory=list)


class Story:
    def __init__(
        self, url: str, clock: TravelClock, plan: TownshipPlan, password: str, progress: DemoProgress, kiosk: Path
    ) -> None:
        """`kiosk`: the folder of the till that the user will use."""
        self.keys = DemoKeys(password)
        self._kiosk = kiosk
        self._url = url
        self._clock = clock
        self._plan = plan
        self._progress = progress
        self._random = Random(SEED)
        # Shared, since reading the system's certificates takes longer than most requests.
        self._tls = ssl.create_default_context()
        self._book = load_builtin("township")
        self._baskets = draw_baskets(self._random)
        self._redemptions = len(self._baskets)
        self._photos = 0
        self._cards: dict[str, wire.NewCard] = {}
        self._devices: dict[str, str] = {}
        # The token of whoever signed in, and until when it is used.
        self._signed_in: dict[str, tuple[str, datetime]] = {}
        # Posted points that are not spent yet, by household.
        self._balances: defaultdict[str, int] = defaultdict(int)
        self._recusals = plan.list_recusals()
        self._households = {v.code: [h for h in plan.households if h.village == v.code] for v in plan.villages}

    async def play(
        self,
        until: datetime,
        run_until_idle: Callable[[], Awaitable[None]],
        analyze: Callable[[], Awaitable[None]],
    ) -> None:
        """Register the township a year before `until`, and play that year. `run_until_idle` runs the jobs,
        `analyze` updates the database's statistics."""
        start = until - ROUNDS * _ROUND
        self._clock.travel(start - timedelta(hours=1))
        await self._register()
        await run_until_idle()
        async with AsyncExitStack() as stack:
            tills = {
                supermarket: await stack.enter_async_context(Client(self._url, token))
                for supermarket, token in self._devices.items()
            }
            for attendant in self._plan.attendants:
                await tills[attendant.supermarket].open_shift(attendant.pin)
            for number in range(ROUNDS):
                begins = start + number * _ROUND
                await self._award_round(begins)
                await run_until_idle()
                await self._require_posted()
                self._progress.add_round()
                if number == 0:
                    # Autovacuum would do it only after a minute.
                    await analyze()
                await self._redeem_round(tills, begins + timedelta(days=58), number)
                await run_until_idle()
            await self._count_stock(tills)
        await self._leave_open_claims(until)
        await run_until_idle()
        # The cards with the most points.
        village = self._households[self._plan.villages[0].code]
        richest = sorted(village, key=lambda household: -self._balances[household.code])[:CARD_COUNT]
        self.keys.cards = [self._cards[household.code] for household in richest]

    async def _register(self) -> None:
        async with self._sign_in(OFFICE) as http:
            for path, rows in self._plan.bulk():
                await _call(http, "POST", path, wire.CreatedCount, rows)
                self._progress.add_registered(len(rows))
        async with self._sign_in(OFFICE) as http, self._sign_in(self._plan.second) as second:
            for path, slips in self._plan.stock_documents():
                for slip in slips:
                    await _call_by_two(http, second, "PUT", f"{path}/{uuid7()}", None, slip)
            for login, household in self._plan.relatives.items():
                await _call(http, "PUT", f"/v1/people/{login}/relatives/{household}", None)
            for attendant in self._plan.attendants:
                await _call(http, "POST", "/v1/attendants", None, attendant)
            for supermarket in self._plan.supermarkets:
                kiosk = wire.NewKiosk(supermarket=supermarket.code, name="柜台")
                added = await _call(http, "POST", "/v1/kiosks", wire.KioskCode, kiosk)
                first = supermarket is self._plan.supermarkets[0]
                self._devices[supermarket.code] = await self._enrol(added.code, self._kiosk if first else None)
            wanted = wire.NewCards(households=[h.code for h in self._plan.households])
            cards = await _call_by_two(http, second, "POST", "/v1/cards", list[wire.NewCard], wanted)
        self._cards = {card.household: card for card in cards}
        proposer, confirmer = self._plan.party_branch
        async with self._sign_in(proposer) as http:
            text = books_path().joinpath("township.toml").read_text(encoding="utf-8")
            book = await _call(http, "POST", "/v1/rulebooks", wire.AdoptionView, wire.NewRulebook(text=text))
        async with self._sign_in(confirmer) as http:
            adoption = f"/v1/rulebooks/adoptions/{book.id}"
            detail = await _call(http, "GET", adoption, wire.AdoptionDetail)
            ticks = {item.rule: list(detail.subjects) for item in detail.delicate}
            await _call(
                http,
                "POST",
                f"{adoption}/confirm",
                wire.AdoptionView,
                wire.AdoptionConfirmation(not_concerned=ticks),
            )
        self.keys.pin = self._plan.attendants[0].pin

    async def _enrol(self, code: str, folder: Path | None) -> str:
        """Enrol a machine, which stores its identity in `folder`; returns its device token."""
        async with Client(self._url) as client:
            if folder is None:
                key = Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex()
                return (await client.enrol(till_journal.NewEnrolment(code=code, public_key=key))).token
            with Store(folder, self._clock.now) as store:
                begun = store.enrolments.begin(self._url, code)
                machine = await client.enrol(begun.request)
                store.enrol(begun, machine)
                return machine.token

    async def _award_round(self, begins: datetime) -> None:
        """A round's claims: declared, the next day reviewed and approved, then on notice until posted."""
        first = local_date(begins)
        claims = {
            village: make_claims(self._book, households, first, _DEED_DAYS, self._random)
            for village, households in self._households.items()
        }
        self._clock.travel(begins + timedelta(days=_DEED_DAYS + 1))
        declared = await self._declare(claims)
        # Those who sign both first and last come once for both.
        reviewed = begins + timedelta(days=_DEED_DAYS + 2)
        self._clock.travel(reviewed)
        await self._sign("review", claims, declared)
        self._clock.travel(reviewed + timedelta(hours=3))
        await self._sign("approve", claims, declared)
        self._clock.travel(begins + timedelta(days=_DEED_DAYS + 7))
        for village, accepted in declared.items():
            for claim in claims[village]:
                self._balances[claim.household] += accepted.get(claim.id, 0)

    async def _declare(self, claims: Mapping[str, Sequence[wire.NewClaim]]) -> dict[str, dict[UUID, int]]:
        """The accepted claims of each village and their points; the rules' limits refuse a few."""
        accepted: dict[str, dict[UUID, int]] = {village: {} for village in claims}

        async def declare(http: httpx.AsyncClient, village: str, share: Sequence[wire.NewClaim]) -> None:
            with_photos = [await self._bring_photos(http, claim) for claim in share]
            outcomes = await _call(http, "POST", "/v1/claims", list[wire.ClaimOutcome], with_photos)
            accepted[village] |= {o.id: o.points for o in outcomes if o.status == "declared"}

        await self._share(_DECLARERS, claims, declare)
        return accepted

    async def _bring_photos(self, http: httpx.AsyncClient, claim: wire.NewClaim) -> wire.NewClaim:
        answers = dict(claim.inputs)
        for name, answer in claim.inputs.items():
            if answer == PHOTO:
                self._photos += 1
                content = draw_photo(Random(f"{SEED} {self._photos}"))
                brought = await http.put(f"/v1/evidence/{uuid7()}", content=content)
                answers[name] = _decode(brought.raise_for_status(), wire.ReceivedPhoto).digest
        return msgspec.structs.replace(claim, inputs=answers)

    async def _sign(
        self, step: str, claims: Mapping[str, Sequence[wire.NewClaim]], wanted: Mapping[str, Collection[UUID]]
    ) -> None:
        """Review or approve the wanted claims by village, each by the body that its rule names first or last."""
        place = 0 if step == "review" else -1
        due: dict[tuple[str, str], dict[str, list[wire.NewClaim]]] = {}
        for village, own in claims.items():
            for claim in own:
                if claim.id in wanted[village]:
                    signers = self._find_signers(claim, place)
                    due.setdefault(signers, {}).setdefault(village, []).append(claim)
        for signers, shares in due.items():
            await self._share(signers, shares, partial(_advance, step))

    def _find_signers(self, claim: wire.NewClaim, place: int) -> tuple[str, str]:
        return _SIGNERS[signing_bodies(self._book.get_rule(claim.rule))[place]]

    async def _share(
        self,
        duties: tuple[str, str],
        claims: Mapping[str, Sequence[wire.NewClaim]],
        work: Callable[[httpx.AsyncClient, str, Sequence[wire.NewClaim]], Awaitable[None]],
    ) -> None:
        """The first of the two in each village does what they needn't keep out of, the second the rest."""
        first, second = duties
        theirs: dict[str, dict[str, list[wire.NewClaim]]] = {first: {}, second: {}}
        for village, own in claims.items():
            recusals = self._recusals[f"{village}-{first}"]
            for claim in own:
                duty = second if claim.household in recusals else first
                theirs[duty].setdefault(village, []).append(claim)
        for duty, shares in theirs.items():
            await self._do_in_each_village(duty, work, shares)

    async def _redeem_round(self, tills: Mapping[str, Client], begins: datetime, number: int) -> None:
        """The round's share of the baskets, over some days, each for a household that can pay for it. Baskets that
        nobody can pay for yet wait for a later round."""
        done = self._redemptions - len(self._baskets)
        share = self._redemptions * (number + 1) // ROUNDS - done
        pairs = self._match_baskets(share)
        assert len(pairs) == share, "the year's awards cover its redemptions"
        for n, (basket, household) in enumerate(pairs):
            self._clock.travel(begins + timedelta(minutes=5 * n))
            till = tills[household.village]
            card = self._cards[household.code].token
            await till.redeem(uuid7(), wire.Redemption(card=card, lines=list(basket.lines)))
            self._progress.add_redemption()

    async def _count_stock(self, tills: Mapping[str, Client]) -> None:
        """Each committee counts its shelf at the end of the year; a piece or two of one product are missing."""
        counted = {}
        for village, till in tills.items():
            shelf = (await till.get_till()).shelf
            lost = self._random.choice(shelf)
            counted[village] = wire.Stocktake(
                supermarket=village,
                reason="年终盘点",
                lines=[
                    wire.CountedLine(
                        product=item.product,
                        counted=item.stock - (self._random.choice((0, 1, 2)) if item is lost else 0),
                    )
                    for item in shelf
                ],
            )
        await self._do_in_each_village("committee", _report_count, counted)

    def _match_baskets(self, share: int) -> list[tuple[Basket, wire.NewHousehold]]:
        """Up to `share` baskets, each with a household that can pay for it; in the last round the most expensive
        baskets come first."""
        if share == len(self._baskets):
            self._baskets.sort(key=lambda basket: -basket.points)
        ranked = sorted((self._balances[h.code], n) for n, h in enumerate(self._plan.households))
        pairs: list[tuple[Basket, wire.NewHousehold]] = []
        waiting = []
        for basket in self._baskets:
            able = bisect_left(ranked, (basket.points, 0))
            if len(pairs) == share or able == len(ranked):
                waiting.append(basket)
                continue
            # A household that can just pay, so that those with more points can pay for expensive baskets.
            points, n = ranked.pop(self._random.randrange(able, min(able + 9, len(ranked))))
            insort(ranked, (points - basket.points, n))
            household = self._plan.households[n]
            self._balances[household.code] = points - basket.points
            pairs.append((basket, household))
        self._baskets = waiting
        return pairs

    async def _leave_open_claims(self, until: datetime) -> None:
        """Leave claims open on the desk and the notice board: a third declared, a third reviewed, a third on
        notice; each step some hours after the one before."""
        first = local_date(until) - timedelta(days=5)
        self._clock.travel(until - timedelta(hours=6))
        # Drawn before the villages work concurrently, so that every demo is the same.
        claims = {
            village: self._choose_open(village, make_claims(self._book, households, first, 5, self._random))
            for village, households in self._households.items()
        }
        accepted = await self._declare(claims)
        declared = {v: [c.id for c in own if c.id in accepted[v]] for v, own in claims.items()}
        self._clock.travel(until - timedelta(hours=3))
        await self._sign("review", claims, {village: ids[8:] for village, ids in declared.items()})
        self._clock.travel(until)
        await self._sign("approve", claims, {village: ids[16:] for village, ids in declared.items()})

    def _choose_open(self, village: str, claims: Sequence[wire.NewClaim]) -> list[wire.NewClaim]:
        """First one that the first member of the council keeps out of, if there is any: it shows what that is."""
        council, _ = duties = _SIGNERS["council"]
        recusals = self._recusals[f"{village}-{council}"]
        kept_out_of = [claim for claim in claims if claim.household in recusals]
        own = [each for each in kept_out_of if self._find_signers(each, 0) == duties][:1]
        return [*own, *self._random.sample([claim for claim in claims if claim not in own], 24 - len(own))]

    async def _require_posted(self) -> None:
        async with self._sign_in(OFFICE) as http:
            report = await _call(http, "GET", "/v1/report?verified=false", wire.TownshipReport)
            assert not report.points_pending, "notices that are over post by themselves"

    async def _do_in_each_village(
        self, duty: str, work: Callable[[httpx.AsyncClient, str, T], Awaitable[None]], shares: Mapping[str, T]
    ) -> None:
        """Do each village's share of the work concurrently, signed in with this duty."""

        async def one(village: str, share: T) -> None:
            async with self._sign_in(f"{village}-{duty}") as http:
                await work(http, village, share)

        await asyncio.gather(*(one(village, share) for village, share in shares.items()))

    @asynccontextmanager
    async def _sign_in(self, login: str) -> AsyncIterator[httpx.AsyncClient]:
        async with httpx.AsyncClient(base_url=self._url, timeout=_PATIENCE, verify=self._tls) as http:
            token, until = self._signed_in.get(login, ("", self._clock.now()))
            if until <= self._clock.now():
                wanted = wire.SignIn(login=login, password=self.keys.password)
                token = (await _call(http, "POST", "/v1/sign-in", wire.SignInResult, wanted)).token
                self._signed_in[login] = token, self._clock.now() + _SIGNED_IN_FOR
            http.headers["Authorization"] = f"Bearer {token}"
            yield http


async def _report_count(http: httpx.AsyncClient, _: str, counted: wire.Stocktake) -> None:
    await _call(http, "PUT", f"/v1/stocktakes/{uuid7()}", None, counted)


async def _advance(step: str, http: httpx.AsyncClient, village: str, share: Sequence[wire.NewClaim]) -> None:
    body = wire.ClaimIds(claims=[claim.id for claim in share])
    outcomes = await _call(http, "POST", f"/v1/claims/{step}", list[wire.ClaimOutcome], body)
    refused = next((o.reason for o in outcomes if o.reason), None)
    assert refused is None, f"{village}: {refused}"


async def _call(http: httpx.AsyncClient, method: str, path: str, answer: Any, body: Any = None) -> Any:
    """One API request; a refusal is a bug of the demo and raises AssertionError."""
    return _decode(await _send(http, method, path, body), answer)


async def _call_by_two(
    http: httpx.AsyncClient, second: httpx.AsyncClient, method: str, path: str, answer: Any, body: Any
) -> Any:
    """As `_call`; where it is a proposal, the second person confirms it."""
    response = await _send(http, method, path, body)
    if response.status_code == httpx.codes.ACCEPTED:
        proposal = _decode(response, wire.ProposalView)
        response = await _send(second, "POST", f"/v1/proposals/{proposal.id}/confirm", None)
    return _decode(response, answer)


async def _send(http: httpx.AsyncClient, method: str, path: str, body: Any) -> httpx.Response:
    response = await http.request(
        method,
        path,
        content=None if body is None else msgspec.json.encode(body),
        headers={"Content-Type": "application/json"},
    )
    assert response.is_success, f"{method} {path}: {response.text}"
    return response


def _decode(response: httpx.Response, answer: Any) -> Any:
    return None if answer is None else msgspec.json.decode(response.content, type=answer)
