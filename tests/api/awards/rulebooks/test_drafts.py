"""Drafts over /v1: creating, saving, conflicts, proposing."""

from __future__ import annotations

import pytest

from rules import books_path
from tests.api.asking import problem, rows
from tests.api.awards.rulebooks.conftest import DECISION, ask, states, text
from tests.conftest import LiveTown

PROPOSAL = {"decision": DECISION, "effective_from": "2026-07-01"}


async def create_draft(town: LiveTown, **source: str) -> dict[str, object]:
    draft: dict[str, object] = (await ask(town, "ma", "POST", "/drafts", source)).raise_for_status().json()
    return draft


async def test_a_draft_is_created_from_a_version_a_template_or_a_text(town: LiveTown) -> None:
    assert (await create_draft(town, version="2025.1"))["text"] == text("2025.1")
    ours = await create_draft(town, builtin="township")
    assert ours["text"] == books_path().joinpath("township.toml").read_text(encoding="utf-8")
    assert (ours["title"], ours["version"], ours["revision"]) == ("乡镇文明积分办法", "2025.1", 1)
    assert (await create_draft(town, text="随便"))["title"] == ""
    assert len((await ask(town, "office", "GET", "/drafts")).json()) == 3


@pytest.mark.parametrize(
    ("source", "status", "code"),
    [
        ({}, 400, "malformed"),
        ({"text": "", "version": "2025.1"}, 400, "malformed"),
        ({"version": "2024.9"}, 404, "unknown"),
        ({"builtin": "nothing"}, 404, "unknown"),
        ({"builtin": "../../etc/passwd"}, 400, "malformed"),
        ({"text": "a" * 200_001}, 400, "malformed"),
    ],
)
async def test_a_draft_needs_exactly_one_source(
    town: LiveTown, source: dict[str, str], status: int, code: str
) -> None:
    problem(await ask(town, "ma", "POST", "/drafts", source), status, code)
    assert (await ask(town, "ma", "GET", "/drafts")).json() == []


async def test_the_later_save_is_a_conflict_and_nothing_is_lost(town: LiveTown) -> None:
    draft = await create_draft(town, version="2025.1")
    path = f"/drafts/{draft['id']}"
    saved = (await ask(town, "ma", "PUT", path, {"text": text("2026.2"), "revision": 1})).json()
    assert (saved["revision"], saved["saved_by"], saved["version"]) == (2, "马支委", "2026.2")
    assert (await ask(town, "ma", "PUT", path, {"text": text("2026.2"), "revision": 1})).json() == saved
    later = await ask(town, "office", "PUT", path, {"text": text("2026.3"), "revision": 1})
    extra = problem(later, 409, "conflict")
    assert extra == {"revision": 2, "saved_by": "马支委", "text": text("2026.2")}
    assert (await ask(town, "ma", "GET", path)).json() == saved
    on_top = (await ask(town, "office", "PUT", path, {"text": text("2026.3"), "revision": 2})).json()
    assert (on_top["revision"], on_top["saved_by"]) == (3, "乡镇办公室")
    revisions = await rows(
        town, "select text from rulebook_draft_text where draft = :id order by revision", id=draft["id"]
    )
    assert [row.text for row in revisions] == [text("2025.1"), text("2026.2"), text("2026.3")]


async def test_a_draft_is_proposed_at_its_revision_and_closed(town: LiveTown) -> None:
    draft = await create_draft(town, text=text("2026.2"))
    path = f"/drafts/{draft['id']}"
    await ask(town, "office", "PUT", path, {"text": text("2026.3"), "revision": 1})
    problem(await ask(town, "ma", "POST", f"{path}/propose", {"revision": 1, **PROPOSAL}), 409, "conflict")
    proposal = (await ask(town, "ma", "POST", f"{path}/propose", {"revision": 2, **PROPOSAL})).raise_for_status()
    assert (proposal.json()["version"], proposal.json()["state"]) == ("2026.3", "proposed")
    problem(await ask(town, "ma", "POST", f"{path}/propose", {"revision": 2, **PROPOSAL}), 409, "wrong-state")
    problem(await ask(town, "ma", "PUT", path, {"text": "x", "revision": 2}), 409, "wrong-state")
    assert (await ask(town, "ma", "GET", "/drafts")).json() == []
    whole = (await ask(town, "qian", "GET", f"/adoptions/{proposal.json()['id']}")).json()
    assert (whole["text"], whole["steps"]) == (text("2026.3"), [])
    whole = (await ask(town, "office", "GET", f"/adoptions/{proposal.json()['id']}")).json()
    assert whole["steps"] == ["confirm", "refuse"]


async def test_a_proposal_that_is_refused_leaves_the_draft_open(town: LiveTown) -> None:
    draft = await create_draft(town, text=text("2026.2").replace("points = 1", "point = 1", 1))
    path = f"/drafts/{draft['id']}"
    problem(await ask(town, "ma", "POST", f"{path}/propose", {"revision": 1, **PROPOSAL}), 400, "rulebook-wrong")
    assert (await ask(town, "ma", "GET", path)).json()["closed_at"] is None
    assert list((await states(town)).values()) == ["in-force"]


async def test_closing_a_draft(town: LiveTown) -> None:
    draft = await create_draft(town, text="x")
    assert (await ask(town, "office", "POST", f"/drafts/{draft['id']}/close")).status_code == 204
    assert (await ask(town, "ma", "GET", "/drafts")).json() == []
    assert (await ask(town, "ma", "GET", f"/drafts/{draft['id']}")).json()["text"] == "x"


async def test_the_check_reports_problems_with_their_places(town: LiveTown) -> None:
    wrong = text("2026.2").replace('category = "law"', 'category = "lwa"', 1)
    found = (await ask(town, "ma", "POST", "/check", {"text": wrong})).raise_for_status().json()
    assert (found["title"], found["version"]) == ("乡镇文明积分办法", "2026.2")
    [found_problem] = found["problems"]
    assert wrong.splitlines()[found_problem["line"] - 1][found_problem["column"] - 1 :] == 'category = "lwa"'
    assert found_problem["kind"] == "error"
    assert "law" in found_problem["message"]
    right = (await ask(town, "ma", "POST", "/check", {"text": text("2026.2")})).json()
    assert right["problems"] == []


async def test_the_check_reports_a_taken_version(town: LiveTown) -> None:
    taken = text("2025.1", points=2)
    [found_problem] = (await ask(town, "ma", "POST", "/check", {"text": taken})).json()["problems"]
    assert taken.splitlines()[found_problem["line"] - 1] == 'version = "2025.1"'
    assert "换一个版本号" in found_problem["message"]


async def test_a_text_that_is_not_toml_has_no_header(town: LiveTown) -> None:
    found = (await ask(town, "ma", "POST", "/check", {"text": "[book\ntitle = 1"})).json()
    assert (found["title"], found["version"], found["problems"][0]["line"]) == ("", "", 1)


@pytest.mark.parametrize("hostile", ["a = " + "[" * 5000, "a = " + "9" * 5000, '[book]\nversion = "1"\n[[rule'])
async def test_a_hostile_text_is_a_draft_with_a_problem(town: LiveTown, hostile: str) -> None:
    begun = await create_draft(town, text=hostile)
    assert begun["text"] == hostile
    checked = (await ask(town, "ma", "POST", "/check", {"text": hostile})).raise_for_status().json()
    assert [found["kind"] for found in checked["problems"]] == ["error"]
