"""A rulebook's text apart from its adoptions; an adoption takes two people; drafts."""

import tomllib

import sqlalchemy as sa
from uuid_utils.compat import uuid7

from alembic import op
from api.platform.database.migrations import run_scripts

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _text_apart()
    _create_adoptions()
    _create_drafts()
    _carry_over()
    op.drop_column("rulebook", "effective_from")
    run_scripts(op.get_bind(), "app_rights_rulebooks_v1")


def _text_apart() -> None:
    for column in ("village", "base"):
        op.add_column("rulebook", sa.Column(column, sa.Text(), nullable=False, server_default=""))
    op.alter_column("rulebook", "adopted_by", new_column_name="written_by")
    op.alter_column("rulebook", "adopted_at", new_column_name="written_at")
    op.execute(
        "alter table rulebook rename constraint fk_rulebook_township_adopted_by to fk_rulebook_township_written_by"
    )


def _create_adoptions() -> None:
    people = ("proposed_by", "confirmed_by", "refused_by", "withdrawn_by")
    op.create_table(
        "rulebook_adoption",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("village", sa.Text(), nullable=False, server_default=""),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("meeting", sa.Text(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("present", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("alone", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("confirmed_by", sa.Uuid()),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
        sa.Column("refused_by", sa.Uuid()),
        sa.Column("refused_at", sa.DateTime(timezone=True)),
        sa.Column("refusal", sa.Text(), nullable=False, server_default=""),
        sa.Column("withdrawn_by", sa.Uuid()),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True)),
        sa.Column("withdrawal", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("township", "id", name=op.f("pk_rulebook_adoption")),
        sa.ForeignKeyConstraint(
            ["township", "version"],
            ["rulebook.township", "rulebook.version"],
            name=op.f("fk_rulebook_adoption_township_version"),
        ),
        *(
            sa.ForeignKeyConstraint(
                ["township", person],
                ["person.township", "person.id"],
                name=op.f(f"fk_rulebook_adoption_township_{person}"),
            )
            for person in people
        ),
        sa.CheckConstraint(
            "case when alone then confirmed_at is not null and confirmed_by is null"
            " else (confirmed_at is null) = (confirmed_by is null) end",
            name="rulebook_adoption_confirmed",
        ),
        sa.CheckConstraint("confirmed_by <> proposed_by", name="rulebook_adoption_two_people"),
        sa.CheckConstraint(
            "(refused_at is null) = (refused_by is null) and (refused_at is null) = (refusal = '')"
            " and (refused_at is null or confirmed_at is null)",
            name="rulebook_adoption_refused",
        ),
        sa.CheckConstraint(
            "(withdrawn_at is null) = (withdrawn_by is null) and (withdrawn_at is null) = (withdrawal = '')"
            " and (withdrawn_at is null or confirmed_at is not null) and withdrawn_by <> confirmed_by",
            name="rulebook_adoption_withdrawn",
        ),
    )
    for columns in (["township", "village", "effective_from"], ["township", "version"]):
        op.create_index(op.f(f"ix_rulebook_adoption_{'_'.join(columns)}"), "rulebook_adoption", columns)


def _create_drafts() -> None:
    op.create_table(
        "rulebook_draft",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("begun_by", sa.Uuid(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_by", sa.Uuid()),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("township", "id", name=op.f("pk_rulebook_draft")),
        *(
            sa.ForeignKeyConstraint(
                ["township", person],
                ["person.township", "person.id"],
                name=op.f(f"fk_rulebook_draft_township_{person}"),
            )
            for person in ("begun_by", "closed_by")
        ),
        sa.CheckConstraint("(closed_at is null) = (closed_by is null)", name="rulebook_draft_closed"),
    )
    op.create_table(
        "rulebook_draft_text",
        sa.Column("township", sa.Integer(), nullable=False),
        sa.Column("draft", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("saved_by", sa.Uuid(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("township", "draft", "revision", name=op.f("pk_rulebook_draft_text")),
        sa.ForeignKeyConstraint(
            ["township", "draft"],
            ["rulebook_draft.township", "rulebook_draft.id"],
            name=op.f("fk_rulebook_draft_text_township_draft"),
        ),
        sa.ForeignKeyConstraint(
            ["township", "saved_by"],
            ["person.township", "person.id"],
            name=op.f("fk_rulebook_draft_text_township_saved_by"),
        ),
        sa.CheckConstraint("revision > 0", name="rulebook_draft_text_revision"),
    )


def _carry_over() -> None:
    """What was adopted by one person stays adopted; its decision stands in the head of its text."""
    connection = op.get_bind()
    adopted = connection.execute(
        sa.text("select township, version, text, effective_from, written_by, written_at from rulebook")
    ).all()
    for row in adopted:
        decision = tomllib.loads(row.text)["book"]["adopted_by"]
        connection.execute(
            sa.text(
                "insert into rulebook_adoption (township, id, version, effective_from, body, meeting, decided_on,"
                " present, proposed_by, proposed_at, alone, confirmed_at) values (:township, :id, :version,"
                " :effective_from, :body, :meeting, :date, '', :written_by, :written_at, true, :written_at)"
            ),
            {
                "township": row.township,
                "id": uuid7(),
                "version": row.version,
                "effective_from": row.effective_from,
                "body": decision["body"],
                "meeting": decision["meeting"],
                "date": decision["date"],
                "written_by": row.written_by,
                "written_at": row.written_at,
            },
        )
