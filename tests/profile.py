"""How much a run of the tests may take: what pays each time, or all that a night allows.

JIMEI_TEST_PROFILE=nightly says that it is night; CI=true that nobody is there to ask what happened.
"""

from __future__ import annotations

import os
from typing import Final

from hypothesis import settings

PROFILE: Final = os.environ.get("JIMEI_TEST_PROFILE") or ("ci" if os.environ.get("CI") else "dev")

# A machine that is busy is no fault: no example has a deadline.
settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, print_blob=True)
settings.register_profile("nightly", deadline=None, print_blob=True, max_examples=1_000)


def many(normal: int, nightly: int | None = None) -> int:
    """How often a test repeats: as often as pays in each run, or at night, ten times as often unless it says."""
    at_night = normal * 10 if nightly is None else nightly
    return at_night if PROFILE == "nightly" else normal
