"""Books in files: each is checked with the one it supplements, and against those beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from itertools import islice, pairwise
from pathlib import Path

from rules.book import Rulebook
from rules.builtin import books_path
from rules.parser.files import read_text
from rules.parser.rulebook import Head, check, read_head
from rules.parser.table import Findings
from rules.problems import Problem, RulebookError, did_you_mean

_BASE = ("overlay", "base")
_MOST_BESIDE = 200


@dataclass(frozen=True, slots=True)
class Checked:
    """One file: its book, None when it can't be used, and what is wrong with it in the order of the text."""

    path: Path | Traversable
    book: Rulebook | None
    problems: Sequence[Problem]


@dataclass(slots=True)
class Library:
    """Finds the books that overlays supplement: among `given`, then beside the overlay, then those that come with
    the software. Files are read once."""

    given: Sequence[Path]
    _texts: dict[str, str | RulebookError] = field(default_factory=dict)
    _checked: dict[str, Checked] = field(default_factory=dict)

    def check(self, path: Path | Traversable, base: Rulebook | None = None) -> Checked:
        """A file checked on `base`, or on the one that it names and that can be found."""
        known = self._checked.get(str(path))
        if known is None:
            try:
                known = self._check(path, self._text(path), base)
            except RulebookError as error:
                known = Checked(path, None, error.problems)
            self._checked[str(path)] = known
        return known

    def _check(self, path: Path | Traversable, text: str, base: Rulebook | None) -> Checked:
        head = read_head(text)
        if base is None and head.base:
            found = Findings(text, str(path))
            base = self._base(path, head, found)
            if base is None:
                return Checked(path, None, found.problems)
        return Checked(path, *check(text, str(path), base))

    def _base(self, path: Path | Traversable, head: Head, found: Findings) -> Rulebook | None:
        chain = [path]
        versions: list[str] = []
        while head.base:
            supplemented = self._find(chain[-1], head.base, versions)
            if supplemented is None:
                break
            chain.append(supplemented)
            if any(_same(supplemented, before) for before in chain[:-1]):
                circle = "，".join(f"{one} 补充 {other}" for one, other in pairwise(chain))
                found.add(_BASE, f"补充来补充去绕成了一圈：{circle}。补充办法只能补充乡镇的办法。")
                return None
            head = read_head(self._text(supplemented))
        if len(chain) == 1:
            hint = did_you_mean(head.base, versions)
            found.add(
                _BASE,
                f"没有找到它补充的「{head.base}」版办法{hint}。请把那份办法的文件一起写在命令里，或放在同一个文件夹。",
            )
            return None
        base = self.check(chain[1])
        if base.book is None:
            wrong = sum(problem.kind == "error" for problem in base.problems)
            found.add(_BASE, f"它补充的办法 {base.path} 有 {wrong} 处错误，先改好那一份。")
        return base.book

    def _find(self, path: Path | Traversable, version: str, versions: list[str]) -> Path | Traversable | None:
        """The file of this version; the versions met on the way are added to `versions`."""
        # An overlay that names its own version is a circle by itself: found only where nothing else is.
        for other in sorted(self._candidates(path), key=lambda each: _same(each, path)):
            try:
                text = self._text(other)
            except RulebookError:
                continue
            head = read_head(text)
            if head.version == version:
                return other
            versions.append(head.version)
        return None

    def _candidates(self, path: Path | Traversable) -> Iterator[Path | Traversable]:
        yield from self.given
        if isinstance(path, Path):
            yield path
            yield from islice(sorted(path.parent.glob("*.toml")), _MOST_BESIDE)
        yield from (book for book in books_path().iterdir() if book.name.endswith(".toml"))

    def _text(self, path: Path | Traversable) -> str:
        """Raises RulebookError."""
        text = self._texts.get(str(path))
        if text is None:
            try:
                text = read_text(path)
            except RulebookError as error:
                text = error
            self._texts[str(path)] = text
        if isinstance(text, RulebookError):
            raise text
        return text


def check_files(paths: Iterable[Path]) -> list[Checked]:
    """Each file with what is wrong with it, and with it beside those before it; a file named twice counts once."""
    given = list({path.absolute(): path for path in paths}.values())
    library = Library(given)
    checked = [library.check(path) for path in given]
    return [_beside(one, checked[:place], library) for place, one in enumerate(checked)]


def _beside(one: Checked, before: Sequence[Checked], library: Library) -> Checked:
    if one.book is None:
        return one
    book, found = one.book, Findings(library._text(one.path), str(one.path))
    head = "overlay" if book.village else "book"
    for other in before:
        if other.book is None or other.book.township != book.township or (_ours(one) and _ours(other)):
            continue
        if other.book.version == book.version:
            found.add((head, "version"), f"版本号「{book.version}」和 {other.path} 的一样，同一乡镇的要各不相同。")
        if (other.book.village, other.book.effective_from) == (book.village, book.effective_from):
            found.add(
                (head, "effective_from"),
                f"和 {other.path} 管同一个地方，又在同一天（{book.effective_from}）生效：那天起按哪一份说不清。",
            )
    if not found.problems:
        return one
    return Checked(one.path, None, sorted([*one.problems, *found.problems]))


def _ours(one: Checked) -> bool:
    """Whether it comes with the software: those are there to choose from, and get in nobody's way."""
    return Path(str(one.path)).absolute().parent == Path(str(books_path())).absolute()


def _same(one: Path | Traversable, other: Path | Traversable) -> bool:
    return str(Path(str(one)).absolute()) == str(Path(str(other)).absolute())
