"""The server's background jobs, in turn; `run_forever` runs them."""

from api.awards.claims.posting import post_due
from api.awards.evidence.removal import forget_unnamed_photos, remove_expired_photos
from api.awards.review.held import carry_out_held
from api.bookkeeping.general_ledger.holds import release_expired
from api.bookkeeping.seals.use_cases import seal
from api.platform.services import watch_clock
from api.registry.people.clients import forget_browsers
from api.registry.register.moved_points import carry_merged
from api.registry.register.uploads import carry_out_confirmed, forget_uploads
from api.registry.tries.use_cases import forget_tries
from api.shop.reservations.use_cases import reserve_arrivals

JOBS = (
    watch_clock,
    carry_out_held,
    post_due,
    release_expired,
    carry_merged,
    reserve_arrivals,
    carry_out_confirmed,
    seal,
    forget_tries,
    forget_browsers,
    forget_uploads,
    forget_unnamed_photos,
    remove_expired_photos,
)
