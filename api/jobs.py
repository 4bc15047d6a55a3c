"""What the server does by itself, in turn; `keep_up` runs it."""

from api.claims.use_cases import post_due
from api.journal.holds import release_expired
from api.promises.arrivals import serve
from api.seals.use_cases import seal

JOBS = (post_due, release_expired, serve, seal)
