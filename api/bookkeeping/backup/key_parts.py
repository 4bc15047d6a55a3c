"""The three parts of the key on paper, a page each: shown or written once, then the machine forgets the secret."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode
from qrcode.util import MODE_ALPHA_NUM, QRData

from api.platform.backup.catalogue import lock_key
from api.platform.backup.keys import (
    HOLDERS,
    KeyPart,
    KeyRecord,
    forget_secret,
    provide_key,
    read_key_record,
    read_secret,
    replace_key,
    split,
)
from api.platform.clock import local_date
from api.platform.disk import unwritable
from api.platform.durable_files import write_durably
from api.platform.errors import ErrorCode, Refused
from api.web.qr import render_svg


@dataclass(frozen=True, slots=True)
class PrintedPart:
    part: KeyPart
    code: Markup


def print_parts(data: Path, output: Path, now: datetime, by: Sequence[str] = ()) -> KeyRecord:
    """Write the parts as a page to print, and forget the secret once that is on disk. `by`: none, who has the
    machine itself. Raises Refused: unwritable, wrong-state."""
    provide_key(data, now)
    with lock_key(data):
        record, identity = read_key_record(data), read_secret(data)
        if record is None or identity is None:
            raise already_printed()
        page = _render(record, [draw(part) for part in split(identity)], now)
        try:
            write_durably(output.absolute(), page.encode())
        except OSError as error:
            raise unwritable(output, error, "，钥匙还在服务器上") from None
        printed = msgspec.structs.replace(record, printed_at=now, printed_by=tuple(by))
        forget_secret(data, printed)
    return printed


def replace_lost_key(data: Path, now: datetime) -> KeyRecord:
    """Another key where parts of the present one were lost. Raises Refused: wrong-state, where they aren't printed
    yet."""
    with lock_key(data):
        if read_key_record(data) is not None and read_secret(data) is not None:
            raise Refused(ErrorCode.WRONG_STATE, "现在的钥匙还在服务器上，没有印出来，不用换；请印出它的三片。")
        return replace_key(data, now)


def already_printed() -> Refused:
    return Refused(
        ErrorCode.WRONG_STATE,
        "三片钥匙已经印过，服务器上没有钥匙了；丢了分片，请先换新钥匙（jimei backup --new-key）。",
    )


def draw(part: KeyPart) -> PrintedPart:
    """With its words as a QR."""
    code = QRCode(error_correction=ERROR_CORRECT_M)
    # Capitals take half the room, and scanners type them on any keyboard.
    code.add_data(QRData(part.text.upper(), mode=MODE_ALPHA_NUM))
    return PrintedPart(part, render_svg(code, f"第 {part.number} 片钥匙"))


_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)


def _render(record: KeyRecord, parts: Sequence[PrintedPart], now: datetime) -> str:
    return _TEMPLATES.get_template("key_parts.html").render(
        parts=parts, key=record.fingerprint, day=local_date(now), holders=HOLDERS
    )
