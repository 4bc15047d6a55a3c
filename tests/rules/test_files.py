"""Files that can't be read as a book, each with its message."""

from pathlib import Path

import pytest

from rules import RulebookError, check_files
from rules.parser.files import read_text

TEXT = '[book]\ntitle = "文明积分办法"\n'


def read_error(path: Path) -> tuple[int, str]:
    with pytest.raises(RulebookError) as caught:
        read_text(path)
    [problem] = caught.value.problems
    assert problem.source == str(path)
    return problem.line, problem.message


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_utf8_is_read_with_and_without_byte_order_mark(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "book.toml").write_text(TEXT, encoding=encoding)
    assert read_text(tmp_path / "book.toml") == TEXT


@pytest.mark.parametrize(
    ("content", "line", "text"),
    [
        (TEXT.encode("gbk"), 1, "GBK 编码，请另存为 UTF-8"),
        (TEXT.replace("文明", "镕基").encode("gb18030"), 1, "GBK 编码"),
        (TEXT.encode("utf-16"), 1, "UTF-16 编码"),
        (TEXT.encode("utf-16-be"), 1, "UTF-16 编码"),
        (TEXT.encode("utf-16-le"), 1, "UTF-16 编码"),
        (b"PK\x03\x04" + bytes(range(256)), 1, "Word 或 Excel"),
        (b"\xd0\xcf\x11\xe0" + bytes(range(256)), 1, "Word 或 Excel"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), 1, "不是文本文件"),
        (TEXT.encode() + b'x = "\xff\xfe"\n', 3, "坏掉的字"),
        (b"caf\xe9 \xff", 1, "不是 UTF-8 编码"),
        (b"", 1, "是空的"),
        (b" \n\r\n", 1, "是空的"),
        (b"#" * 4_000_001, 1, "文件太大"),
    ],
    ids=[
        "gbk",
        "gb18030",
        "utf16",
        "be",
        "le",
        "xlsx",
        "xls",
        "png",
        "damaged",
        "latin",
        "empty",
        "blank",
        "large",
    ],
)
def test_unreadable_content_is_named(tmp_path: Path, content: bytes, line: int, text: str) -> None:
    path = tmp_path / "book.toml"
    path.write_bytes(content)
    problem = read_error(path)
    assert (problem[0], text in problem[1]) == (line, True), problem


def test_a_very_large_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "book.toml"
    with path.open("wb") as file:
        file.truncate(50_000_000_000)
    assert "文件太大" in read_error(path)[1]


def test_missing_files_and_folders(tmp_path: Path) -> None:
    assert "没有这个文件" in read_error(tmp_path / "missing.toml")[1]
    assert "这是一个文件夹" in read_error(tmp_path)[1]
    (tmp_path / "file").write_text("x")
    assert "读不了这个文件" in read_error(tmp_path / "file" / "book.toml")[1]
    assert "读不了这个文件" in read_error(tmp_path / ("长" * 300))[1]


def test_lines_and_columns_with_windows_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "book.toml"
    path.write_bytes(
        b"\xef\xbb\xbf" + '[book]\ntitle = "x"\n\n[book.adopted_by]\nbody = "y"\n'.replace("\n", "\r\n").encode()
    )
    [checked] = check_files([path])
    places = [(problem.line, problem.column) for problem in checked.problems if "中文写" in problem.message]
    assert places == [(2, 1), (5, 1)]
