"""Whether a redemption may be: each of its rules, from facts alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as but

from api import wire
from api.platform import accounts
from api.platform.errors import Refused
from api.shop.redemptions.decision import Decision, Given, PromisesFirst, decide, decide_batch
from api.shop.redemptions.facts import CardFacts, Facts, GoodsFacts, PurseFacts, RedemptionRequest, TillFacts
from api.shop.redemptions.receipts import Booking, request_digest

NOW = datetime(2026, 6, 15, 2, 0, tzinfo=UTC)
KIOSK, SHIFT, ATTENDANT, HOUSEHOLD, NEIGHBOUR = (UUID(int=n) for n in range(1, 6))
TILL = TillFacts(
    till=1,
    kiosk=KIOSK,
    epoch=1,
    ended=False,
    supermarket="hp",
    place="河畔村积美超市",
    shift=SHIFT,
    closed=False,
    attendant=ATTENDANT,
    attendant_name="陈管理员",
)
CARD = CardFacts(household=HOUSEHOLD, code="hp-1", head="王建国", revoked_at=None, pin_above=None)
OTHER_CARD = CardFacts(household=NEIGHBOUR, code="hp-2", head="李秀英", revoked_at=None, pin_above=None)
PURSE = PurseFacts(
    n=1,
    till=1,
    card=CARD,
    collected=False,
    collector=None,
    own=100,
    held=0,
    closed=False,
    voided=False,
    request=None,
    receipt=None,
)
SOAP = GoodsFacts(till=1, product="soap", name="肥皂", price=5, left=10, closed=False, waited_for=False)
RICE = GoodsFacts(till=1, product="rice", name="大米", price=50, left=2, closed=False, waited_for=False)
FACTS = Facts(TILL, PURSE, {"soap": SOAP, "rice": RICE})


def asks(*lines: tuple[str, int, int], leased: int = 0, id: int = 9) -> RedemptionRequest:
    """Lines are (product, quantity, price)."""
    wanted = [wire.RedemptionLine(product=p, quantity=q, price=price) for p, q, price in lines or [("soap", 1, 5)]]
    return RedemptionRequest(b"device", b"shift", UUID(int=id), b"card", wanted, leased)


def facts(till: dict[str, Any] | None = None, soap: dict[str, Any] | None = None, **purse: Any) -> Facts:
    """As usual but for this."""
    goods = {"soap": but(SOAP, **(soap or {})), "rice": RICE}
    return Facts(but(TILL, **(till or {})), but(PURSE, **purse), goods)


def refused(decision: Decision, word: str, **extra: Any) -> Refused:
    assert isinstance(decision, Refused), decision
    assert (decision.code, decision.extra) == (word, extra)
    return decision


@pytest.mark.parametrize(
    ("known", "word", "extra"),
    [
        (Facts(), "device-unknown", {}),
        (facts({"ended": True}), "device-unknown", {}),
        (facts({"shift": None, "attendant": None}), "shift-closed", {}),
        (facts({"closed": True}), "shift-closed", {}),
        (facts(voided=True), "abandoned", {}),
        (facts(card=None), "card-unknown", {}),
        (facts(card=but(CARD, revoked_at=NOW)), "card-revoked", {}),
        (facts(collected=True), "card-unknown", {}),
        (facts(collected=True, collector=but(OTHER_CARD, revoked_at=NOW)), "card-revoked", {}),
        (facts(collected=True, collector=CARD), "own-card", {}),
        (replace(FACTS, goods={"rice": RICE}), "unknown", {}),
        (facts(soap={"price": 6}), "price-changed", {"product": "soap", "price": 6}),
        (facts(card=but(CARD, pin_above=4)), "pin-needed", {"above": 4}),
        (facts(closed=True), "account-closed", {}),
        (facts(own=2), "insufficient-points", {"missing": 3}),
        (facts(soap={"closed": True}), "account-closed", {}),
        (facts(soap={"left": 0}), "out-of-stock", {"product": "soap", "left": 0}),
    ],
)
def test_what_speaks_against_it_is_told(known: Facts, word: str, extra: dict[str, Any]) -> None:
    refusal = refused(decide(asks(), known, NOW), word, **extra)
    assert refusal.detail.endswith("。")


def test_only_the_household_itself_is_sent_to_the_village() -> None:
    own, shelf = decide(asks(), facts(closed=True), NOW), decide(asks(), facts(soap={"closed": True}), NOW)
    assert isinstance(own, Refused)
    assert isinstance(shelf, Refused)
    assert ("这户" in own.detail, "这户" in shelf.detail) == (True, False)


def test_the_same_asked_again_is_given_whatever_has_changed_since() -> None:
    asked = asks()
    first = decide(asked, FACTS, NOW)
    assert isinstance(first, Booking)
    known = {"request": first.request.hex(), "receipt": first.receipt}
    later = facts({"closed": True}, {"price": 6}, card=but(CARD, revoked_at=NOW, pin_above=1), own=0, **known)
    assert decide(asked, later, NOW) == Given(first.receipt)
    refused(decide(asks(("soap", 2, 5)), later, NOW), "conflict")


def test_a_right_pin_opens_what_its_threshold_closed() -> None:
    known = facts(card=but(CARD, pin_above=4))
    assert isinstance(decide(asks(), known, NOW, pin_given=True), Booking)
    assert isinstance(decide(asks(), facts(card=but(CARD, pin_above=5)), NOW), Booking)


def test_others_who_wait_for_it_come_first_and_then_it_is_anybodys() -> None:
    known = facts(soap={"waited_for": True})
    assert decide(asks(), known, NOW) == PromisesFirst(["soap"])
    assert isinstance(decide(asks(("rice", 1, 50)), known, NOW), Booking)
    assert isinstance(decide(asks(), known, NOW, promises_served=True), Booking)


def test_a_neighbour_who_takes_it_home_is_on_the_receipt_by_the_family_name() -> None:
    decision = decide(asks(), facts(collected=True, collector=OTHER_CARD), NOW)
    assert isinstance(decision, Booking)
    assert (decision.receipt.name, decision.receipt.collector) == ("王**", "李**")
    assert decision.row["collector"] == NEIGHBOUR


def test_lines_of_one_product_are_one() -> None:
    decision = decide(asks(("soap", 1, 5), ("rice", 1, 50), ("soap", 2, 5)), FACTS, NOW)
    assert isinstance(decision, Booking)
    assert [(line.product, line.quantity, line.points) for line in decision.receipt.lines] == [
        ("soap", 3, 15),
        ("rice", 1, 50),
    ]


@pytest.mark.parametrize(
    ("own", "held", "allowed", "leased"),
    [(100, 50, 50, 0), (3, 50, 50, 2), (0, 5, 200, 5), (5, 0, 50, 0)],
)
def test_the_account_pays_first_and_the_kiosks_share_what_is_missing(
    own: int, held: int, allowed: int, leased: int
) -> None:
    decision = decide(asks(leased=allowed), facts(own=own, held=held), NOW)
    assert isinstance(decision, Booking)
    assert decision.receipt.leased == leased
    assert len(decision.transactions) == 1 + bool(leased)
    refused(decide(asks(leased=1), facts(own=2, held=50), NOW), "insufficient-points", missing=2)


# --- whatever the facts are -------------------------------------------------------------------------------

MAYBE = st.sampled_from([False, False, False, True])
CARDS = st.one_of(
    st.none(),
    st.builds(
        CardFacts,
        household=st.sampled_from([HOUSEHOLD, NEIGHBOUR]),
        code=st.just("hp-1"),
        head=st.just("王建国"),
        revoked_at=st.sampled_from([None, None, NOW]),
        pin_above=st.sampled_from([None, None, 0, 20]),
    ),
)
SHELVES = st.fixed_dictionaries(
    {
        product: st.builds(
            GoodsFacts,
            till=st.just(1),
            product=st.just(product),
            name=st.just(product),
            price=st.sampled_from([price, price, price + 1]),
            left=st.integers(0, 8),
            closed=MAYBE,
            waited_for=MAYBE,
        )
        for product, price in (("soap", 5), ("rice", 50))
    }
)
KNOWN = st.builds(
    Facts,
    st.builds(lambda ended, closed: but(TILL, ended=ended, closed=closed), MAYBE, MAYBE),
    st.builds(
        lambda card, collected, collector, own, held, closed, voided: but(
            PURSE,
            card=card,
            collected=collected,
            collector=collector,
            own=own,
            held=held,
            closed=closed,
            voided=voided,
        ),
        *(CARDS, MAYBE, CARDS, st.integers(0, 120), st.integers(0, 60), MAYBE, MAYBE),
    ),
    SHELVES,
)
LINES = st.lists(
    st.sampled_from([("soap", 1, 5), ("soap", 3, 5), ("rice", 1, 50), ("rice", 2, 50)]), min_size=1, max_size=3
)


@given(known=KNOWN, lines=LINES, leased=st.sampled_from([0, 20, 200]))
def test_nothing_is_booked_that_the_facts_do_not_bear(known: Facts, lines: list[Any], leased: int) -> None:
    asked = asks(*lines, leased=leased)
    decision = decide(asked, known, NOW)
    assert known.till is not None
    assert known.purse is not None
    if not isinstance(decision, Booking):
        assert isinstance(decision, Refused | PromisesFirst)
        return
    receipt, purse = decision.receipt, known.purse
    assert not any((known.till.ended, known.till.closed, purse.closed, purse.voided))
    assert purse.card is not None
    assert purse.card.revoked_at is None
    assert purse.card.pin_above is None or receipt.points <= purse.card.pin_above
    assert receipt.points == sum(quantity * price for _, quantity, price in lines)
    assert 0 <= receipt.leased <= min(leased, purse.held)
    assert receipt.points <= purse.own + receipt.leased
    for line in receipt.lines:
        shelf = known.goods[line.product]
        assert (line.price, shelf.closed, shelf.waited_for) == (shelf.price, False, False)
        assert line.quantity == sum(quantity for product, quantity, _ in lines if product == line.product)
        assert line.quantity <= shelf.left
    moved = {
        (transfer.debit, transfer.credit): transfer.amount
        for transaction in decision.transactions
        for transfer in transaction.transfers
    }
    own, till = accounts.household("hp-1").id, accounts.till("hp").id
    assert moved[own, till] == receipt.points
    assert moved.get((accounts.escrow("hp-1", KIOSK, 1).id, own), 0) == receipt.leased
    for line in receipt.lines:
        assert moved[accounts.shelf("hp", line.product).id, accounts.handed_out(line.product).id] == line.quantity
    assert decision.request == request_digest(KIOSK, b"card", asked.lines, b"")


@given(
    known=KNOWN,
    batch=st.lists(st.tuples(LINES, st.sampled_from([0, 20, 200])), min_size=1, max_size=6),
)
def test_a_batch_takes_no_more_than_there_is(known: Facts, batch: list[Any]) -> None:
    asked = [asks(*lines, leased=leased, id=n) for n, (lines, leased) in enumerate(batch)]
    bookings = decide_batch(asked, [known] * len(asked), NOW)
    assert known.purse is not None
    receipts = [booking.receipt for booking in bookings.values()]
    assert sum(receipt.points - receipt.leased for receipt in receipts) <= known.purse.own
    assert sum(receipt.leased for receipt in receipts) <= known.purse.held
    for product, shelf in known.goods.items():
        taken = sum(line.quantity for r in receipts for line in r.lines if line.product == product)
        assert taken <= shelf.left
    # The first of those that may be is decided as it would be alone.
    first = decide(asked[0], known, NOW)
    assert (0 in bookings) == isinstance(first, Booking)


def test_what_a_batch_took_is_not_there_for_the_next() -> None:
    known = facts(own=12, held=3, soap={"left": 10})
    asked = [asks(id=n, leased=3) for n in range(4)]
    bookings = decide_batch(asked, [known] * 4, NOW)
    assert [booking.receipt.leased for booking in bookings.values()] == [0, 0, 3]
