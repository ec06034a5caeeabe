"""conversations that go on live: replies, notes, events, audit, calls made before."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

JSON = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MESSAGES = "support_messages"
WHEN = sa.DateTime(timezone=True)
ROLES = sa.Enum(
    "USER", "AGENT", "ADMIN", "SERVICE",
    name="role", native_enum=False, create_constraint=True, length=32,
)  # fmt: skip


def upgrade() -> None:
    with op.batch_alter_table(MESSAGES) as table:
        table.add_column(sa.Column("reply_to", sa.Uuid(), nullable=True))
        table.add_column(sa.Column("entities", JSON, nullable=True))
        table.create_foreign_key(
            op.f("fk_support_messages_reply_to_support_messages"),
            MESSAGES, ["reply_to"], ["id"], ondelete="CASCADE",
        )  # fmt: skip
        table.create_unique_constraint(op.f("uq_support_messages_reply_to"), ["reply_to"])
    _notes()
    _events()
    _calls()
    _erasures()
    _labels()


def _notes() -> None:
    op.create_table(
        "support_notes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("author", sa.String(64), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("created_at", WHEN, nullable=False),
        sa.CheckConstraint(
            "length(content) BETWEEN 1 AND 5000", name=op.f("ck_support_notes_content_length")
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["support_conversations.id"], ondelete="CASCADE",
            name=op.f("fk_support_notes_conversation_id_support_conversations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_notes")),
    )  # fmt: skip
    op.create_index(
        op.f("ix_support_notes_conversation_id"), "support_notes", ["conversation_id"]
    )


def _events() -> None:
    op.create_table(
        "outbox_events",
        sa.Column("seq", SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("payload", JSON, nullable=False),
        sa.Column("created_at", WHEN, nullable=False),
        sa.Column("published_at", WHEN, nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_outbox_events")),
        sa.UniqueConstraint("id", name=op.f("uq_outbox_events_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_outbox_events_published_at_seq"), "outbox_events", ["published_at", "seq"]
    )
    op.create_table(
        "handled_events",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("handled_at", WHEN, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handled_events")),
    )
    op.create_table(
        "user_flags",
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("flag", sa.String(32), nullable=False),
        sa.Column("since", WHEN, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "flag", name=op.f("pk_user_flags")),
    )


def _calls() -> None:
    op.create_table(
        "idempotent_calls",
        sa.Column("caller", sa.String(64), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("request_hash", sa.String(64), nullable=False),
        sa.Column("response", JSON, nullable=True),
        sa.Column("created_at", WHEN, nullable=False),
        sa.PrimaryKeyConstraint("caller", "key", name=op.f("pk_idempotent_calls")),
    )
    op.create_index(op.f("ix_idempotent_calls_created_at"), "idempotent_calls", ["created_at"])
    op.create_table(
        "audit_log",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", WHEN, nullable=False),
        sa.Column("by", sa.String(64), nullable=False),
        sa.Column("role", ROLES, nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("subject", sa.String(100), nullable=False),
        sa.Column("detail", JSON, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    op.create_index(op.f("ix_audit_log_at"), "audit_log", ["at"])
    op.create_index(op.f("ix_audit_log_subject"), "audit_log", ["subject"])
    op.create_table(
        "spent_tokens",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("expires_at", WHEN, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spent_tokens")),
    )
    op.create_index(op.f("ix_spent_tokens_expires_at"), "spent_tokens", ["expires_at"])


def _erasures() -> None:
    op.create_table(
        "erasures",
        sa.Column("user", sa.String(64), nullable=False),
        sa.Column("erased_at", WHEN, nullable=False),
        sa.Column("erased_by", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("user", name=op.f("pk_erasures")),
    )


def _labels() -> None:
    def words(name: str, *values: str) -> sa.Enum:
        return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)

    op.create_table(
        "label_reviews",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("source", words("source", "AGENT", "FEEDBACK"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("guessed", sa.String(64), nullable=True),
        sa.Column("label", sa.String(64), nullable=True),
        sa.Column("release", sa.String(64), nullable=True),
        sa.Column("writer", sa.String(64), nullable=False),
        sa.Column("suggested_by", sa.String(64), nullable=False),
        sa.Column("status", words("status", "PENDING", "ACCEPTED", "REJECTED"), nullable=False),
        sa.Column("reviewed_by", sa.String(64), nullable=True),
        sa.Column("reviewed_at", WHEN, nullable=True),
        sa.Column("created_at", WHEN, nullable=False),
        sa.CheckConstraint("length(text) <= 5000", name=op.f("ck_label_reviews_text_length")),
        sa.CheckConstraint(
            "status != 'ACCEPTED' OR label IS NOT NULL",
            name=op.f("ck_label_reviews_accepted_has_label"),
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["support_messages.id"], ondelete="CASCADE",
            name=op.f("fk_label_reviews_message_id_support_messages"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_reviews")),
        sa.UniqueConstraint("message_id", "source", name=op.f("uq_label_reviews_message_id_source")),
    )  # fmt: skip
    for columns in (["status", "created_at"], ["reviewed_at"]):
        name = f"ix_label_reviews_{'_'.join(columns)}"
        op.create_index(op.f(name), "label_reviews", columns)


def downgrade() -> None:
    for table in (
        "label_reviews", "erasures", "user_flags", "spent_tokens", "audit_log", "idempotent_calls", "handled_events", "outbox_events",
        "support_notes",
    ):  # fmt: skip
        op.drop_table(table)
    with op.batch_alter_table(MESSAGES) as messages:
        messages.drop_constraint(op.f("uq_support_messages_reply_to"), type_="unique")
        messages.drop_constraint(
            op.f("fk_support_messages_reply_to_support_messages"), type_="foreignkey"
        )
        messages.drop_column("entities")
        messages.drop_column("reply_to")
