"""The session, without a screen."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.wire import CardView, Receipt, Redemption, RedemptionLine, ShelfItem, Till
from api.wire.goods import PackBarcode
from api.wire.gs1 import GoodsScan
from kiosk.errors import Declined
from kiosk.session import PendingRedemption, Session
from kiosk.store.receipts import StoredReceipt

SOAP = ShelfItem(product="soap", number=1, name="肥皂", barcode="6901234567892", price=5, stock=3)
RICE = ShelfItem(product="rice", number=2, name="大米", barcode="6900000000014", price=50, stock=9)
BRUSH = ShelfItem(product="brush", number=3, name="牙刷", barcode="6900000000038", price=10, stock=0)
REDEMPTION_ID = UUID("01900000-0000-7000-8000-000000000001")
TOKEN, OTHER_TOKEN = "A" * 20, "B" * 20


def till(*shelf: ShelfItem) -> Till:
    return Till(supermarket="河畔村积美超市", village="河畔村", shelf=list(shelf), notices=[])


def household(balance: int, name: str = "王**") -> CardView:
    return CardView(household=UUID(int=1), name=name, village="河畔村", balance=balance, pending=0)


def receipt(redemption_id: UUID = REDEMPTION_ID) -> StoredReceipt:
    given = Receipt(
        id=redemption_id,
        supermarket="河畔村积美超市",
        attendant="陈管理员",
        name="王**",
        lines=[],
        points=5,
        balance=95,
        recorded_at=datetime(2026, 6, 15, tzinfo=UTC),
    )
    return StoredReceipt(given, offline=False)


@pytest.fixture
def session() -> Session:
    session = Session()
    session.update_shelf(till(SOAP, RICE, BRUSH))
    session.sign_in("陈管理员")
    session.show_household(TOKEN, household(100))
    return session


def cart(session: Session) -> list[tuple[str, int]]:
    return [(line.item.product, line.quantity) for line in session.cart]


def test_goods_by_number_barcode_and_cursor(session: Session) -> None:
    session.add_number(1)
    session.add_barcode(GoodsScan(RICE.barcode))
    session.move_cursor(-1)
    session.add_at_cursor()
    assert cart(session) == [("soap", 2), ("rice", 1)]
    assert (session.total, session.remainder) == (60, 40)


def test_the_cursor_follows_what_was_added_and_stays_on_the_shelf(session: Session) -> None:
    session.add_number(2)
    assert session.cursor == 1
    session.move_cursor(99)
    assert session.cursor == 2
    session.move_cursor(-99)
    assert session.cursor == 0


def test_removing_one_and_removing_the_last(session: Session) -> None:
    session.add_number(2)
    session.add_number(1)
    session.add_number(1)
    session.remove_at_cursor()
    assert cart(session) == [("rice", 1), ("soap", 1)]
    session.remove_at_cursor()
    assert cart(session) == [("rice", 1)]
    session.remove_last()
    assert cart(session) == []


@pytest.mark.parametrize(
    ("balance", "number", "sentence"),
    [(100, 3, "牙刷缺货"), (100, 7, "没有 7 号"), (3, 1, "还差 2 分")],
)
def test_goods_that_cannot_be_added_say_why(session: Session, balance: int, number: int, sentence: str) -> None:
    session.show_household(TOKEN, household(balance))
    with pytest.raises(Declined, match=sentence):
        session.add_number(number)
    assert session.cart == []


def test_no_more_than_the_stock_can_be_added(session: Session) -> None:
    for _ in range(SOAP.stock):
        session.add_number(1)
    with pytest.raises(Declined, match="只有 3 件"):
        session.add_number(1)


def test_goods_may_be_added_before_the_card(session: Session) -> None:
    session.cancel()
    session.add_number(1)
    with pytest.raises(Declined, match="户卡"):
        session.confirm(REDEMPTION_ID)
    session.prepare_for_card(TOKEN)
    session.show_household(TOKEN, household(100))
    assert session.confirm(REDEMPTION_ID).redemption.lines == [RedemptionLine(product="soap", quantity=1, price=5)]


def test_goods_before_a_card_too_poor_for_them_are_not_confirmed(session: Session) -> None:
    session.cancel()
    session.add_number(2)
    session.show_household(TOKEN, household(3))
    with pytest.raises(Declined, match="还差 47 分"):
        session.confirm(REDEMPTION_ID)
    assert session.pending is None


def test_a_cart_never_passes_to_another_household(session: Session) -> None:
    session.add_number(1)
    with pytest.raises(Declined, match="没确认"):
        session.prepare_for_card(OTHER_TOKEN)
    session.prepare_for_card(TOKEN)
    session.cancel()
    session.prepare_for_card(OTHER_TOKEN)


def test_the_previous_household_is_dismissed_when_the_next_card_is_looked_up(session: Session) -> None:
    session.prepare_for_card(OTHER_TOKEN)
    assert session.card is None


def test_the_cart_follows_the_shelf(session: Session) -> None:
    session.add_number(1)
    session.add_number(2)
    dearer = ShelfItem(product="soap", number=1, name="肥皂", barcode=SOAP.barcode, price=6, stock=3)
    session.update_shelf(till(dearer))
    assert cart(session) == [("soap", 1)]
    assert session.total == 6
    assert session.cursor == 0


def test_an_empty_cart_is_not_confirmed(session: Session) -> None:
    with pytest.raises(Declined, match="还没有选商品"):
        session.confirm(REDEMPTION_ID)


def test_while_pending_nothing_can_be_changed(session: Session) -> None:
    session.add_number(1)
    session.confirm(REDEMPTION_ID)
    for change in (
        lambda: session.confirm(UUID(int=2)),
        lambda: session.add_number(1),
        session.remove_at_cursor,
        session.remove_last,
        session.cancel,
        session.sign_out,
        lambda: session.prepare_for_card(OTHER_TOKEN),
        lambda: session.show_household(OTHER_TOKEN, household(100)),
    ):
        with pytest.raises(Declined, match="请勿重复操作"):
            change()
    assert session.pending is not None
    assert session.pending.id == REDEMPTION_ID
    assert cart(session) == [("soap", 1)]


def test_only_the_answer_for_this_redemption_completes_it(session: Session) -> None:
    session.add_number(1)
    session.confirm(REDEMPTION_ID)
    with pytest.raises(ValueError, match="another redemption"):
        session.complete(receipt(UUID(int=2)))
    session.complete(receipt())
    assert session.pending is None
    assert session.card is None
    assert session.cart == []


def test_a_refusal_releases_the_cart(session: Session) -> None:
    session.add_number(1)
    session.confirm(REDEMPTION_ID)
    session.release_cart()
    session.add_number(1)
    assert cart(session) == [("soap", 2)]


def test_only_a_stuck_redemption_may_be_given_up(session: Session) -> None:
    session.add_number(1)
    pending = session.confirm(REDEMPTION_ID)
    with pytest.raises(Declined, match="请勿重复操作"):
        session.require_stuck()
    pending.stuck = True
    session.require_stuck()
    session.release_cart()
    assert cart(session) == [("soap", 1)]


def test_a_pending_redemption_continues_after_a_restart() -> None:
    session = Session()
    session.update_shelf(till(SOAP, RICE, BRUSH))
    redemption = Redemption(card=TOKEN, lines=[RedemptionLine(product="soap", quantity=2, price=5)])
    session.resume(PendingRedemption(REDEMPTION_ID, redemption), TOKEN, household(100), [(SOAP, 2)])
    assert (cart(session), session.total, session.balance) == ([("soap", 2)], 10, 100)
    with pytest.raises(Declined, match="请勿重复操作"):
        session.cancel()


def test_signing_out_needs_an_empty_cart(session: Session) -> None:
    session.add_number(1)
    with pytest.raises(Declined, match="交班"):
        session.sign_out()
    session.cancel()
    session.sign_out()
    assert session.attendant is None


def test_an_empty_shelf_has_nothing_to_add() -> None:
    session = Session()
    session.move_cursor(1)
    with pytest.raises(Declined, match="货架是空的"):
        session.add_at_cursor()


shelves = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 5)), min_size=1, max_size=6).map(
    lambda goods: [
        ShelfItem(product=f"p{n}", number=n, name="物品", barcode="", price=price, stock=stock)
        for n, (price, stock) in enumerate(goods, start=1)
    ]
)
presses = st.lists(st.sampled_from(["1", "2", "3", "add", "take", "last", "up", "down"]), max_size=40)


@given(shelves, st.integers(0, 200), presses)
def test_any_keys_leave_a_cart_that_can_be_redeemed(shelf: list[ShelfItem], balance: int, keys: list[str]) -> None:
    session = Session()
    session.update_shelf(till(*shelf))
    session.show_household(TOKEN, household(balance))
    actions = {
        "add": session.add_at_cursor,
        "take": session.remove_at_cursor,
        "last": session.remove_last,
        "up": lambda: session.move_cursor(-1),
        "down": lambda: session.move_cursor(1),
    }
    for key in keys:
        before = cart(session)
        try:
            actions[key]() if key in actions else session.add_number(int(key))
        except Declined:
            assert cart(session) == before
        assert session.remainder is not None
        assert session.remainder >= 0
        assert all(1 <= line.quantity <= line.item.stock for line in session.cart)
        assert len({line.item.product for line in session.cart}) == len(session.cart)


def packed(item: ShelfItem, **cartons: int) -> ShelfItem:
    packs = [PackBarcode(code=item.barcode), *(PackBarcode(code=c[1:], pieces=n) for c, n in cartons.items())]
    return msgspec.structs.replace(item, barcodes=packs)


def test_a_cartons_code_adds_all_its_pieces_or_none() -> None:
    session = Session()
    session.update_shelf(till(packed(SOAP, _16901234567899=2), RICE))
    session.sign_in("陈管理员")
    session.show_household(TOKEN, household(15))
    carton = GoodsScan("16901234567899")
    session.add_barcode(carton)
    assert cart(session) == [("soap", 2)]
    with pytest.raises(Declined, match="这个码是 2 件肥皂，货架上只有 3 件"):
        session.add_barcode(carton)
    session.add_barcode(GoodsScan(SOAP.barcode, own_code="01" + SOAP.barcode.zfill(14)))
    with pytest.raises(Declined, match="货架上只有 3 件"):
        session.add_barcode(GoodsScan(SOAP.barcode, count=24))
    assert cart(session) == [("soap", 3)]
    session.remove_last()
    session.show_household(TOKEN, household(9))
    with pytest.raises(Declined, match="共 10 分，还差 1 分"):
        session.add_barcode(carton)
    assert cart(session) == []


def test_a_carton_that_nobody_registered_is_told_as_one(session: Session) -> None:
    with pytest.raises(Declined, match="这是肥皂整箱的码"):
        session.add_barcode(GoodsScan("16901234567899"))
    with pytest.raises(Declined, match="没有这件商品"):
        session.add_barcode(GoodsScan("26922266440018"))


def test_two_products_with_one_code_are_told_and_neither_is_chosen(session: Session) -> None:
    """As the register could have them when 14 digits were stored as they were typed."""
    old = msgspec.structs.replace(RICE, barcode=f"0{SOAP.barcode}")
    session.update_shelf(till(SOAP, old))
    with pytest.raises(Declined, match="登记在两样商品上（肥皂、大米）"):
        session.add_barcode(GoodsScan(SOAP.barcode))
    assert cart(session) == []


def test_a_code_of_sixteen_digits_may_be_the_shops_own(session: Session) -> None:
    own = "0106901234567892"
    session.update_shelf(till(msgspec.structs.replace(RICE, barcode=own)))
    session.add_barcode(GoodsScan("6901234567892", own_code=own))
    assert cart(session) == [("rice", 1)]
