"""The language of the interface: Chinese, as the sentences stand in the code, or English by a gettext catalogue.

One choice for the process, made before the app starts. A sentence is translated when it is shown; one that is
written down earlier, in a module's constants, is only marked there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

Language: TypeAlias = Literal["zh", "en"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
ENGLISH: Final = Path(__file__).with_name("locale") / "en" / "LC_MESSAGES" / "kiosk.po"

_NO_CONTEXT = ""
_translations: dict[tuple[str, str], str] = {}
"""By context and the words in the code; empty in Chinese, which needs none."""


def choose(language: Language) -> None:
    """Speak `language` from now on."""
    _translations.clear()
    if language == "en":
        _translations.update(_catalogue(ENGLISH))


def _(sentence: str) -> str:
    """`sentence` in the language chosen. Placeholders are named and filled afterwards: `_("{name}缺货")`."""
    return _translations.get((_NO_CONTEXT, sentence), sentence)


def N_(sentence: str) -> str:
    """Mark `sentence` for the catalogue; whoever shows it translates it."""
    return sentence


def NP_(context: str, word: str) -> str:
    """Mark a word for programs that the catalogue has a sentence for."""
    return word


def sentence_for(context: str, word: str) -> str | None:
    """The sentence for a word marked by `NP_`, or None in Chinese and for a word unknown."""
    return _translations.get((context, word))


def _catalogue(path: Path) -> dict[tuple[str, str], str]:
    # Only English pays for it.
    from babel.messages.pofile import read_po

    with path.open("rb") as file:
        messages = list(read_po(file))
    return {
        (message.context or _NO_CONTEXT, message.id): message.string
        for message in messages
        if isinstance(message.id, str) and isinstance(message.string, str) and message.id and message.string
    }
