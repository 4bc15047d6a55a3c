"""What all sheets of cards share: pages to print at 100 %, and QR codes that survive wear.

Codes use QR's alphanumeric mode (capitals, digits and a few other characters) and error correction level Q, which
recovers a quarter of the code words, and have the margin of 4 modules that scanners need.
"""

from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from qrcode.constants import ERROR_CORRECT_Q
from qrcode.main import QRCode
from qrcode.util import MODE_ALPHA_NUM, QRData

from api.web.qr import render_svg

PAGE: Final = (210.0, 297.0)  # mm, A4

_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    keep_trailing_newline=True,
)


def render_code(text: str) -> Markup:
    """`text` as SVG, as wide as the sheet's style says."""
    return render_svg(_make_code(text), "二维码", **{"class": "code"})


def measure_code(text: str, width: float) -> float:
    """How wide a code of `text` is with its margin, if it is `width` without."""
    code = _make_code(text)
    whole: float = width / code.modules_count * (code.modules_count + 2 * code.border)
    return round(whole, 3)


def style_policy(page: str) -> str:
    """What a content security policy says to allow a sheet its own style and no other."""
    style = page.partition("<style>")[2].partition("</style>")[0]
    return f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'"


def _make_code(text: str) -> QRCode:
    code = QRCode(error_correction=ERROR_CORRECT_Q)
    code.add_data(QRData(text, mode=MODE_ALPHA_NUM))
    code.make()
    return code


def render_sheet(
    template: str,
    cut_path: Iterable[str],
    *,
    code_width: float,
    page: tuple[float, float] = PAGE,
    **context: Any,
) -> str:
    """A standalone HTML file of pages of this size in mm. `cut_path`: the lines to cut along, as steps of an SVG
    path in mm. `code_width`: of each code with its margin, in mm."""
    return _TEMPLATES.get_template(template).render(
        page=page, cut_path="".join(cut_path), code_width=code_width, **context
    )
