"""Photos go with a claim from the declaration to its seal, seen by whom they concern and by nobody else."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from io import BytesIO
from typing import Any

import httpx
import pytest
from PIL import Image

from api.platform.data_folder import evidence_files
from tests.api.asking import problem, rows, sign_in
from tests.api.awards.claims.conftest import approve, claim, declare, hire, review
from tests.api.awards.evidence.conftest import (
    DEMOLITION,
    TREES,
    WITHOUT,
    PhotoForm,
    bring,
    digest_of_new,
    encode,
    filling_in,
    list_files,
    photo,
    picture,
    trees,
)
from tests.api.bookkeeping.general_ledger.conftest import neighbours
from tests.api.web.browser import browsing
from tests.conftest import LiveTown, run_jobs

PHOTO_HEADERS = {
    "cache-control": "private, no-store",
    "content-type": "image/jpeg",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
}


async def test_a_photo_is_declared_from_the_form_and_shown_to_its_reviewer(town: LiveTown) -> None:
    async with filling_in(town) as form:
        assert "已申报" in await form.send(("IMG_0001.jpg", photo()))
    [(id, digest)] = await rows(town, "select claim, photo from claim_photo")
    async with browsing(town, "zhao") as zhao:
        page = await zhao.open(f"/desk/claims/{id}")
        assert "这一项要有：现场照片" in page
        # Not its digest.
        assert digest not in page
        [source] = re.findall(r'<img src="([^"]+)"', zhao.page.text)
        shown = await zhao.http.get(source)
    assert Image.open(BytesIO(shown.content)).size == (640, 480)
    assert {name: shown.headers[name] for name in PHOTO_HEADERS} == PHOTO_HEADERS


async def test_what_is_wrong_in_the_form_loses_neither_words_nor_photos(town: LiveTown) -> None:
    async with filling_in(town, DEMOLITION) as form:
        page = await form.send(("a.jpg", photo(1)), input="before", note="拆了猪圈", household="nobody")
        assert "没有找到“nobody”" in page
        assert 'value="拆了猪圈"' in form.browser.page.text
        [source] = re.findall(r'<img src="([^"]+)"', form.browser.page.text)
        assert (await form.browser.http.get(source)).headers["content-type"] == "image/jpeg"
        # The first is still there; the second is missing, then added.
        assert "拆除后照片" in await form.send()
        assert "已申报" in await form.send(("b.jpg", photo(2)), input="after")
    named = await rows(town, "select input, place from claim_photo order by input")
    assert [tuple(row) for row in named] == [("after", 0), ("before", 0)]


async def test_a_file_that_cant_be_taken_is_told_and_the_others_stay(town: LiveTown) -> None:
    async with filling_in(town) as form:
        page = await form.send(("a.jpg", photo()), ("b.jpg", b"hello"), note="两棵树")
        assert "「植树照片」：这个文件不是照片" in page
        assert 'value="两棵树"' in form.browser.page.text
        assert form.browser.page.text.count("<img") == 1
        assert "已申报" in await form.send()
    async with filling_in(town, WITHOUT) as form:
        assert "不要照片" in await form.send(("a.jpg", photo()))
    async with filling_in(town) as form:
        page = await form.send(*((f"{n}.jpg", photo(n)) for n in range(5)))
        assert "最多 4 张照片，多的没有收下" in page
        assert form.browser.page.text.count("<img") == 4


async def test_a_photo_that_is_unticked_is_left_out(town: LiveTown) -> None:
    async with filling_in(town) as form:
        await form.send(("a.jpg", photo(1)), ("b.jpg", photo(2)), household="")
        first = re.findall(r'name="input.photo" value="([^"]+)"', form.browser.page.text)[0]
        ticked: dict[str, Any] = {"input.photo": [first]}
        assert "已申报" in await form.send(**ticked)
    assert await rows(town, "select photo from claim_photo") == [(first,)]


async def test_the_same_photo_is_kept_once_and_may_go_with_many_claims(own_folder: LiveTown) -> None:
    town = own_folder
    digests = await asyncio.gather(*(digest_of_new(town, 1) for _ in range(3)), digest_of_new(town, 1, "sun"))
    assert list_files(town) == [digests[0]]
    wanted = [trees(digests[0], household=f"hp-{n}") for n in range(1, 4)]
    assert [each["status"] for each in await declare(town, *wanted)] == ["declared"] * 3
    # Another who brought it, too.
    [outcome] = await declare(town, trees(digests[0], day="2026-06-02"), by="sun")
    assert outcome["status"] == "declared"


async def test_only_who_brought_a_photo_may_name_it(town: LiveTown) -> None:
    digest = await digest_of_new(town, by="wang")
    [outcome] = await declare(town, trees(digest), by="sun")
    assert (outcome["status"], "请重新选照片" in outcome["reason"]) == ("refused", True)
    for answer, sentence in (("p1", "要先上传照片"), ("0" * 64, "请重新选照片"), (" ", "请填「植树照片」")):
        [outcome] = await declare(town, claim(TREES, inputs={"photo": answer}))
        assert outcome["status"] == "refused"
        assert sentence in outcome["reason"]
    many = [await digest_of_new(town, seed) for seed in range(5)]
    [outcome] = await declare(town, trees(*many))
    assert "最多 4 张" in outcome["reason"]
    [outcome] = await declare(town, claim(WITHOUT, inputs={"photo": digest}))
    assert outcome["status"] == "refused"


async def test_an_upload_is_safe_to_retry_and_its_id_stands_for_one_photo(town: LiveTown) -> None:
    id = "01980000-0000-7000-8000-000000000001"
    first, again = await bring(town, photo(1), id=id), await bring(town, photo(1), id=id)
    assert first.json() == again.json()
    problem(await bring(town, photo(2), id=id), 409, "conflict")
    problem(await bring(town, photo(1), by="office"), 403, "not-allowed")


async def test_so_many_wait_to_be_declared_and_no_more(town: LiveTown, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.awards.evidence.use_cases.MAX_UNNAMED", 2)
    first, _ = await digest_of_new(town, 1), await digest_of_new(town, 2)
    problem(await bring(town, photo(3)), 429, "too-many")
    await declare(town, trees(first))
    assert (await bring(town, photo(3))).status_code == 200


async def see(town: LiveTown, path: str, login: str = "") -> int:
    if not login:
        async with httpx.AsyncClient(base_url=town.url, verify=False) as http:
            return (await http.get(path)).status_code
    async with town.staff(login) as http:
        return (await http.get(path)).status_code


async def test_reviewers_supervisors_the_declarer_and_the_household_see_it_and_nobody_else(town: LiveTown) -> None:
    await neighbours(town)
    await hire(town, "elsewhere", "council", "supervisor", "committee", "grid-leader", village="ss")
    await hire(town, "guide", "grid-guide", village="hp")
    digest = await digest_of_new(town)
    new = trees(digest, household="hp-1")
    await declare(town, new)
    path = f"/v1/claims/{new['id']}/photos/{digest}"
    # A13 is signed by the grid leader and the council.
    seen = {login: await see(town, path, login) for login in ("wang", "zhao", "qian", "tan")}
    assert set(seen.values()) == {200}
    for login in ("sun", "li", "ma", "office", "fu", "elsewhere", "guide"):
        assert await see(town, path, login) == 404, login
    assert await see(town, path) == 401
    assert await see(town, f"/c/{town.card}/photos/{digest}") == 200
    assert await see(town, f"/c/{town.empty_card}/photos/{digest}") == 404
    assert await see(town, f"/c/{town.revoked_card}/photos/{digest}") == 410
    assert await see(town, f"/v1/claims/{new['id']}/photos/{'0' * 64}", "zhao") == 404
    async with browsing(town, "sun") as sun:
        assert (await sun.http.get(f"/desk/photos/{digest}")).status_code == 404
        assert "凭据" not in await sun.open(f"/desk/claims/{new['id']}")


async def test_its_hash_is_sealed_with_the_claim(town: LiveTown) -> None:
    digests = [await digest_of_new(town, seed) for seed in (1, 2)]
    new = trees(*digests)
    await declare(town, new)
    await review(town, new["id"])
    await hire(town, "second", "council", village="hp")
    [outcome] = await approve(town, new["id"], by="second")
    assert outcome["status"] == "approved"
    [(metadata,)] = await rows(town, "select metadata from ledger.transaction where id = :id", id=new["id"])
    assert metadata["evidence"] == digests
    files = evidence_files(town.town.data)
    assert [files.examine(digest) for digest in digests] == ["sound", "sound"]


async def test_nothing_of_where_and_when_it_was_taken_is_left(town: LiveTown) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "SECRETPHONE"
    exif.get_ifd(0x8825).update({1: "N", 2: (35.0, 1.0, 2.0)})
    content = encode(picture(), exif=exif, comment=b"SECRETCOMMENT", icc_profile=b"SECRETPROFILE" * 20)
    assert b"SECRET" in content
    digest = (await bring(town, content)).json()["digest"]
    kept = evidence_files(town.town.data).read(digest) or b""
    assert b"SECRET" not in kept
    assert b"Exif" not in kept
    with Image.open(evidence_files(town.town.data).locate(digest)) as image:
        # Turned upright.
        assert (image.size, dict(image.getexif())) == ((480, 640), {})


async def test_a_household_declares_with_photos_and_who_confirms_sees_them(town: LiveTown) -> None:
    async with browsing(town) as home:
        await home.open(f"/c/{town.card}/declare?rule={TREES}")
        form = PhotoForm(home, f"/c/{town.card}/declare")
        page = await form.send(("a.jpg", photo()), deed_on="")
        assert "日期" in page
        [own] = re.findall(r'<img src="([^"]+)"', home.page.text)
        assert (await home.http.get(own)).status_code == 200
        assert "等网格员确认" in await form.send()
    # It waits longer than a day.
    town.clock.travel(town.clock.now() + timedelta(days=3))
    await run_jobs(town.town)
    await sign_in(town, "wang", "zhao")
    async with browsing(town, "wang") as wang:
        await wang.open("/desk/own-declarations")
        [source] = re.findall(r'<img src="([^"]+)"', wang.page.text)
        assert (await wang.http.get(source)).content[:2] == b"\xff\xd8"
        [id] = re.findall(r"/desk/own-declarations/([^/]+)/confirm", wang.page.text)
        assert "已确认申报" in await wang.send(f"/desk/own-declarations/{id}/confirm")
        assert (await wang.http.get(source)).status_code == 409
    [(digest,)] = await rows(town, "select photo from claim_photo where claim = :id", id=id)
    assert await see(town, f"/v1/claims/{id}/photos/{digest}", "zhao") == 200
    assert await see(town, f"/c/{town.poor_card}/photos/{digest}") == 404
