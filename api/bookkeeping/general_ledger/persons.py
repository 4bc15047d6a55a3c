"""Names of the people who made transactions."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from api.platform.services import UnitOfWork
from api.registry.people import queries as people
from api.shop.kiosks.queries import read_attendant_names

# The person of imports from the command line, where nobody is signed in.
COMMAND_LINE = "command-line"
_AUTOMATIC = {"notice": "公示期满", "clock": "到期自动", COMMAND_LINE: "命令行"}


async def read_person_names(uow: UnitOfWork, persons: Iterable[str]) -> dict[str, str]:
    """Names of staff and attendants, and descriptions of automatic actors; nothing for unknown persons."""
    wanted = set(persons)
    ids = {UUID(person): person for person in wanted if _is_uuid(person)}
    names = {person: name for person, name in _AUTOMATIC.items() if person in wanted}
    if ids:
        known = await people.read_names(uow, ids) | await read_attendant_names(uow, ids)
        names |= {ids[id]: name for id, name in known.items()}
    return names


def _is_uuid(person: str) -> bool:
    try:
        return str(UUID(person)) == person
    except ValueError:
        return False
