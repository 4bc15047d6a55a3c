"""What a household is found by: the name of its head as written, in any spelling, and in pinyin.

A key has three lines: the name, its search form, and pinyin. The last has from each syllable on the full reading
and its initials, each behind a blank, so that a text is looked up where a syllable begins:
`王小明` → ` wangxiaoming xiaoming ming wxm xm m wangxm`.
"""

from __future__ import annotations

import re
from itertools import accumulate

from api.wire.text import search_form

# Signs that are read differently as a family's name.
_FAMILY_READINGS: dict[str, str] = dict(
    re.findall(
        r"(\S)([a-z]+)",
        """
        不fou 仇qiu 佴nai 便pian 区ou 单shan 卜bu 召shao 句gou 员yun 曾zeng 查zha 盖ge 秘bi 种chong 繁po
        翟zhai 覃qin 解xie 贠yun 郇xun 都du 阚kan 黑he 缪miao 朴piao 乐yue 折she 祭zhai 洗xian 能nai 隗wei 炅gui
        藏zang 么yao 角jue 尉yu 牟mu
        """,
    )
)
_FAMILY_NAMES_OF_TWO = {"万俟": ("mo", "qi"), "尉迟": ("yu", "chi"), "单于": ("chan", "yu")}


def make_search_key(head: str) -> str:
    """The key of a household with this head; `Household.search_key`."""
    plain = search_form(head)
    # A name is also found as who doesn't know the family would read it.
    readings = dict.fromkeys((read_pinyin(plain), _read(plain)))
    return f"{head}\n{plain}\n {' '.join(word for syllables in readings for word in _list_beginnings(syllables))}"


def pinyin_form(text: str) -> str:
    """A typed text as pinyin stands in the key: of ü it knows v alone."""
    return search_form(text).replace("ü", "v").replace("'", "")


def _read(name: str) -> tuple[str, ...]:
    # Its dictionaries take a quarter of a second, and most programs look nobody up.
    from pypinyin import lazy_pinyin

    return tuple(lazy_pinyin(list(name)))


def read_pinyin(name: str) -> tuple[str, ...]:
    """The syllables of a person's name, its family name read as one."""
    if name[:2] in _FAMILY_NAMES_OF_TWO:
        return _FAMILY_NAMES_OF_TWO[name[:2]] + _read(name[2:])
    if name[:1] in _FAMILY_READINGS:
        return (_FAMILY_READINGS[name[:1]], *_read(name[1:]))
    return _read(name)


def _list_beginnings(syllables: tuple[str, ...]) -> list[str]:
    """What a person may begin to type: from any syllable on, in full, as initials, or the first in full."""
    initials = [syllable[:1] for syllable in syllables]
    full, short = (
        list(accumulate(reversed(parts), lambda rest, part: part + rest)) for parts in (syllables, initials)
    )
    return list(dict.fromkeys([*reversed(full), *reversed(short), "".join([*syllables[:1], *initials[1:]])]))
