"""Freezes: supervisors stop a rule, a card, a kiosk or a person, until a day or until they lift it."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKeyConstraint, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from api.platform.database.base import Base

_DAY = "(frozen_at at time zone 'Asia/Shanghai')::date"


class Freeze(Base):
    """What is frozen is one of `rule`, `card`, `kiosk` and `person`, as `kind` says; a rule in one `village`, or
    in all if that is null. `by_village`: of which village's supervisory committee it was; null: of the township's.
    `ends_on`: its last day; null: until it is lifted. `lapsed_on`: the same was frozen again after that day, and
    this one is out of the way."""

    __tablename__ = "freeze_order"
    __table_args__ = (
        ForeignKeyConstraint(["township", "village"], ["village.township", "village.code"]),
        ForeignKeyConstraint(["township", "by_village"], ["village.township", "village.code"]),
        ForeignKeyConstraint(["township", "card"], ["card.township", "card.digest"]),
        ForeignKeyConstraint(["township", "kiosk"], ["kiosk.township", "kiosk.id"]),
        ForeignKeyConstraint(["township", "person"], ["person.township", "person.id"]),
        ForeignKeyConstraint(["township", "frozen_by"], ["person.township", "person.id"]),
        ForeignKeyConstraint(["township", "lifted_by"], ["person.township", "person.id"]),
        CheckConstraint(
            "num_nonnulls(rule, card, kiosk, person) = 1 and kind = case when rule is not null then 'rule'"
            " when card is not null then 'card' when kiosk is not null then 'kiosk' else 'person' end",
            name="freeze_order_thing",
        ),
        CheckConstraint("village is null or kind = 'rule'", name="freeze_order_village"),
        CheckConstraint("reason <> ''", name="freeze_order_reason"),
        CheckConstraint(f"ends_on >= {_DAY}", name="freeze_order_ends"),
        CheckConstraint(
            f"kind <> 'person' or ends_on is not null and ends_on <= {_DAY} + 30", name="freeze_order_of_person"
        ),
        CheckConstraint("person <> frozen_by and person <> lifted_by", name="freeze_order_of_another"),
        CheckConstraint(
            "(lifted_at is null) = (lifted_by is null) and (lifted_at is null) = (lift_reason = '')"
            " and (lifted_at is null or lifted_at >= frozen_at)",
            name="freeze_order_lifted",
        ),
        CheckConstraint(
            "lapsed_on is null or lifted_at is null and lapsed_on > ends_on", name="freeze_order_lapsed"
        ),
        Index(
            "freeze_order_one_open",
            "township",
            "kind",
            "rule",
            "village",
            "card",
            "kiosk",
            "person",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=text("lifted_at is null and lapsed_on is null"),
        ),
        Index(None, "township", "frozen_at", "id"),
        Index(None, "township", "card", postgresql_where=text("card is not null")),
        Index(None, "township", "kiosk", postgresql_where=text("kiosk is not null")),
        Index(None, "township", "person", postgresql_where=text("person is not null")),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    rule: Mapped[str | None]
    village: Mapped[str | None]
    card: Mapped[bytes | None] = mapped_column(LargeBinary)
    kiosk: Mapped[UUID | None]
    person: Mapped[UUID | None]
    reason: Mapped[str]
    by_village: Mapped[str | None]
    frozen_by: Mapped[UUID]
    frozen_at: Mapped[datetime]
    ends_on: Mapped[date | None] = mapped_column(Date)
    lapsed_on: Mapped[date | None] = mapped_column(Date)
    lifted_by: Mapped[UUID | None]
    lifted_at: Mapped[datetime | None]
    lift_reason: Mapped[str] = mapped_column(server_default="")
