"""A till with its attendant signed in; after each test the books still verify."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from tests.api.asking import sign_in
from tests.api.shop.offline.till import Till, check_books
from tests.conftest import LiveTown


@pytest.fixture
async def till(town: LiveTown) -> AsyncIterator[Till]:
    till = Till(town, town.kiosk)
    await till.sign_in()
    yield till
    await sign_in(town, "office")
    await check_books(town)


@pytest.fixture
async def household(till: Till) -> UUID:
    """Of `town.card`: hp-1 with 100 points."""
    return (await till.view_card(till.town.card)).household
