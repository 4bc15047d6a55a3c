"""What all sheets of cards share: A4 pages to print at 100 %, and QR codes that survive wear.

Codes use QR's alphanumeric mode (capitals, digits and a few other characters) and error correction level Q, which
recovers a quarter of the code words, and have the margin of 4 modules that scanners need.
"""

from collections.abc import Iterable
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


def render_code(text: str, width: float) -> Markup:
    """`text` as SVG, `width` mm wide without its margin."""
    code = QRCode(error_correction=ERROR_CORRECT_Q)
    code.add_data(QRData(text, mode=MODE_ALPHA_NUM))
    code.make()
    whole = width / code.modules_count * (code.modules_count + 2 * code.border)
    return render_svg(code, "二维码", **{"class": "code", "style": f"width:{whole:.3f}mm"})


def render_sheet(template: str, cut_path: Iterable[str], **context: Any) -> str:
    """A standalone HTML file. `cut_path`: the lines to cut along, as steps of an SVG path in mm."""
    return _TEMPLATES.get_template(template).render(page=PAGE, cut_path="".join(cut_path), **context)
