"""After any sequence of identifications, redemptions, retries, lost and new cards, shifts and waiting at two
tills, no point is lost or spent twice, and nobody gets anything on a word that doesn't count any more."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TypeVar
from uuid import UUID

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from uuid_utils.compat import uuid7

from api import wire
from api.platform import accounts
from api.platform.access import Device, Staff, digest_secret
from api.platform.clock import TravelClock, local_date
from api.platform.errors import ErrorCode, Refused
from api.platform.services import Services
from api.registry.cards.issuing import issue_cards
from api.registry.cards.pins import set_pin
from api.registry.cards.use_cases import unfreeze_card
from api.registry.people.queries import find_staff_by_login
from api.registry.register.queries import read_households_by_code
from api.shop.identification.finding import freeze_at_till
from api.shop.identification.use_cases import identify, show_card
from api.shop.kiosks.use_cases import open_shift
from api.shop.redemptions.facts import RedemptionRequest
from api.shop.redemptions.use_cases import redeem
from api.wire.identification import CardFreeze, NewIdentification
from tests.api.asking import lift_bounds, rows
from tests.api.shop.identification.conftest import CARD_PIN, WITNESS_PIN, Till
from tests.conftest import Machine
from tests.profile import many

HOUSEHOLDS = ("hp-1", "hp-2")
PINS = ("2468", WITNESS_PIN)
MOST = 50
"""Points a day on the word of witnesses."""

acts = st.sampled_from(
    [
        *("identify", "redeem", "identify", "redeem", "identify", "redeem", "redeem", "redeem", "retry"),
        *("freeze", "unfreeze", "replace", "sign in", "wait"),
    ]
)
steps = st.lists(st.tuples(acts, st.integers(0, 3), st.integers(0, 5)), min_size=10, max_size=25)


T = TypeVar("T")


async def attempt(action: Awaitable[T]) -> T | ErrorCode:
    try:
        return await action
    except Refused as refusal:
        return refusal.code


@dataclass(frozen=True)
class Word:
    """A token, and where and until when it counts. `card`: which of the household's cards it stands for."""

    token: str
    till: int
    shift: str
    household: str
    card: int
    witness: bool
    until: datetime


@dataclass
class Play:
    """What was done at two tills, and what has to come of it. `cards`: how many each household has had."""

    town: Services
    li: Staff
    machines: list[Machine]
    ids: dict[str, UUID]
    shifts: list[str] = field(default_factory=lambda: ["", ""])
    serving: list[str] = field(default_factory=lambda: ["", ""])
    cards: Counter[str] = field(default_factory=Counter)
    frozen: set[str] = field(default_factory=set)
    words: list[Word] = field(default_factory=list)
    spent: Counter[str] = field(default_factory=Counter)
    witnessed: Counter[tuple[str, date]] = field(default_factory=Counter)
    booked: list[tuple[RedemptionRequest, wire.Receipt]] = field(default_factory=list)

    def device(self, till: int) -> Device:
        machine = self.machines[till]
        assert machine.id is not None
        return Device(machine.id, "hp", machine.epoch, digest_secret(machine.token))

    async def take(self, what: str, where: int, number: int) -> None:
        till, household = where % 2, HOUSEHOLDS[where // 2]
        match what:
            case "identify":
                await self.identify(till, household, by_witness=number % 2 == 0)
            case "redeem" if self.words:
                word = self.words[-1 - number % min(2, len(self.words))]
                # Mostly where it counts.
                await self.redeem(till if number == 5 else word.till, word, 1 + where)
            case "retry" if self.booked:
                # Whatever has become of the word, the card, the shift: it happened.
                request, receipt = self.booked[-1 - number % len(self.booked)]
                assert await redeem(self.town, request) == receipt
            case "freeze":
                freeze = CardFreeze(household=self.ids[household], reason="丢了")
                await freeze_at_till(self.town, self.device(till), self.shifts[till], freeze)
                self.frozen.add(household)
            case "unfreeze":
                for each in self.frozen:
                    await unfreeze_card(self.town, self.li, each, "找到了")
                self.frozen.clear()
            case "replace":
                await self.issue(household)
            case "sign in":
                await self.sign_in(till, PINS[number % 2])
            case "wait":
                assert isinstance(self.town.clock, TravelClock)
                self.town.clock.travel(self.town.clock.now() + timedelta(minutes=2**number))

    async def issue(self, household: str) -> None:
        issued = await issue_cards(self.town, self.li, [household])
        assert isinstance(issued, list)
        await set_pin(self.town, issued[0].token, "", CARD_PIN, CARD_PIN, 10)
        self.cards[household] += 1
        self.frozen.discard(household)

    async def sign_in(self, till: int, pin: str) -> None:
        shift = await open_shift(self.town, self.device(till), wire.PinSignIn(pin=pin))
        self.shifts[till], self.serving[till] = shift.token, pin

    async def identify(self, till: int, household: str, *, by_witness: bool) -> None:
        other = next(pin for pin in PINS if pin != self.serving[till])
        by = {"witness": wire.PinSignIn(pin=other)} if by_witness else {"card_pin": CARD_PIN}
        asked = msgspec.convert({"household": self.ids[household], **by}, NewIdentification)
        answer = await attempt(identify(self.town, self.device(till), self.shifts[till], uuid7(), asked))
        if isinstance(answer, ErrorCode):
            assert (answer, household in self.frozen) == ("card-frozen", True)
            return
        assert household not in self.frozen
        card, shift = self.cards[household], self.shifts[till]
        self.words.append(Word(answer.token, till, shift, household, card, by_witness, answer.until))

    async def redeem(self, till: int, word: Word, pieces: int) -> None:
        lines = [wire.RedemptionLine(product="soap", quantity=pieces, price=5)]
        body = wire.Redemption(card=word.token, lines=lines)
        request = RedemptionRequest.from_wire(self.machines[till].token, self.shifts[till], uuid7(), body)
        today = (word.household, local_date(self.town.clock.now()))
        left = MOST - self.witnessed[today]
        shown = await attempt(show_card(self.town, self.device(till), word.token))
        # Two at once, as from a till that has lost its patience.
        first, again = await asyncio.gather(*(attempt(redeem(self.town, request)) for _ in range(2)))
        assert first == again
        if isinstance(first, ErrorCode):
            assert first == self.foresee(till, word, 5 * pieces, left)
            return
        assert self.foresee(till, word, 5 * pieces, left) is None
        assert not isinstance(shown, ErrorCode)
        assert shown.household == self.ids[word.household]
        receipt = first
        self.spent[word.household] += receipt.points
        self.witnessed[today] += receipt.points if word.witness else 0
        self.booked.append((request, receipt))

    def foresee(self, till: int, word: Word, points: int, left: int) -> str | None:
        """Why it is refused."""
        if word.card != self.cards[word.household]:
            return "card-revoked"
        if word.household in self.frozen:
            return "card-frozen"
        if (till, self.shifts[till]) != (word.till, word.shift) or self.town.clock.now() >= word.until:
            return "identification-over"
        if not word.witness:
            return None
        return "pin-needed" if points > 10 else "witnessed-full" if points > left else None


async def test_no_point_is_lost_and_no_word_counts_too_long(till: Till, other: Till) -> None:
    live = till.town
    await lift_bounds(live)
    for household in HOUSEHOLDS:
        await live.award(household, 9_000)
    async with live.staff("office") as office:
        goods = {"supermarket": "hp", "lines": [{"product": "soap", "quantity": 5_000}]}
        (await office.put(f"/v1/restocks/{uuid7()}", json=goods)).raise_for_status()
    async with live.town.unit_of_work() as uow:
        li = await find_staff_by_login(uow, "li")
        ids = {code: each.id for code, each in (await read_households_by_code(uow, HOUSEHOLDS)).items()}
    assert li is not None
    play = Play(live.town, li, [live.kiosk, other.machine], ids)
    for household in HOUSEHOLDS:
        await play.issue(household)

    async def read_balances() -> dict[str, int]:
        async with live.town.unit_of_work() as uow:
            return {
                code: (await uow.books.read_balance(accounts.household(code).id)).posted for code in HOUSEHOLDS
            }

    before = await read_balances()

    async def each(some: list[tuple[str, int, int]]) -> None:
        play.words.clear()
        await play.take("unfreeze", 0, 0)
        for place, pin in enumerate(PINS):
            await play.sign_in(place, pin)
        for step in some:
            await play.take(*step)
        assert await read_balances() == {code: before[code] - play.spent[code] for code in HOUSEHOLDS}
        [(marked,)] = await rows(live, "select count(*) from redemption where identification is not null")
        assert marked == len(play.booked)

    loop = asyncio.get_running_loop()

    @settings(max_examples=many(20), deadline=None)
    @given(steps)
    def every(some: list[tuple[str, int, int]]) -> None:
        asyncio.run_coroutine_threadsafe(each(some), loop).result(120)

    await asyncio.to_thread(every)
    assert play.booked
