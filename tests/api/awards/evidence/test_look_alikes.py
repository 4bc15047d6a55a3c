"""Photos that look alike are found, however many there are, and shown to whom they may be."""

from __future__ import annotations

import re

import hypothesis.strategies as st
from hypothesis import given
from PIL import ImageEnhance

from api.awards.evidence.looks import MOST_APART, count_apart, list_near_bands, split_bands
from tests.api.asking import sign_in
from tests.api.awards.claims.conftest import declare, hire
from tests.api.awards.evidence.conftest import bring, digest_of_new, encode, picture, trees
from tests.api.web.browser import browsing
from tests.conftest import LiveTown
from tests.databases import owner_engine

LOOKS = st.integers(-(1 << 63), (1 << 63) - 1)


@given(look=LOOKS, flipped=st.sets(st.integers(0, 63), max_size=MOST_APART))
def test_none_that_looks_alike_is_missed(look: int, flipped: set[int]) -> None:
    bits = sum(1 << bit for bit in flipped)
    other = (look ^ bits) & (1 << 64) - 1
    other -= (other >> 63) << 64
    assert count_apart(look, other) == len(flipped)
    assert set(split_bands(other)) & set(list_near_bands(look))


async def test_a_photo_that_was_changed_a_little_is_shown_beside_the_claim(town: LiveTown) -> None:
    first = await digest_of_new(town, 1)
    brighter = ImageEnhance.Brightness(picture(1).resize((500, 375))).enhance(1.2)
    second = (await bring(town, encode(brighter, quality=60), "sun")).json()["digest"]
    other = await digest_of_new(town, 7)
    assert first != second
    claims = [trees(first, household="hp-1"), trees(other, household="hp-2")]
    await declare(town, *claims)
    again = trees(second, household="hp-3", day="2026-06-09")
    await declare(town, again, by="sun")
    async with browsing(town, "zhao") as zhao:
        page = await zhao.open(f"/desk/claims/{again['id']}")
        assert re.search(r"王建国 hp-1 很像", page), page
        assert "李秀英" not in page
        # What the limit leaves, what the household has, and what the declarer has.
        assert "还剩 1 次" in page
        assert "这户当年别的申报 没有" in page
    async with browsing(town, "zhao") as zhao:
        page = await zhao.open(f"/desk/claims/{claims[0]['id']}")
        assert "张伟" in page
        assert "申报人当年别的申报 植树造林" in page


async def test_a_corrected_claim_doesnt_look_like_what_it_corrects(town: LiveTown) -> None:
    digest = await digest_of_new(town)
    first = trees(digest)
    await declare(town, first)
    async with town.staff("zhao") as http:
        returned = await http.post(f"/v1/claims/{first['id']}/return", json={"reason": "日期不对"})
        returned.raise_for_status()
    corrected = trees(digest, day="2026-06-02", replaces=first["id"])
    [outcome] = await declare(town, corrected)
    assert outcome["status"] == "declared", outcome
    async with browsing(town, "zhao") as zhao:
        for id in (first["id"], corrected["id"]):
            assert "像这几张的照片" not in await zhao.open(f"/desk/claims/{id}")


async def test_the_same_photo_in_another_village_is_counted_and_not_shown(town: LiveTown) -> None:
    digest = await digest_of_new(town, 1)
    new = trees(digest, household="hp-1"), trees(digest, household="hp-2")
    await declare(town, *new)
    async with owner_engine(town.clone).begin() as owner:
        await owner.exec_driver_sql("insert into village select township, 'ss', '上寺村', 3 from village")
        await owner.exec_driver_sql(f"update claim set village = 'ss' where id = '{new[1]['id']}'")
    await hire(town, "council2", "council", village="hp")
    await sign_in(town, "council2")
    async with browsing(town, "council2") as council:
        page = await council.open(f"/desk/claims/{new[0]['id']}")
        assert "还有 1 件申报的照片也像" in page
        assert "李秀英" not in page.split("像这几张的照片")[1].split("名额")[0]
