"""How a person is named where others may look: 王**, 欧阳**, 阿**."""

from __future__ import annotations

import regex

from api.wire.text import NAME_DOT, make_line_visible, split_clusters

# The compound surnames of 百家姓 and those that are common today, two signs each.
_PAIRS = (
    "万俟司马上官欧阳夏侯诸葛闻人东方赫连皇甫尉迟公羊澹台公冶宗政濮阳淳于单于太叔申屠公孙仲孙轩辕令狐钟离"
    "宇文长孙慕容鲜于闾丘司徒司空亓官司寇仉督子车颛孙端木巫马公西漆雕乐正壤驷公良拓跋夹谷宰父谷梁段干百里"
    "东郭南门呼延羊舌微生梁丘左丘东门西门南宫纳兰独孤贺兰完颜叶赫司馬歐陽諸葛聞人東方赫連尉遲澹臺濮陽淳於"
    "單于公孫仲孫軒轅鍾離長孫鮮于閭丘顓孫巫馬樂正壤駟穀梁段幹東郭南門東門西門南宮納蘭獨孤賀蘭"
)
_COMPOUND_SURNAMES = frozenset(_PAIRS[start : start + 2] for start in range(0, len(_PAIRS), 2))
_HAN = regex.compile(r"[\p{Script=Han}\p{M}\ufe00-\ufe02\U000e0100-\U000e01ef]+")
STAR = "*"


def mask_name(name: str) -> str:
    """The family name, and a star for each sign of the given one. Of a name that isn't Chinese, or has parts with
    a dot between them, only the first sign stays, and nothing tells how long it is."""
    name = make_line_visible(name).strip()
    signs = split_clusters(name)
    if not _HAN.fullmatch(name) or NAME_DOT in name:
        return "".join(signs[:1]) + 2 * STAR
    shown = 2 if len(signs) > 2 and "".join(signs[:2]) in _COMPOUND_SURNAMES else 1
    return "".join(signs[:shown]) + STAR * max(len(signs) - shown, 1)
