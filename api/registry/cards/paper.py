"""What all printed cards share: A4 pages to print at 100 %, and QR codes that survive use.

Codes are in QR's alphanumeric mode, which knows capitals, digits and a few signs, with error level Q, which
repairs a quarter of the code words, and have the margin of 4 modules that scanners look for.
"""

from collections.abc import Iterable
from typing import Final

import qrcode
from qrcode.constants import ERROR_CORRECT_Q
from qrcode.util import MODE_ALPHA_NUM, QRData

from api.web.qr import render_svg

PAGE: Final = (210.0, 297.0)  # mm, A4


def code(text: str, width: float) -> str:
    """`text` as SVG, `width` mm wide without its margin."""
    qr = qrcode.QRCode(error_correction=ERROR_CORRECT_Q)
    qr.add_data(QRData(text, mode=MODE_ALPHA_NUM))
    qr.make()
    whole = width / qr.modules_count * (qr.modules_count + 2 * qr.border)
    return render_svg(qr, "二维码", **{"class": "code", "style": f"width:{whole:.3f}mm"})


def marks(steps: Iterable[str]) -> str:
    """Lines to cut along, as steps of an SVG path in mm from the page's corner."""
    return (
        f'<svg class="marks" viewBox="0 0 {PAGE[0]:g} {PAGE[1]:g}" aria-hidden="true">'
        f'<path d="{"".join(steps)}"/></svg>\n'
    )


def document(title: str, style: str, pages: Iterable[str]) -> str:
    """The whole HTML file of these pages, which asks nothing of the network."""
    return (
        f'<!DOCTYPE html>\n<html lang="zh-CN">\n<head>\n<meta charset="utf-8">\n<title>积美 · {title}</title>\n'
        f"<style>{_STYLE}{style}</style>\n</head>\n<body>\n{''.join(pages)}</body>\n</html>\n"
    )


_STYLE: Final = f"""
@page {{ size: A4; margin: 0 }}
* {{ box-sizing: border-box; margin: 0; padding: 0 }}
:root {{ --red: #b3261e; --gold: #b98a2f; --ink: #241c18; --soft: #6d625b;
  --song: "Noto Serif CJK SC", "Source Han Serif SC", "Songti SC", STSong, SimSun, "Noto Serif SC", serif;
  --hei: "Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", SimHei, sans-serif }}
html {{ print-color-adjust: exact; -webkit-print-color-adjust: exact }}
body {{ background: #e9e5e0; color: var(--ink); font-family: var(--hei) }}
.page {{ position: relative; width: {PAGE[0]:g}mm; height: {PAGE[1]:g}mm; margin: 8mm auto; overflow: hidden;
  background: #fff; break-after: page; break-inside: avoid }}
.page:last-child {{ break-after: auto }}
.marks {{ position: absolute; inset: 0; width: 100%; height: 100% }}
.marks path {{ stroke: #8d8680; stroke-width: .15; fill: none }}
.code {{ display: block; height: auto }}
@media print {{ body {{ background: none }} .page {{ margin: 0 }} }}
"""
