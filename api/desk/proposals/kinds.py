"""Every kind of proposal there is."""

from __future__ import annotations

from api.bookkeeping.backup.key_printing import KEY_PRINTING
from api.bookkeeping.expiry.use_cases import EXPIRY_POLICY
from api.bookkeeping.general_ledger.corrections import CORRECTIONS
from api.bookkeeping.general_ledger.imports import IMPORT
from api.bookkeeping.general_ledger.periods import CLOSING
from api.desk.households.ending import ENDING
from api.desk.households.merging import MERGING
from api.desk.households.reviving import REVIVING
from api.desk.households.splitting import SPLITTING
from api.registry.cards.issuing import CARDS
from api.registry.founding.defaults import DEFAULTS
from api.registry.proposals.bounds import POLICY
from api.registry.staffing.use_cases import DUTIES, PEOPLE
from api.shop.stock.arrivals import DONATION, RESTOCK
from api.shop.stock.funds import FUNDING
from api.shop.stock.goods import PRODUCT_CHANGE
from api.shop.stock.stocktakes import STOCKTAKE
from api.shop.stock_sheets.use_cases import SHEET

_MONEY_AND_GOODS = (FUNDING, RESTOCK, DONATION, STOCKTAKE, PRODUCT_CHANGE, SHEET)
_POINTS = (IMPORT, CORRECTIONS, CLOSING, EXPIRY_POLICY)
_HOUSEHOLDS = tuple(act.kind for act in (SPLITTING, MERGING, ENDING, REVIVING))

_TOWNSHIP = (POLICY, DEFAULTS, KEY_PRINTING, PEOPLE, DUTIES)

KINDS = {kind.name: kind for kind in (*_HOUSEHOLDS, *_MONEY_AND_GOODS, *_POINTS, CARDS, *_TOWNSHIP)}
