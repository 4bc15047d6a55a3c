"""All tables, with which the migrations are compared."""

import api.awards.claims.tables
import api.awards.declaring.tables
import api.awards.draws.tables
import api.awards.evidence.tables
import api.awards.objections.tables
import api.awards.review.tables
import api.awards.rulebooks.tables
import api.registry.cards.tables
import api.registry.founding.tables
import api.registry.freezes.tables
import api.registry.people.tables
import api.registry.proposals.tables
import api.registry.register.tables
import api.registry.tries.tables
import api.shop.holdings.tables
import api.shop.identification.tables
import api.shop.kiosks.tables
import api.shop.offline.tables
import api.shop.redemptions.tables
import api.shop.reservations.tables
import api.shop.stock.tables
import api.shop.stock_sheets.tables
import api.shop.supermarkets.tables  # noqa: F401
import ledger.tables
from api.platform.database import sql_files
from api.platform.database.base import Base

METADATA = [Base.metadata, ledger.tables.metadata, ledger.tables.sealer_metadata, sql_files.metadata]
