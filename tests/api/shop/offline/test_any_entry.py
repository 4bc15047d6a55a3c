"""Nothing that an entry of a journal may say keeps those after it from being settled."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from tests.api.asking import rows
from tests.api.shop.offline.till import Till
from tests.profile import many

RECEIVED = {"settled", "known", "exception", "late", "fork", "annulled"}
ODD: list[Any] = [
    *(
        None,
        True,
        -1,
        0,
        2**31,
        2**63,
        2**64,
        10**400,
        1.5,
        1e308,
        "",
        "zz",
        "0" * 64,
        "\x00",
        "\u202e",
        "x" * 300,
    ),
    *([], {}, [[]], {"type": "sold"}, "9999-12-31T23:59:59.999999-14:00", "0001-01-01T00:00:00+14:00"),
    *("2026-06-15T02:00:00Z", "00000000-0000-0000-0000-000000000000", "opened", "sold", "voided", "returned"),
]


def mutate(entry: Any, path: list[int], value: Any) -> Any:
    """With something else in one place, or, where there is nothing below, instead of all."""
    if path and isinstance(entry, dict) and entry:
        key = sorted(entry)[path[0] % len(entry)]
        return entry | {key: mutate(entry[key], path[1:], value)}
    if path and isinstance(entry, list) and entry:
        at = path[0] % len(entry)
        return [*entry[:at], mutate(entry[at], path[1:], value), *entry[at + 1 :]]
    return value


def written_by(till: Till, household: UUID) -> list[Any]:
    """One entry of each kind that an honest machine writes, decoded."""
    clone = till.clone()
    sold = clone.write_sale(till.town.card, household, ("soap", 1), leased=5, collector=till.town.poor_card)
    clone.write_void(UUID(msgspec.json.decode(sold.body)["id"]))
    clone.write_return(household, 1)
    clone.write_opening()
    clone.write_closing(goods=[{"product": "soap", "name": "肥皂", "quantity": 1}])
    return [msgspec.json.decode(entry.body) for entry in clone.entries]


async def test_whatever_stands_in_an_entry_the_next_is_settled(till: Till, household: UUID) -> None:
    """All in one journal, in one upload after the other."""
    bodies: list[str] = []
    honest = written_by(till, household)
    anything = st.recursive(
        st.sampled_from(ODD), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )

    @settings(
        max_examples=many(60, 2_000), derandomize=True, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(
        st.sampled_from(honest),
        st.lists(st.tuples(st.lists(st.integers(0, 9), min_size=1, max_size=3), anything), min_size=1, max_size=3),
    )
    def collect(entry: Any, changes: list[tuple[list[int], Any]]) -> None:
        for path, value in changes:
            entry = mutate(entry, path, value)
        bodies.append(msgspec.json.encode(entry).decode())

    collect()
    await till.settle()
    await till.renew()
    for begin in range(0, len(bodies), 50):
        entries = [till.write_text(body) for body in bodies[begin : begin + 50] if 2 <= len(body) <= 20_000]
        assert set(await till.settle_statuses(entries)) <= RECEIVED
    till.write_return(household, 1)
    assert (await till.settle(till.entries[-1:])).head == len(till.entries)


@pytest.mark.parametrize(
    "body",
    [
        '{"a":' + "[" * 9_000 + "]" * 9_000 + ',"type":"sold"}',
        "[" * 20_000,
        '{"type":"sold","lines":' + "[" * 900 + "]" * 900 + "}",
        '{"type":"sold","collector":"zz"}',
        '{"type":"of the future","at":"2026-06-15T02:00:00Z"}',
        '{"type":' + "9" * 10_000 + "}",
        '{"type":"sold","type":"returned"}',
        "{}\x00",
        '"\x00"',
        "\ufeff{}",
        "  ",
        "NaN",
    ],
    ids=lambda body: ascii(body[:24]),
)
async def test_what_is_no_entry_at_all_waits_for_a_person(till: Till, household: UUID, body: str) -> None:
    till.write_text(body)
    assert (await till.settle_last())[0] == "exception"
    till.write_return(household, 1)
    settled = await till.settle(till.entries[-1:])
    assert (settled.head, settled.current) == (len(till.entries), True)
    # Sent again, it is known: its hash is that of what was signed.
    assert (await till.settle_last())[0] == settled.outcomes[0].status
    async with till.town.staff("office") as office:
        assert (await office.get("/v1/till-exceptions")).status_code == 200
    [(stored,)] = await rows(
        till.town, f"select body from kiosk_journal_entry where number = {len(till.entries) - 1}"
    )
    assert stored == body.replace("\x00", "\u2400")
