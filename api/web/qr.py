"""QR codes as SVG elements, drawn by the library: sharp at any resolution."""

from __future__ import annotations

from markupsafe import Markup
from qrcode.image.svg import SvgPathFillImage
from qrcode.main import QRCode


def render_svg(code: QRCode, label: str, **attributes: str) -> Markup:
    """The code with its margin on white, with further `attributes` of the element."""
    image = code.make_image(
        SvgPathFillImage, **{"shape-rendering": "crispEdges", "role": "img", "aria-label": label, **attributes}
    )
    # An id must be unique, but a page may have several codes.
    del image.path.attrib["id"]
    return Markup(image.to_string(encoding="unicode"))


def render_qr(text: str, label: str) -> Markup:
    """A code for phones, with error correction level M."""
    code = QRCode()
    code.add_data(text)
    return render_svg(code, label)
