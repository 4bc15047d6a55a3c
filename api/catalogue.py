"""Every table there is: what migrations are checked against."""

import api.cards.tables
import api.claims.tables
import api.kiosks.tables
import api.offline.tables
import api.people.tables
import api.promises.tables
import api.redemptions.tables
import api.register.tables
import api.rulebooks.tables
import api.stock.tables  # noqa: F401
import ledger.tables
from api.database.base import Base

METADATA = [Base.metadata, ledger.tables.metadata]
