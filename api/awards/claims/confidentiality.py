"""What of a claim decides who may see it."""

from __future__ import annotations

from api.awards.claims.tables import Claim
from api.bookkeeping.general_ledger.disclosure import Confidentiality


def confidentiality_of(claim: Claim) -> Confidentiality:
    return Confidentiality(
        village=claim.village,
        published=claim.published,
        deduction=claim.points < 0,
        readers=claim.signers,
        declared_by=claim.declared_by,
    )
