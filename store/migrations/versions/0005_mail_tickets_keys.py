"""e-mail conversations, tickets that mirror hand-overs, keys of pseudonyms."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

WHEN = sa.DateTime(timezone=True)
STATES = sa.Enum(
    "RECEIVED", "WAITING", "SENT", "FAILED",
    name="state", native_enum=False, create_constraint=True, length=32,
)  # fmt: skip


def upgrade() -> None:
    op.create_table(
        "mail_messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("mail_id", sa.String(255), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("state", STATES, nullable=False),
        sa.Column("address", sa.String(320), nullable=False),
        sa.Column("subject", sa.String(500), nullable=False),
        sa.Column("in_reply_to", sa.String(255), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", WHEN, nullable=True),
        sa.Column("created_at", WHEN, nullable=False),
        sa.Column("sent_at", WHEN, nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["support_conversations.id"], ondelete="CASCADE",
            name=op.f("fk_mail_messages_conversation_id_support_conversations"),
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["support_messages.id"], ondelete="CASCADE",
            name=op.f("fk_mail_messages_message_id_support_messages"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_messages")),
        sa.UniqueConstraint("mail_id", name=op.f("uq_mail_messages_mail_id")),
        sa.UniqueConstraint("message_id", name=op.f("uq_mail_messages_message_id")),
    )  # fmt: skip
    op.create_index(
        op.f("ix_mail_messages_state_next_attempt_at"), "mail_messages",
        ["state", "next_attempt_at"],
    )  # fmt: skip
    op.create_index(
        op.f("ix_mail_messages_conversation_id_created_at"), "mail_messages",
        ["conversation_id", "created_at"],
    )  # fmt: skip
    op.create_table(
        "tickets",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sa.String(255), nullable=True),
        sa.Column("seen_version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", WHEN, nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["support_conversations.id"], ondelete="CASCADE",
            name=op.f("fk_tickets_conversation_id_support_conversations"),
        ),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_tickets")),
    )  # fmt: skip
    op.create_index(op.f("ix_tickets_next_attempt_at"), "tickets", ["next_attempt_at"])
    op.create_table(
        "user_keys",
        sa.Column("user_id", sa.String(64), nullable=False),
        sa.Column("key", sa.LargeBinary(32), nullable=False),
        sa.Column("created_at", WHEN, nullable=False),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_user_keys")),
    )


def downgrade() -> None:
    op.drop_table("user_keys")
    op.drop_table("tickets")
    op.drop_table("mail_messages")
