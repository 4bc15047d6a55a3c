"""Books in files: an overlay is checked on its base, and all files against each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from itertools import islice, pairwise
from pathlib import Path

from rules.book import Rulebook
from rules.builtin import books_path
from rules.parser.files import read_text
from rules.parser.rulebook import Header, check, read_header
from rules.parser.table import Findings
from rules.problems import Problem, RulebookError, did_you_mean

_BASE = ("overlay", "base")
_MAX_SIBLINGS = 200


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """One file: its book, None when it can't be used, and its problems in the order of the text."""

    path: Path | Traversable
    book: Rulebook | None
    problems: Sequence[Problem]


@dataclass(slots=True)
class Library:
    """Finds the bases of overlays: among `files`, then in the folder of the overlay, then among the books that
    come with the software. Files are read once."""

    files: Sequence[Path]
    _texts: dict[str, str | RulebookError] = field(default_factory=dict)
    _checked: dict[str, CheckedFile] = field(default_factory=dict)

    def check(self, path: Path | Traversable, base: Rulebook | None = None) -> CheckedFile:
        """Check a file on `base`, or on the base that it names."""
        cached = self._checked.get(str(path))
        if cached is None:
            try:
                cached = self._check(path, self._read(path), base)
            except RulebookError as error:
                cached = CheckedFile(path, None, error.problems)
            self._checked[str(path)] = cached
        return cached

    def _check(self, path: Path | Traversable, text: str, base: Rulebook | None) -> CheckedFile:
        header = read_header(text)
        if base is None and header.base:
            findings = Findings(text, str(path))
            base = self._find_base(path, header, findings)
            if base is None:
                return CheckedFile(path, None, findings.problems)
        return CheckedFile(path, *check(text, str(path), base))

    def _find_base(self, path: Path | Traversable, header: Header, findings: Findings) -> Rulebook | None:
        chain = [path]
        versions: list[str] = []
        while header.base:
            base_path = self._find_version(chain[-1], header.base, versions)
            if base_path is None:
                break
            chain.append(base_path)
            if any(_is_same_file(base_path, before) for before in chain[:-1]):
                circle = "，".join(f"{one} 补充 {other}" for one, other in pairwise(chain))
                findings.add(_BASE, f"补充来补充去绕成了一圈：{circle}。补充办法只能补充乡镇的办法。")
                return None
            header = read_header(self._read(base_path))
        if len(chain) == 1:
            hint = did_you_mean(header.base, versions)
            findings.add(
                _BASE,
                f"没有找到它补充的「{header.base}」版办法{hint}。请把那份办法的文件一起写在命令里，或放在同一个文件夹。",
            )
            return None
        base = self.check(chain[1])
        if base.book is None:
            errors = sum(problem.kind == "error" for problem in base.problems)
            findings.add(_BASE, f"它补充的办法 {base.path} 有 {errors} 处错误，先改好那一份。")
        return base.book

    def _find_version(
        self, path: Path | Traversable, version: str, versions: list[str]
    ) -> Path | Traversable | None:
        """The file of this version; other versions found are added to `versions`."""
        # The overlay itself comes last: it is found only when it names its own version and no other file has it.
        for other in sorted(self._candidates(path), key=lambda each: _is_same_file(each, path)):
            try:
                text = self._read(other)
            except RulebookError:
                continue
            header = read_header(text)
            if header.version == version:
                return other
            versions.append(header.version)
        return None

    def _candidates(self, path: Path | Traversable) -> Iterator[Path | Traversable]:
        yield from self.files
        if isinstance(path, Path):
            yield path
            yield from islice(sorted(path.parent.glob("*.toml")), _MAX_SIBLINGS)
        yield from (book for book in books_path().iterdir() if book.name.endswith(".toml"))

    def _read(self, path: Path | Traversable) -> str:
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


def check_files(paths: Iterable[Path]) -> list[CheckedFile]:
    """Check each file, also against those before it; a file named twice counts once."""
    files = list({path.absolute(): path for path in paths}.values())
    library = Library(files)
    checked = [library.check(path) for path in files]
    return [_check_against(one, checked[:place], library) for place, one in enumerate(checked)]


def _check_against(one: CheckedFile, before: Sequence[CheckedFile], library: Library) -> CheckedFile:
    if one.book is None:
        return one
    book, findings = one.book, Findings(library._read(one.path), str(one.path))
    section = "overlay" if book.village else "book"
    for other in before:
        if other.book is None or other.book.township != book.township or (_is_builtin(one) and _is_builtin(other)):
            continue
        if other.book.version == book.version:
            findings.add(
                (section, "version"), f"版本号「{book.version}」和 {other.path} 的一样，同一乡镇的要各不相同。"
            )
        if (other.book.village, other.book.effective_from) == (book.village, book.effective_from):
            findings.add(
                (section, "effective_from"),
                f"和 {other.path} 管同一个地方，又在同一天（{book.effective_from}）生效：那天起按哪一份说不清。",
            )
    if not findings.problems:
        return one
    return CheckedFile(one.path, None, sorted([*one.problems, *findings.problems]))


def _is_builtin(one: CheckedFile) -> bool:
    """Whether it comes with the software. Those are templates, which don't conflict with each other."""
    return Path(str(one.path)).absolute().parent == Path(str(books_path())).absolute()


def _is_same_file(one: Path | Traversable, other: Path | Traversable) -> bool:
    return str(Path(str(one)).absolute()) == str(Path(str(other)).absolute())
