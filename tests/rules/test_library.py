"""Several files at once: overlays find their bases, and conflicting books are reported."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from rules import CheckedFile, Library, books_path, check_files
from tests.rules.test_lint import OVERLAY

BookText = Callable[..., str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Path]]:
    """Writes files into the test's working folder and returns their paths."""
    monkeypatch.chdir(tmp_path)

    def files(**texts: str) -> list[Path]:
        for name, text in texts.items():
            (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
        return [Path(f"{name}.toml") for name in texts]

    return files


def messages(checked: Sequence[CheckedFile]) -> list[tuple[str, int, str]]:
    return [(problem.source, problem.line, problem.message) for one in checked for problem in one.problems]


Write = Callable[..., list[Path]]


def test_an_overlay_finds_its_base_among_the_files(write: Write, book_text: BookText) -> None:
    overlay, base = write(overlay=OVERLAY, base=book_text())
    checked = check_files([overlay, base])
    assert messages(checked) == []
    assert [one.book.village if one.book else None for one in checked] == ["王庄村", ""]


def test_an_overlay_finds_its_base_in_the_same_folder(write: Write, book_text: BookText) -> None:
    overlay, *_ = write(overlay=OVERLAY, base=book_text(), broken="[", other=book_text().replace('"1"', '"2"'))
    assert messages(check_files([overlay])) == []


def test_an_overlay_finds_its_base_among_the_books_that_come_with_the_software(write: Write) -> None:
    [overlay] = write(overlay=OVERLAY.replace('base = "1"', 'base = "2025.1"'))
    assert messages(check_files([overlay])) == []


def test_a_given_base_has_precedence(write: Write, book_text: BookText) -> None:
    overlay, base = write(overlay=OVERLAY.replace('base = "1"', 'base = "2"'), base=book_text())
    below = Library([base]).check(base).book
    assert "补充的是「2」版，给出的是「1」版" in messages([Library([]).check(overlay, below)])[0][2]


def test_an_overlay_without_a_base_names_the_nearest_version(write: Write, book_text: BookText) -> None:
    overlay, base = write(overlay=OVERLAY.replace('"1"', '"2026.1"'), base=book_text().replace('"1"', '"2026.2"'))
    [(source, line, message)] = messages(check_files([overlay, base]))
    assert (source, line) == ("overlay.toml", 2)
    assert "没有找到它补充的「2026.1」版办法，您是想写「2026.2」吧" in message


def test_an_overlay_whose_base_has_errors(write: Write, book_text: BookText) -> None:
    overlay, _ = write(overlay=OVERLAY, base=book_text("colour = 1\n"))
    [(source, line, message)] = messages(check_files([overlay]))
    assert (source, line, message) == ("overlay.toml", 2, "它补充的办法 base.toml 有 1 处错误，先改好那一份。")


def test_an_overlay_of_itself(write: Write) -> None:
    [overlay] = write(overlay=OVERLAY.replace('base = "1"', 'base = "王庄 1"'))
    [(_, line, message)] = messages(check_files([overlay]))
    assert (line, "绕成了一圈：overlay.toml 补充 overlay.toml" in message) == (2, True)


def test_circular_overlays_are_named(write: Write) -> None:
    def overlay(version: str, base: str) -> str:
        return OVERLAY.replace('base = "1"', f'base = "{base}"').replace("王庄 1", version)

    files = write(a=overlay("A", "B"), b=overlay("B", "C"), c=overlay("C", "A"))
    problems = messages(check_files(files))
    assert [(source, line) for source, line, _ in problems] == [("a.toml", 2), ("b.toml", 2), ("c.toml", 2)]
    assert "a.toml 补充 b.toml，b.toml 补充 c.toml，c.toml 补充 a.toml" in problems[0][2]


def test_an_overlay_of_an_overlay_is_refused(write: Write, book_text: BookText) -> None:
    second = (
        OVERLAY.replace('base = "1"', 'base = "王庄 1"')
        .replace("王庄 1", "王庄 2", 2)
        .replace("王庄 2", "王庄 1", 1)
    )
    files = write(base=book_text(), first=OVERLAY, second=second)
    [(source, _, message)] = messages(check_files(files))
    assert (source, "补充办法只能补充乡镇的办法" in message) == ("second.toml", True)


def test_two_books_of_one_version_or_one_day(write: Write, book_text: BookText) -> None:
    text = book_text()
    files = write(
        first=text,
        same=text,
        later=text.replace('version = "1"', 'version = "2"').replace("from = 2026-01-01", "from = 2026-06-01"),
        elsewhere=text.replace("示范乡", "别的乡"),
    )
    problems = messages(check_files(files))
    assert [(source, line) for source, line, _ in problems] == [("same.toml", 3), ("same.toml", 5)]
    assert "版本号「1」和 first.toml 的一样" in problems[0][2]
    assert "又在同一天（2026-01-01）生效" in problems[1][2]


def test_two_overlays_of_one_village_on_one_day(write: Write, book_text: BookText) -> None:
    files = write(
        base=book_text(),
        first=OVERLAY,
        second=OVERLAY.replace("王庄 1", "王庄 2"),
        other=OVERLAY.replace("王庄 1", "李庄 1").replace('village = "王庄村"', 'village = "李庄村"'),
    )
    [(source, line, message)] = messages(check_files(files))
    assert (source, line, "first.toml 管同一个地方" in message) == ("second.toml", 6, True)


def test_a_file_named_twice_counts_once(write: Write, book_text: BookText) -> None:
    [book] = write(book=book_text())
    assert len(check_files([book, book.absolute(), Path("./book.toml")])) == 1


def test_builtin_books_do_not_conflict() -> None:
    ours = sorted(Path(str(books_path())).glob("*.toml"))
    assert messages(check_files(ours)) == []
