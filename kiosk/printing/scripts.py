"""Names in scripts whose letters join, stack or run from right to left: the parts of a line drawn alike."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import regex

from kiosk.language import N_


@dataclass(frozen=True, slots=True)
class ScriptTraits:
    """`files`: beginnings of the names of fonts that have it, in small letters. `shaped`: its letters join or
    stack, so that they can't be drawn one by one."""

    title: str
    letters: str
    files: tuple[str, ...]
    shaped: bool = True
    from_right: bool = False


class Script(Enum):
    """Those of the country that a Chinese font lacks."""

    ARABIC = ScriptTraits(
        N_("维吾尔文、哈萨克文"),
        r"\p{Script=Arabic}",
        ("notosansarabic", "notonaskharabic", "ukij", "alkatip", "scheherazade", "amiri", "dejavusans"),
        from_right=True,
    )
    TIBETAN = ScriptTraits(
        N_("藏文"), r"\p{Script=Tibetan}", ("notoseriftibetan", "notosanstibetan", "jomolhari", "himalaya", "ddc")
    )
    YI = ScriptTraits(N_("彝文"), r"\p{Script=Yi}", ("notosansyi", "nuosu", "msyi"), shaped=False)
    MONGOLIAN = ScriptTraits(
        N_("蒙古文"), r"\p{Script=Mongolian}\u202f", ("notosansmongolian", "monbaiti", "mongolian")
    )


_INSIDE = r"\p{M}\u200c\u200d\u180b-\u180f"


def _zone_pattern(script: Script) -> regex.Pattern[str]:
    """Words of one script with single blanks or dots between them, and the stars of a masked name after them."""
    letters = script.value.letters
    word = rf"[{letters}][{letters}{_INSIDE}]*"
    return regex.compile(rf"{word}(?:[ ·]{word})*\**")


_ZONES = {script: _zone_pattern(script) for script in Script}
_ANY_ZONE = regex.compile("|".join(f"(?P<{script.name}>{zone.pattern})" for script, zone in _ZONES.items()))
_WORDS = regex.compile(r"[ ·*]+|[^ ·*]+")


@dataclass(frozen=True, slots=True)
class Zone:
    """A part of a line; without a script, what a Chinese font has."""

    text: str
    script: Script | None = None

    @property
    def words(self) -> list[str]:
        """Words and what stands between them, from left to right as they are seen."""
        words: list[str] = _WORDS.findall(self.text)
        return words[::-1] if self.script is not None and self.script.value.from_right else words


def split_zones(text: str) -> list[Zone]:
    zones, end = [], 0
    for found in _ANY_ZONE.finditer(text):
        if found.start() > end:
            zones.append(Zone(text[end : found.start()]))
        zones.append(Zone(found[0], Script[str(found.lastgroup)]))
        end = found.end()
    return [*zones, Zone(text[end:])] if end < len(text) else zones
