"""The photos of a form: those that were kept of an earlier sending, and those that come with this one."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from litestar.datastructures import FormMultiDict

from api.awards.evidence import use_cases
from api.awards.evidence.naming import MAX_PHOTOS, read_digests, write_answer
from api.awards.evidence.photo_reader import MAX_BYTES
from api.platform.access import Staff
from api.platform.errors import Refused
from api.platform.services import Services
from api.web.form import read_choices, read_uploads
from rules import Rule

MAX_BODY = 4 * MAX_BYTES + 1_000_000
"""Of a form with photos. As many at full size take more than ten minutes over 400 kbit/s."""
_KEPT = "input."
_NEW = "photo."


@dataclass(slots=True)
class TakenPhotos:
    """`answers`: by input, of all that were taken; `problem`: why one wasn't, in a sentence, or empty."""

    answers: dict[str, str] = field(default_factory=dict)
    problem: str = ""


async def take_photos(services: Services, by: Staff | UUID, rule: Rule, form: FormMultiDict) -> TakenPhotos:
    """Keep the photos that came with a form. Where one can't be taken the others are kept all the same, so that
    the form can be shown again with them."""
    taken = TakenPhotos()
    asked = [input for input in rule.inputs if input.type == "photo"]
    for input in asked:
        digests = list(read_digests(" ".join(read_choices(form, _KEPT + input.id))))
        there = await use_cases.list_own(services, by, digests)
        if len(there) < len(digests):
            taken.problem = f"「{input.title}」里有的照片已经不在了（传了一天没有申报的会删除），请重新选。"
            digests = [digest for digest in digests if digest in there]
        for file in read_uploads(form, _NEW + input.id):
            if len(digests) == MAX_PHOTOS:
                taken.problem = f"「{input.title}」最多 {MAX_PHOTOS} 张照片，多的没有收下。"
                break
            try:
                digests.append(await use_cases.receive(services, by, await file.read(MAX_BYTES + 1)))
            except Refused as refused:
                taken.problem = taken.problem or f"「{input.title}」：{refused.detail}"
        taken.answers[input.id] = write_answer(digests)
    names = {_NEW + input.id for input in asked}
    if any(read_uploads(form, name) for name in form if name not in names):
        taken.problem = taken.problem or f"「{rule.title}」不要照片，传来的没有收下。"
    return taken
