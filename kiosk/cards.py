"""The household of a card, by the server or, where a lease allows, without it."""

from __future__ import annotations

import asyncio

import msgspec

from api.wire import CardView
from api.wire.identification import FoundHousehold, Identification
from kiosk.client import Client
from kiosk.errors import Refused, ServerUnavailable
from kiosk.lease_rules import LeaseRules
from kiosk.session import Card, Session, WithoutCard
from kiosk.store.facade import Store
from kiosk.sync import SyncService
from kiosk.timing import Timing


class CardService:
    """Look-ups raise Declined, Refused, ServerUnavailable."""

    def __init__(
        self,
        store: Store,
        client: Client,
        session: Session,
        sync: SyncService,
        rules: LeaseRules,
        timing: Timing,
    ) -> None:
        self._store = store
        self._client = client
        self._session = session
        self._sync = sync
        self._rules = rules
        self._timing = timing

    async def look_up(self, token: str) -> None:
        """Show the household of a card, and the shelf as it is now."""
        self._session.prepare_for_card(token)
        if self._session.connection.online is not False:
            try:
                async with asyncio.timeout(self._timing.answer_timeout):
                    counted = self._store.shelf.get_countable_entries()
                    view, till = await asyncio.gather(self._client.get_card(token), self._client.get_till())
                    self._store.shelf.save(till, counted)
                    self._rules.require_unfrozen()
            except (ServerUnavailable, TimeoutError) as error:
                self._sync.mark_offline(error)
            except Refused:
                self._sync.mark_online()
                raise
            else:
                self._show(token, view)
                self._sync.mark_online()
                return
        self.show_offline(token)

    async def refresh(self) -> None:
        """Look up the current household's card again, if there is one."""
        if self._session.card is not None:
            await self.look_up(self._session.card.token)

    async def look_up_collector(self, token: str) -> None:
        """The card is of a neighbour who collects for the household."""
        self._session.require_card()
        view = None
        if self._session.connection.online is not False:
            try:
                async with asyncio.timeout(self._timing.answer_timeout):
                    view = await self._client.get_card(token)
            except (ServerUnavailable, TimeoutError) as error:
                self._sync.mark_offline(error)
            else:
                self._sync.mark_online()
        self._session.set_collector(Card(token, view or self._rules.build_view(token)))

    def show_offline(self, token: str) -> None:
        """Show the household of a card as its lease has it."""
        self._rules.require_unfrozen()
        view = self._rules.build_view(token)
        self._rules.require_usable()
        self._session.show_household(token, view, offline=True)
        self._update_shelf()

    def show_without_card(self, household: FoundHousehold, identification: Identification) -> None:
        """Show a household that has been identified."""
        self._show(identification.token, identification.view, WithoutCard(household, identification))

    def _show(self, token: str, view: CardView, without_card: WithoutCard | None = None) -> None:
        balance = max(view.balance - self._store.journal.count_unsettled_points(view.household), 0)
        view = msgspec.structs.replace(view, balance=balance)
        self._session.show_household(token, view, without_card=without_card)
        self._update_shelf()

    def _update_shelf(self) -> None:
        till = self._store.shelf.till
        if till is not None:
            self._session.update_shelf(till)
