"""The rules of a redemption, each decided from facts alone."""

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
from api.shop.redemptions.decision import Decision, ExistingReceipt, PromisesFirst, decide, decide_batch
from api.shop.redemptions.facts import CardFacts, Facts, RedemptionRequest, RequestFacts, ShelfFacts, TillFacts
from api.shop.redemptions.receipts import Booking, digest_request

NOW = datetime(2026, 6, 15, 2, 0, tzinfo=UTC)
KIOSK, SHIFT, ATTENDANT, HOUSEHOLD, COLLECTOR = (UUID(int=n) for n in range(1, 6))
TILL = TillFacts(
    number=1,
    kiosk=KIOSK,
    epoch=1,
    ended=False,
    supermarket="hp",
    supermarket_name="河畔村积美超市",
    shift=SHIFT,
    shift_closed=False,
    attendant=ATTENDANT,
    attendant_name="陈管理员",
)
CARD = CardFacts(household=HOUSEHOLD, code="hp-1", head="王建国", revoked_at=None, pin_above=None)
OTHER_CARD = CardFacts(household=COLLECTOR, code="hp-2", head="李秀英", revoked_at=None, pin_above=None)
REQUEST = RequestFacts(
    n=1,
    till=1,
    card=CARD,
    has_collector=False,
    collector=None,
    own_points=100,
    leased_points=0,
    account_closed=False,
    voided=False,
    existing_digest=None,
    existing_receipt=None,
)
SOAP = ShelfFacts(
    till=1, product="soap", name="肥皂", price=5, available=10, account_closed=False, promise_waiting=False
)
RICE = ShelfFacts(
    till=1, product="rice", name="大米", price=50, available=2, account_closed=False, promise_waiting=False
)
FACTS = Facts(TILL, REQUEST, {"soap": SOAP, "rice": RICE})


def make_request(*lines: tuple[str, int, int], leased: int = 0, id: int = 9) -> RedemptionRequest:
    """Lines are (product, quantity, price)."""
    wire_lines = [
        wire.RedemptionLine(product=p, quantity=q, price=price) for p, q, price in lines or [("soap", 1, 5)]
    ]
    return RedemptionRequest(b"device", b"shift", UUID(int=id), b"card", wire_lines, leased)


def make_facts(till: dict[str, Any] | None = None, soap: dict[str, Any] | None = None, **request: Any) -> Facts:
    """The usual facts, with these changes."""
    shelf = {"soap": but(SOAP, **(soap or {})), "rice": RICE}
    return Facts(but(TILL, **(till or {})), but(REQUEST, **request), shelf)


def assert_refused(decision: Decision, code: str, **extra: Any) -> Refused:
    assert isinstance(decision, Refused), decision
    assert (decision.code, decision.extra) == (code, extra)
    return decision


@pytest.mark.parametrize(
    ("facts", "code", "extra"),
    [
        (Facts(), "device-unknown", {}),
        (make_facts({"ended": True}), "device-unknown", {}),
        (make_facts({"shift": None, "attendant": None}), "shift-closed", {}),
        (make_facts({"shift_closed": True}), "shift-closed", {}),
        (make_facts(voided=True), "abandoned", {}),
        (make_facts(card=None), "card-unknown", {}),
        (make_facts(card=but(CARD, revoked_at=NOW)), "card-revoked", {}),
        (make_facts(has_collector=True), "card-unknown", {}),
        (make_facts(has_collector=True, collector=but(OTHER_CARD, revoked_at=NOW)), "card-revoked", {}),
        (make_facts(has_collector=True, collector=CARD), "own-card", {}),
        (replace(FACTS, shelf={"rice": RICE}), "unknown", {}),
        (make_facts(soap={"price": 6}), "price-changed", {"product": "soap", "price": 6}),
        (make_facts(card=but(CARD, pin_above=4)), "pin-needed", {"above": 4}),
        (make_facts(account_closed=True), "account-closed", {}),
        (make_facts(own_points=2), "insufficient-points", {"missing": 3}),
        (make_facts(soap={"account_closed": True}), "account-closed", {}),
        (make_facts(soap={"available": 0}), "out-of-stock", {"product": "soap", "left": 0}),
    ],
)
def test_each_rule_refuses_with_its_code(facts: Facts, code: str, extra: dict[str, Any]) -> None:
    refusal = assert_refused(decide(make_request(), facts, NOW), code, **extra)
    assert refusal.detail.endswith("。")


def test_only_the_household_itself_is_sent_to_the_village() -> None:
    own, shelf = (
        decide(make_request(), make_facts(account_closed=True), NOW),
        decide(make_request(), make_facts(soap={"account_closed": True}), NOW),
    )
    assert isinstance(own, Refused)
    assert isinstance(shelf, Refused)
    assert ("这户" in own.detail, "这户" in shelf.detail) == (True, False)


def test_a_retry_gets_its_receipt_whatever_has_changed_since() -> None:
    request = make_request()
    first = decide(request, FACTS, NOW)
    assert isinstance(first, Booking)
    existing = {"existing_digest": first.digest.hex(), "existing_receipt": first.receipt}
    later = make_facts(
        {"shift_closed": True}, {"price": 6}, card=but(CARD, revoked_at=NOW, pin_above=1), own_points=0, **existing
    )
    assert decide(request, later, NOW) == ExistingReceipt(first.receipt)
    assert_refused(decide(make_request(("soap", 2, 5)), later, NOW), "conflict")


def test_a_verified_pin_lifts_the_threshold() -> None:
    facts = make_facts(card=but(CARD, pin_above=4))
    assert isinstance(decide(make_request(), facts, NOW, pin_verified=True), Booking)
    assert isinstance(decide(make_request(), make_facts(card=but(CARD, pin_above=5)), NOW), Booking)


def test_waiting_promises_are_served_first() -> None:
    facts = make_facts(soap={"promise_waiting": True})
    assert decide(make_request(), facts, NOW) == PromisesFirst(["soap"])
    assert isinstance(decide(make_request(("rice", 1, 50)), facts, NOW), Booking)
    assert isinstance(decide(make_request(), facts, NOW, promises_served=True), Booking)


def test_the_receipt_names_the_collector_by_the_family_name() -> None:
    decision = decide(make_request(), make_facts(has_collector=True, collector=OTHER_CARD), NOW)
    assert isinstance(decision, Booking)
    assert (decision.receipt.name, decision.receipt.collector) == ("王**", "李**")
    assert decision.row["collector"] == COLLECTOR


def test_lines_of_one_product_are_one() -> None:
    decision = decide(make_request(("soap", 1, 5), ("rice", 1, 50), ("soap", 2, 5)), FACTS, NOW)
    assert isinstance(decision, Booking)
    assert [(line.product, line.quantity, line.points) for line in decision.receipt.lines] == [
        ("soap", 3, 15),
        ("rice", 1, 50),
    ]


@pytest.mark.parametrize(
    ("own_points", "leased_points", "allowed", "leased"),
    [(100, 50, 50, 0), (3, 50, 50, 2), (0, 5, 200, 5), (5, 0, 50, 0)],
)
def test_the_account_pays_first_and_leased_points_the_rest(
    own_points: int, leased_points: int, allowed: int, leased: int
) -> None:
    decision = decide(
        make_request(leased=allowed), make_facts(own_points=own_points, leased_points=leased_points), NOW
    )
    assert isinstance(decision, Booking)
    assert decision.receipt.leased == leased
    assert len(decision.transactions) == 1 + bool(leased)
    assert_refused(
        decide(make_request(leased=1), make_facts(own_points=2, leased_points=50), NOW),
        "insufficient-points",
        missing=2,
    )


# --- whatever the facts are -------------------------------------------------------------------------------

MAYBE = st.sampled_from([False, False, False, True])
CARDS = st.one_of(
    st.none(),
    st.builds(
        CardFacts,
        household=st.sampled_from([HOUSEHOLD, COLLECTOR]),
        code=st.just("hp-1"),
        head=st.just("王建国"),
        revoked_at=st.sampled_from([None, None, NOW]),
        pin_above=st.sampled_from([None, None, 0, 20]),
    ),
)
SHELVES = st.fixed_dictionaries(
    {
        product: st.builds(
            ShelfFacts,
            till=st.just(1),
            product=st.just(product),
            name=st.just(product),
            price=st.sampled_from([price, price, price + 1]),
            available=st.integers(0, 8),
            account_closed=MAYBE,
            promise_waiting=MAYBE,
        )
        for product, price in (("soap", 5), ("rice", 50))
    }
)
FACTS_OF_ANY_KIND = st.builds(
    Facts,
    st.builds(lambda ended, closed: but(TILL, ended=ended, shift_closed=closed), MAYBE, MAYBE),
    st.builds(
        lambda card, has_collector, collector, own_points, leased_points, account_closed, voided: but(
            REQUEST,
            card=card,
            has_collector=has_collector,
            collector=collector,
            own_points=own_points,
            leased_points=leased_points,
            account_closed=account_closed,
            voided=voided,
        ),
        *(CARDS, MAYBE, CARDS, st.integers(0, 120), st.integers(0, 60), MAYBE, MAYBE),
    ),
    SHELVES,
)
LINES = st.lists(
    st.sampled_from([("soap", 1, 5), ("soap", 3, 5), ("rice", 1, 50), ("rice", 2, 50)]), min_size=1, max_size=3
)


@given(facts=FACTS_OF_ANY_KIND, lines=LINES, leased=st.sampled_from([0, 20, 200]))
def test_a_booking_is_covered_by_the_facts(facts: Facts, lines: list[Any], leased: int) -> None:
    request = make_request(*lines, leased=leased)
    decision = decide(request, facts, NOW)
    assert facts.till is not None
    assert facts.request is not None
    if not isinstance(decision, Booking):
        assert isinstance(decision, Refused | PromisesFirst)
        return
    receipt, known = decision.receipt, facts.request
    assert not any((facts.till.ended, facts.till.shift_closed, known.account_closed, known.voided))
    assert known.card is not None
    assert known.card.revoked_at is None
    assert known.card.pin_above is None or receipt.points <= known.card.pin_above
    assert receipt.points == sum(quantity * price for _, quantity, price in lines)
    assert 0 <= receipt.leased <= min(leased, known.leased_points)
    assert receipt.points <= known.own_points + receipt.leased
    for line in receipt.lines:
        shelf = facts.shelf[line.product]
        assert (line.price, shelf.account_closed, shelf.promise_waiting) == (shelf.price, False, False)
        assert line.quantity == sum(quantity for product, quantity, _ in lines if product == line.product)
        assert line.quantity <= shelf.available
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
    assert decision.digest == digest_request(KIOSK, b"card", request.lines, b"")


@given(
    facts=FACTS_OF_ANY_KIND,
    batch=st.lists(st.tuples(LINES, st.sampled_from([0, 20, 200])), min_size=1, max_size=6),
)
def test_a_batch_uses_no_more_than_there_is(facts: Facts, batch: list[Any]) -> None:
    requests = [make_request(*lines, leased=leased, id=n) for n, (lines, leased) in enumerate(batch)]
    bookings = decide_batch(requests, [facts] * len(requests), NOW)
    assert facts.request is not None
    receipts = [booking.receipt for booking in bookings.values()]
    assert sum(receipt.points - receipt.leased for receipt in receipts) <= facts.request.own_points
    assert sum(receipt.leased for receipt in receipts) <= facts.request.leased_points
    for product, shelf in facts.shelf.items():
        taken = sum(line.quantity for r in receipts for line in r.lines if line.product == product)
        assert taken <= shelf.available
    # The first is decided as it would be alone.
    first = decide(requests[0], facts, NOW)
    assert (0 in bookings) == isinstance(first, Booking)


def test_what_a_request_uses_is_not_left_for_the_next() -> None:
    facts = make_facts(own_points=12, leased_points=3, soap={"available": 10})
    requests = [make_request(id=n, leased=3) for n in range(4)]
    bookings = decide_batch(requests, [facts] * 4, NOW)
    assert [booking.receipt.leased for booking in bookings.values()] == [0, 0, 3]
