"""Sheets of cards, printed by a real browser and read back by a real scanner, as they are and after a hard life.

The scanner is zxing-cpp, the tokens are fixed, so that a code that reads today reads in every run.
"""

import io
import re
from dataclasses import dataclass

import pytest
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter
from playwright.sync_api import Page, sync_playwright
from pypdfium2 import PdfDocument  # type: ignore[import-untyped]

from api.registry.cards.card_sheet import Layout, PrintedCard, UnprintableAddress, render_card_sheet
from api.wire.card_token import format_groups, new_token, parse
from tests.chromium import CHROMIUM, FLAGS, needs_chromium

pytestmark = needs_chromium

DOTS_PER_MM = 300 / 25.4  # an office printer's, and about what a phone at 15 cm sees
MM = 96 / 25.4  # CSS pixels
ADDRESS = "https://jimei.example.gov.cn:8443"  # makes the densest code that is allowed: version 4
TOKENS = [
    "0K39D8S4EQEBGYECNSCR",
    "KT87WMMHCNPCBTK5DHA4",
    "9H5VTFKGJDBQVA2C2C5A",
    "0DQM4YJT8TD9EZ69XAX0",
    "SW50QEY4B77FV9XTXJ60",
    "G6WBSSFFCT474ABRP4Q8",
    "17FWHQE6260S0YGHW0AY",
    "XE341RVP87TB06YFSDKG",
    "1XFPEC39VM8FMTZCCRHH",
    "YZM3S4P1HGJSEDWVM27D",
    "AMTGNN1Q6CQQR5CS8PY4",
]
NAMES = ["王秀英", "李建国", "欧阳春花", "马阿依舍", "张三", "阿卜杜热合曼·买买提"]
CARDS = [
    PrintedCard(token, NAMES[place % len(NAMES)], "永和村", f"03-{place:04}", "一社" if place < 6 else "二社")
    for place, token in enumerate(TOKENS)
]
URLS = [f"{ADDRESS.upper()}/C/{token}" for token in TOKENS]


Box = tuple[float, float, float, float]  # left, top, width and height in millimetres


@dataclass(frozen=True)
class Printed:
    """The sheet of all CARDS as the browser prints it."""

    codes: list[Image.Image]  # every code with its margin
    page: Image.Image  # the first page of cards, like the boxes
    front_boxes: list[Box]
    back_boxes: list[Box]
    code_boxes: list[Box]
    overflowing: int
    pdf: bytes


@pytest.fixture(scope="module")
def printed() -> Printed:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page(viewport={"width": 794, "height": 1123}, device_scale_factor=DOTS_PER_MM / MM)
        page.set_content(render_card_sheet(CARDS, ADDRESS))
        page.emulate_media(media="print")
        found = Printed(
            codes=[picture(code.screenshot()) for code in page.locator(".code").all()],
            page=picture(page.locator(".sheet").first.screenshot()),
            front_boxes=boxes(page, ".sheet >> nth=0 >> .front"),
            back_boxes=boxes(page, ".sheet >> nth=0 >> .back"),
            code_boxes=boxes(page, ".sheet >> nth=0 >> .code"),
            overflowing=page.evaluate(
                "[...document.querySelectorAll('.side, .who, .scan, td')].filter("
                "e => e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1).length"
            ),
            pdf=page.pdf(prefer_css_page_size=True),
        )
        browser.close()
    return found


@pytest.fixture(scope="module")
def codes(printed: Printed) -> list[Image.Image]:
    return printed.codes


def picture(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png)).convert("L")


def boxes(page: Page, selector: str) -> list[Box]:
    """Within their page of paper."""
    found = page.locator(selector).evaluate_all(
        "all => all.map(e => [e.getBoundingClientRect(), e.closest('.page').getBoundingClientRect()])"
    )
    return [
        ((box["x"] - at["x"]) / MM, (box["y"] - at["y"]) / MM, box["width"] / MM, box["height"] / MM)
        for box, at in found
    ]


def read(image: Image.Image) -> list[str]:
    return [code.text for code in zxingcpp.read_barcodes(image) if code.format == zxingcpp.BarcodeFormat.QRCode]


class TestReading:
    def test_every_code_of_a_whole_page_at_once(self, printed: Printed) -> None:
        assert sorted(read(printed.page)) == sorted(URLS[:5])

    def test_each_leads_to_its_token(self, codes: list[Image.Image]) -> None:
        assert [parse(text) for code in codes for text in read(code)] == TOKENS

    @pytest.mark.parametrize("angle", [7, 30, 45, 90, 135, 180, 222, 270, 311])
    def test_rotated(self, codes: list[Image.Image], angle: int) -> None:
        turned = [code.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=255) for code in codes]
        assert [read(code) for code in turned] == [[url] for url in URLS]

    @pytest.mark.parametrize("blur", [0.25, 0.5])
    def test_blurred(self, codes: list[Image.Image], blur: float) -> None:
        """Out of focus by up to half a module (standard deviation of the Gauss filter)."""
        blurred = [code.filter(ImageFilter.GaussianBlur(blur * code.width / 41)) for code in codes]
        assert [read(code) for code in blurred] == [[url] for url in URLS]

    @pytest.mark.parametrize("pixels", [3, 4])
    def test_far_away(self, codes: list[Image.Image], pixels: int) -> None:
        """So small that a module is three or four pixels of the camera."""
        small = [code.resize((41 * pixels, 41 * pixels), Image.Resampling.LANCZOS) for code in codes]
        assert [read(code) for code in small] == [[url] for url in URLS]

    @pytest.mark.parametrize("ink", [0, 128, 255], ids=["black", "grey", "white"])
    @pytest.mark.parametrize("place", ["middle", "right edge", "bottom edge"])
    def test_partly_covered(self, codes: list[Image.Image], place: str, ink: int) -> None:
        """A thumb, dirt or a hole over a tenth of the code: a square patch of 10 of its 33 modules a side (9.2 %).

        It never touches the three finder marks in the corners (7 modules and their white border), nor the small
        alignment mark in the fourth: without these no level of correction helps.
        """
        column, row = {"middle": (11, 11), "right edge": (23, 10), "bottom edge": (10, 23)}[place]
        patched = []
        for code in codes:
            module = code.width / 41
            left, top = (4 + column) * module, (4 + row) * module
            copy = code.copy()
            ImageDraw.Draw(copy).rectangle((left, top, left + 10 * module, top + 10 * module), fill=ink)
            patched.append(copy)
        assert [read(code) for code in patched] == [[url] for url in URLS]

    def test_worn(self, codes: list[Image.Image]) -> None:
        """All at once: faded to a quarter of the contrast, tilted, and a little out of focus."""
        worn = [
            code.point(lambda grey: 110 + grey // 4)
            .rotate(12, Image.Resampling.BICUBIC, expand=True, fillcolor=173)
            .filter(ImageFilter.GaussianBlur(0.25 * code.width / 41))
            for code in codes
        ]
        assert [read(code) for code in worn] == [[url] for url in URLS]


class TestLayout:
    def test_five_cards_of_bank_card_size_on_a_page_to_be_folded_in_its_middle(self, printed: Printed) -> None:
        for left, found in ((19.4, printed.front_boxes), (105, printed.back_boxes)):
            expected = [(left, 13.5 + 54 * row, 85.6, 54) for row in range(5)]
            assert [pytest.approx(box, abs=0.1) for box in expected] == found

    def test_codes_are_28_mm_with_4_modules_of_margin(self, printed: Printed) -> None:
        assert [(width, height) for _, _, width, height in printed.code_boxes] == [
            pytest.approx((28 / 33 * 41, 28 / 33 * 41), abs=0.1)
        ] * 5

    def test_each_grid_has_a_list_and_a_page_for_every_five(self, printed: Printed) -> None:
        assert len(re.findall(rb"/Type\s*/Page\b", printed.pdf)) == (1 + 2) + (1 + 1)

    def test_nothing_runs_out_of_a_card(self, printed: Printed) -> None:
        assert printed.overflowing == 0

    def test_says_what_a_person_needs(self) -> None:
        html = render_card_sheet(CARDS[:1], ADDRESS)
        for text in (
            CARDS[0].name,
            "永和村",
            "03-0000",
            format_groups(TOKENS[0]),
            "手机扫码看积分",
            "到超市出示此卡",
        ):
            assert text in html

    def test_a_name_is_text_not_markup(self) -> None:
        html = render_card_sheet([PrintedCard(TOKENS[0], "<script>", "a&b", '"1"')], ADDRESS)
        assert "<script>" not in html
        assert "&lt;script&gt;" in html
        assert "a&amp;b" in html

    def test_asks_nothing_of_the_network(self) -> None:
        """Printed on a committee's PC without a connection, and names go to nobody."""
        assert not re.search(r"(src|href|url\(|@import)", render_card_sheet(CARDS, ADDRESS))

    def test_no_cards_no_page(self) -> None:
        assert 'class="page' not in render_card_sheet([], ADDRESS)

    def test_only_the_list_has_whole_names(self) -> None:
        """A card lost in the lane says no more than it must."""
        assert "阿卜杜热合曼" not in render_card_sheet(CARDS, ADDRESS, Layout.CARDS)
        lists = render_card_sheet(CARDS, ADDRESS, Layout.LISTS)
        assert "阿卜杜热合曼·买买提" in lists
        assert TOKENS[0] not in lists.replace("-", "")

    @pytest.mark.parametrize(
        ("layout", "households", "pages"),
        [
            (Layout.A4, 1, 2),
            (Layout.A4, 10, 3),
            pytest.param(Layout.A4, 400, 96, marks=pytest.mark.slow),
            (Layout.CARDS, 1, 2),
            (Layout.CARDS, 10, 20),
        ],
    )
    def test_nothing_is_cut_between_pages_and_every_code_reads(
        self, layout: Layout, households: int, pages: int
    ) -> None:
        cards = [
            PrintedCard(TOKENS[n % len(TOKENS)], NAMES[n % len(NAMES)], "永和村", f"v03-01-{n:03}", "一社")
            for n in range(households)
        ]
        size = (210, 297) if layout == Layout.A4 else (85.6, 54)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = browser.new_page()
            page.set_content(render_card_sheet(cards, ADDRESS, layout))
            pdf = PdfDocument(page.pdf(prefer_css_page_size=True))
            browser.close()
        assert len(pdf) == pages
        assert [side / 72 * 25.4 for side in pdf[len(pdf) - 1].get_size()] == pytest.approx(size, abs=0.3)
        # The last page of codes has what is left, whole: what an earlier page lost would have come here.
        last = pdf[len(pdf) - (1 if layout == Layout.A4 else 2)]
        left = cards[-(households % 5 or 5) :] if layout == Layout.A4 else cards[-1:]
        read_back = read(last.render(scale=200 / 72).to_pil().convert("L"))
        assert sorted(read_back) == sorted(f"{ADDRESS.upper()}/C/{card.token}" for card in left)


class TestAddress:
    @given(st.integers(1, 29))
    def test_any_address_that_fits_makes_a_small_code(self, length: int) -> None:
        html = render_card_sheet([PrintedCard(new_token(), "王秀英", "永和村", "1")], f"https://{'j' * length}")
        modules = re.search(r'viewBox="0 0 (\d+) \1"', html)
        assert modules
        assert int(modules[1]) <= 33 + 8

    def test_a_longer_one_is_refused(self) -> None:
        render_card_sheet(CARDS[:1], "https://" + "j" * 36)
        with pytest.raises(UnprintableAddress, match=r"有 45 个字符，超过 44 个.*use a shorter host"):
            render_card_sheet(CARDS[:1], "https://" + "j" * 37)

    @pytest.mark.parametrize(
        "address",
        [
            "",
            "jimei.example",
            "ftp://jimei.example",
            "https://积美.cn",
            "https://h/path",
            "https://h?q",
            "https://h_h",
        ],
    )
    def test_what_is_no_address_is_refused(self, address: str) -> None:
        with pytest.raises(UnprintableAddress, match="不能印成积分卡"):
            render_card_sheet(CARDS[:1], address)

    @pytest.mark.parametrize(
        "address", ["https://Jimei.Example", "HTTPS://JIMEI.EXAMPLE/", " https://jimei.example "]
    )
    def test_every_way_of_writing_it_is_the_same_code(self, address: str) -> None:
        assert render_card_sheet(CARDS[:1], address) == render_card_sheet(CARDS[:1], "https://jimei.example")
