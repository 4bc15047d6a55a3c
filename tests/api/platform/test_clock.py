"""The machine's clock may be set by anybody, at any time; what is recorded keeps the time that has passed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.opening import open_services
from api.platform.clock import CLOCK_SLACK, WallClock
from api.platform.database.engine import Access
from api.platform.services import watch_clock
from tests.conftest import LiveTown

START = datetime(2026, 6, 15, 2, 0, tzinfo=UTC)
WRONG = timedelta(days=400)
SECOND = timedelta(seconds=1)


@dataclass
class Machine:
    """The truth, and by how much its clock and the database's are ahead of it."""

    error: timedelta = timedelta()
    database_error: timedelta = timedelta()
    passed: timedelta = timedelta()
    synchronised: bool = True
    clock: WallClock = field(init=False)

    def __post_init__(self) -> None:
        self.clock = WallClock(lambda: self.truth + self.error, lambda: self.passed, lambda: self.synchronised)
        self.ask_database()

    @property
    def truth(self) -> datetime:
        return START + self.passed

    def ask_database(self) -> None:
        self.clock.compare(self.truth + self.database_error)


def test_nine_seconds_of_a_wrong_clock_change_nothing() -> None:
    machine = Machine()
    for error in (WRONG, -WRONG):
        machine.error = error
        for _ in range(9):
            machine.passed += SECOND
            assert machine.clock.now() == machine.truth
            assert machine.clock.jump == error
        machine.error = timedelta()
        assert machine.clock.now() == machine.truth
        assert machine.clock.jump is None


def test_a_clock_that_is_put_right_by_little_is_followed() -> None:
    machine = Machine(error=timedelta(minutes=3))
    assert machine.clock.now() == machine.truth + machine.error
    machine.error = timedelta()
    assert machine.clock.now() == machine.truth


def test_no_start_is_later_than_the_databases_clock() -> None:
    machine = Machine(error=WRONG)
    assert machine.clock.now() == machine.truth
    assert machine.clock.jump == WRONG
    machine.error = timedelta()
    assert machine.clock.now() == machine.truth
    assert machine.clock.jump is None


def test_a_database_elsewhere_vouches_for_a_clock_that_is_put_right() -> None:
    machine = Machine(error=-WRONG)
    assert machine.clock.now() == machine.truth - WRONG
    machine.error = timedelta()
    assert machine.clock.now() == machine.truth - WRONG, "until somebody vouches for it"
    machine.ask_database()
    assert machine.clock.now() == machine.truth
    assert machine.clock.jump is None


def test_a_database_on_the_same_machine_vouches_for_nothing() -> None:
    machine = Machine()
    machine.error = machine.database_error = WRONG
    machine.ask_database()
    assert machine.clock.now() == machine.truth


@pytest.mark.parametrize(
    "error", [datetime(1970, 1, 1, tzinfo=UTC) - START, timedelta(days=-3), timedelta(days=73 * 365)]
)
def test_a_machine_that_starts_without_knowing_the_time_is_put_right_by_time_servers(error: timedelta) -> None:
    machine = Machine(error, error, synchronised=False)
    assert machine.clock.now() == machine.truth + error
    machine.error = machine.database_error = timedelta()
    machine.passed += SECOND
    machine.synchronised = True
    assert machine.clock.now() == machine.truth
    assert machine.clock.jump is None
    machine.error = WRONG
    assert machine.clock.now() == machine.truth, "only once"


def test_a_clock_that_somebody_sets_is_followed_when_time_servers_vouch_for_it() -> None:
    machine = Machine(error=-WRONG, database_error=-WRONG)
    machine.error, machine.synchronised = timedelta(), False
    assert machine.clock.now() == machine.truth - WRONG
    machine.synchronised = True
    assert machine.clock.now() == machine.truth
    assert machine.clock.jump is None


def test_the_kernel_is_asked_about_time_servers_without_an_error() -> None:
    assert WallClock().jump is None


ERRORS = st.sampled_from([timedelta(), CLOCK_SLACK / 2, -CLOCK_SLACK / 2, WRONG, -WRONG, timedelta(hours=2)])


@given(st.lists(st.tuples(st.integers(0, 100_000), ERRORS, st.booleans(), st.booleans()), max_size=20))
def test_whatever_the_clock_is_set_to_time_is_right(steps: list[tuple[int, timedelta, bool, bool]]) -> None:
    """`same`: the database's clock is set along with it, as on one machine; `asked`: it is compared."""
    machine = Machine()
    for seconds, error, same, asked in steps:
        machine.passed += seconds * SECOND
        machine.error, machine.database_error = error, error if same else timedelta()
        if asked:
            machine.ask_database()
        assert abs(machine.clock.now() - machine.truth) <= CLOCK_SLACK / 2


async def test_a_program_that_opens_the_books_asks_the_database(town: LiveTown) -> None:
    access = Access(town.clone.owner, town.clone.app, town.town.data, embedded=False)
    clock = WallClock(lambda: datetime.now(UTC) + WRONG)
    async with open_services(access, clock) as services:
        assert services.clock.now() < datetime.now(UTC) + CLOCK_SLACK
        assert clock.jump == pytest.approx(WRONG, abs=SECOND)
        assert not await watch_clock(services)
