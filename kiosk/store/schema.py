"""The tables of the kiosk's database. A version that has been in use is never edited; changes are new versions."""

from __future__ import annotations

import sqlite3

from kiosk.language import _
from kiosk.store.folder import StoreError

_V1 = """
create table clock (one integer primary key check (one = 1), seen text not null, ahead real not null) strict;

-- A machine's stay at a kiosk's place. The key is kept before the code is sent; the answer fills the rest.
create table enrolment (
  id integer primary key,
  server text not null,
  code text not null,
  key blob not null,
  kiosk text,
  epoch integer,
  token text,
  supermarket text not null default '',
  name text not null default '',
  fence text not null default '' -- why it may not sell without the network any more
) strict;

-- Never deleted. `status` is empty until the server has told it.
create table entry (
  id integer primary key,
  enrolment integer not null references enrolment,
  number integer not null check (number > 0),
  previous text not null,
  body text not null,
  signature text not null,
  hash text not null,
  kind text not null,
  redemption text,
  household text,
  shift text,
  leased integer not null default 0,   -- points of the lease that it takes
  points integer not null default 0,   -- points of a redemption that the server hasn't answered
  sure integer not null default 0,     -- a redemption that never went to the server by itself
  unshelved integer not null default 0, -- the last known shelf doesn't know it yet
  status text not null default '',
  remark text not null default '',
  unique (enrolment, number)
) strict;
create index entry_unsettled on entry (enrolment, number) where status = '';
create index entry_household on entry (enrolment, household, number);
create index entry_redemption on entry (redemption);
create index entry_shift on entry (shift);
create index entry_unshelved on entry (id) where unshelved = 1;

create table pending (
  one integer primary key check (one = 1),
  household text not null,
  leased integer not null,
  sent integer not null,
  body text not null
) strict;

-- The server's last answer.
create table leases (
  enrolment integer primary key references enrolment, head integer not null, expires_at text not null
) strict;
create table lease (
  enrolment integer not null references enrolment,
  household text not null,
  card text not null,
  name text not null,
  village text not null,
  points integer not null,
  pin_above integer,
  primary key (enrolment, household)
) strict;
create index lease_card on lease (card);

create table till (one integer primary key check (one = 1), body text not null) strict;

create table on_duty (
  one integer primary key check (one = 1),
  shift text not null,
  token text not null,
  attendant text not null,
  name text not null
) strict;
create table attendant (id text primary key, name text not null, pin_hash text not null) strict;
create table wrong_pins (
  one integer primary key check (one = 1), failures integer not null, locked_until text
) strict;

create table receipt (
  id text primary key,
  shift text not null,
  number integer not null, -- of its entry
  offline integer not null,
  body text not null
) strict;
create index receipt_shift on receipt (shift);
create table print_job (
  id integer primary key,
  receipt text not null references receipt,
  copy integer not null, -- 0 the first, then reprints
  state text not null default 'waiting' check (state in ('waiting', 'sending', 'sent', 'lapsed'))
) strict;
create index print_job_waiting on print_job (id) where state in ('waiting', 'sending');
"""

_V2 = """
-- Goods to be kept for a household, until the server answers.
create table asked_promise (id text primary key, body text not null) strict;
create table promise_slip (id text primary key, body text not null) strict;

-- A slip as well as a receipt may have to be printed.
create table job (
  id integer primary key,
  receipt text references receipt,
  slip text references promise_slip,
  copy integer not null, -- 0 the first, then reprints
  state text not null default 'waiting' check (state in ('waiting', 'sending', 'sent', 'lapsed')),
  check ((receipt is null) <> (slip is null))
) strict;
insert into job (id, receipt, copy, state) select id, receipt, copy, state from print_job;
drop table print_job;
alter table job rename to print_job;
create index print_job_waiting on print_job (id) where state in ('waiting', 'sending');
"""

_V3 = """
-- Counts under way on the shelf.
create table tally (kind text primary key, body text not null) strict;
"""

_V4 = """
-- The newest head of the books that was known at the receipt.
alter table receipt add column seal text not null default '';
"""

_V5 = """
-- When wrong PINs were given: for an attendant, or for none, where the PIN alone was.
create table wrong_pin (id integer primary key, attendant text not null, at text not null) strict;
create index wrong_pin_attendant on wrong_pin (attendant, id);
drop table wrong_pins;

-- Whether the attendant has seen it: a crash may come between the answer and the screen.
alter table receipt add column seen integer not null default 1;
"""

_V6 = """
-- Of the PIN that is known here: one that was set since opens this till no more.
alter table attendant add column pin_set_at text;
"""

_V7 = """
-- When the server's books last went back to a backup.
alter table leases add column restored_at text;
"""

_V8 = """
-- Why the server doesn't take the card of this lease any more; an answer with it in says that it does.
alter table lease add column refused text not null default '';
"""

_VERSIONS = (_V1, _V2, _V3, _V4, _V5, _V6, _V7, _V8)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the file to this program's version, in one commit. Raises StoreError for a newer one."""
    [version] = connection.execute("pragma user_version").fetchone()
    if version > len(_VERSIONS):
        raise StoreError(_("终端的数据是更新版本的程序写的，请先更新本程序。"))
    if version < len(_VERSIONS):
        steps = "".join(_VERSIONS[version:])
        connection.executescript(f"begin immediate; {steps} pragma user_version = {len(_VERSIONS)}; commit;")
