"""Photos as evidence; their files are in the data folder, by their digests."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from api.platform.database.base import Base


class Photo(Base):
    """`digest`: the SHA-256 of the file, in hexadecimal. `size` in bytes, `width` and `height` in pixels. `look`:
    a perceptual hash. `received_at`: when it was sent last; `named_at`: when a claim named it last; `removed_at`:
    when its file was removed, by the policy."""

    __tablename__ = "photo"
    __table_args__ = (
        CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name="photo_digest"),
        CheckConstraint("removed_at is null or named_at is not null", name="photo_removed"),
        Index("photo_unnamed", "township", "received_at", postgresql_where=text("named_at is null")),
        Index("photo_kept", "township", "named_at", postgresql_where=text("removed_at is null")),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int]
    width: Mapped[int]
    height: Mapped[int]
    look: Mapped[int] = mapped_column(BigInteger)
    received_at: Mapped[datetime]
    named_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]


class PhotoBand(Base):
    """A quarter of a photo's look, as `looks.split_bands` gives it."""

    __tablename__ = "photo_band"
    __table_args__ = (
        ForeignKeyConstraint(["township", "photo"], ["photo.township", "photo.digest"], ondelete="cascade"),
        Index(None, "township", "photo"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    band: Mapped[int] = mapped_column(primary_key=True)
    photo: Mapped[str] = mapped_column(primary_key=True)


class PhotoUpload(Base):
    """Who brought a photo: a person at the desk, or a household from its page."""

    __tablename__ = "photo_upload"
    __table_args__ = (
        ForeignKeyConstraint(["township", "photo"], ["photo.township", "photo.digest"], ondelete="cascade"),
        ForeignKeyConstraint(["township", "person"], ["person.township", "person.id"]),
        ForeignKeyConstraint(["township", "household"], ["household.township", "household.id"]),
        CheckConstraint("num_nonnulls(person, household) = 1", name="photo_upload_by_one"),
        Index(
            "photo_upload_of_person",
            "township",
            "person",
            "photo",
            unique=True,
            postgresql_where=text("person is not null"),
        ),
        Index(
            "photo_upload_of_household",
            "township",
            "household",
            "photo",
            unique=True,
            postgresql_where=text("household is not null"),
        ),
        Index(None, "township", "photo"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    photo: Mapped[str]
    person: Mapped[UUID | None]
    household: Mapped[UUID | None]
    received_at: Mapped[datetime]


class ClaimPhoto(Base):
    """A photo that a claim names, at this place of its answer to `input`."""

    __tablename__ = "claim_photo"
    __table_args__ = (
        ForeignKeyConstraint(["township", "claim"], ["claim.township", "claim.id"]),
        ForeignKeyConstraint(["township", "photo"], ["photo.township", "photo.digest"]),
        CheckConstraint("place >= 0", name="claim_photo_place"),
        Index(None, "township", "photo"),
    )

    township: Mapped[int] = mapped_column(primary_key=True)
    claim: Mapped[UUID] = mapped_column(primary_key=True)
    input: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    photo: Mapped[str]
