"""Find households by what a person knows of them: name, pinyin, code or its end, grid, village."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select

from api.platform.access import Staff
from api.platform.services import Services, UnitOfWork
from api.registry.register.queries import HouseholdFacts, read_matching_households
from api.registry.register.register_table import grid_key, has_grid_word, village_key
from api.registry.register.search_key import pinyin_form
from api.registry.register.tables import Grid, Household, Village
from api.wire.text import code_form, search_form, show_signs_alone

LIMIT = 20


async def search_households(
    services: Services, staff: Staff, text: str, limit: int = LIMIT, *, ended: bool = False
) -> list[HouseholdFacts]:
    """As `find_households`, among those this person serves."""
    async with services.unit_of_work() as uow:
        return await find_households(uow, text, staff.village, limit, ended=ended)


async def find_households(
    uow: UnitOfWork, text: str, village: str | None = None, limit: int = LIMIT, *, ended: bool = False
) -> list[HouseholdFacts]:
    """The household with this very code, or else those that every word of the text fits: part of the head's name
    however its dots and blanks are written, its pinyin or initials, the end of the code, a grid's name or code, a
    village's name. In a village if one is given; ended ones only if asked for. First who is called just so."""
    words = show_signs_alone(text).split()
    if not words:
        return []
    scope: list[ColumnElement[bool]] = [] if ended else [Household.ended_at.is_(None)]
    if village is not None:
        scope.append(Household.village == village)
    exact = await read_matching_households(uow, Household.code == code_form(text), *scope)
    if exact:
        return exact
    places = await _read_places(uow, village) if any(not word.isascii() for word in words) else _Places()
    plain = search_form(text)
    return await read_matching_households(
        uow,
        *scope,
        *(_fits(word, places) for word in words),
        first=_key_has(f"\n{plain}\n"),
        limit=limit,
    )


@dataclass(frozen=True, slots=True)
class _Places:
    grids: Sequence[tuple[str, str]] = ()
    villages: Collection[tuple[str, str]] = ()

    def find_grids(self, word: str) -> list[str]:
        key = grid_key(word)
        named = has_grid_word(word)
        return [
            code
            for code, name in self.grids
            if search_form(name) == search_form(word) or (named and grid_key(name) == key)
        ]

    def find_villages(self, word: str) -> list[str]:
        return [code for code, name in self.villages if village_key(name) == village_key(word)]


async def _read_places(uow: UnitOfWork, village: str | None) -> _Places:
    rows = await uow.session.execute(
        select(Village.code, Village.name, Grid.code, Grid.name)
        .join_from(Village, Grid, (Grid.township == Village.township) & (Grid.village == Village.code))
        .where(Village.township == uow.township, *([] if village is None else [Village.code == village]))
    )
    found = rows.all()
    return _Places([(grid, name) for _, _, grid, name in found], {(code, name) for code, name, _, _ in found})


def _key_has(text: str) -> ColumnElement[bool]:
    # Twice as fast as a pattern, and nothing in it has to be escaped.
    return func.strpos(Household.search_key, text) > 0


def _fits(word: str, places: _Places) -> ColumnElement[bool]:
    code = code_form(word)
    pinyin = pinyin_form(word)
    name = f" {pinyin}" if pinyin.isascii() else search_form(word)
    fits: list[ColumnElement[bool]] = [
        Household.grid == code,
        Household.grid.in_(places.find_grids(word)),
        Household.village.in_(places.find_villages(word)),
    ]
    if name.strip():
        fits.append(_key_has(name))
    if code[-1:].isdigit():
        fits.append(func.right(Household.code, len(code)) == code)
    return or_(*fits)
