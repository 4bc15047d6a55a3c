"""What the server does by itself, in turn; `run_forever` runs it."""

from api.awards.claims.use_cases import post_due
from api.bookkeeping.general_ledger.holds import release_expired
from api.bookkeeping.seals.use_cases import seal
from api.shop.promises.arrivals import serve

JOBS = (post_due, release_expired, serve, seal)
