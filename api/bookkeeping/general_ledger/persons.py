"""The people behind transactions, by name."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from api.platform.services import UnitOfWork
from api.registry.people import queries as people
from api.shop.kiosks.queries import read_attendant_names

# Imports from the command line have nobody signed in.
COMMAND_LINE = "command-line"
_NOBODY = {"notice": "公示期满", "clock": "到期自动", COMMAND_LINE: "命令行"}


async def names_of(uow: UnitOfWork, persons: Iterable[str]) -> dict[str, str]:
    """Names of staff and attendants, and words for what happened by itself; nothing for whom nobody knows."""
    asked = set(persons)
    ids = {UUID(person): person for person in asked if _is_id(person)}
    names = {person: word for person, word in _NOBODY.items() if person in asked}
    if ids:
        known = await people.read_names(uow, ids) | await read_attendant_names(uow, ids)
        names |= {ids[id]: name for id, name in known.items()}
    return names


def _is_id(person: str) -> bool:
    try:
        return str(UUID(person)) == person
    except ValueError:
        return False
