"""The language of the interface: Chinese, as in the code, or English from a gettext catalogue.

It is chosen once for the process, before the app starts. A sentence is translated when it is shown; constants of a
module are only marked for translation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

Language: TypeAlias = Literal["zh", "en"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
ENGLISH: Final = Path(__file__).with_name("locale") / "en" / "LC_MESSAGES" / "kiosk.po"

_NO_CONTEXT = ""
_translations: dict[tuple[str, str], str] = {}
"""By context and sentence in the code; empty in Chinese."""


def choose_language(language: Language) -> None:
    """Use `language` from now on."""
    _translations.clear()
    if language == "en":
        _translations.update(_read_catalogue(ENGLISH))


def _(sentence: str) -> str:
    """`sentence` in the language chosen. Placeholders are named and filled afterwards: `_("{name}缺货")`."""
    return _translations.get((_NO_CONTEXT, sentence), sentence)


def N_(sentence: str) -> str:
    """Mark `sentence` for the catalogue; it is translated where it is shown."""
    return sentence


def NP_(context: str, code: str) -> str:
    """Mark a code for which the catalogue has a sentence."""
    return code


def find_sentence(context: str, code: str) -> str | None:
    """The sentence for a code marked by `NP_`; None in Chinese and for unknown codes."""
    return _translations.get((context, code))


def _read_catalogue(path: Path) -> dict[tuple[str, str], str]:
    # Imported late: Chinese doesn't need it.
    from babel.messages.pofile import read_po

    with path.open("rb") as file:
        messages = list(read_po(file))
    return {
        (message.context or _NO_CONTEXT, message.id): message.string
        for message in messages
        if isinstance(message.id, str) and isinstance(message.string, str) and message.id and message.string
    }
