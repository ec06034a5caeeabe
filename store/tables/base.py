"""What every table shares: names of constraints, times with zone, closed vocabularies, JSON."""

import uuid
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, MappedColumn, mapped_column
from sqlalchemy.types import TypeDecorator

from core.errors import BadInput

# Named constraints can be dropped by a later migration on both databases.
NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time. Refuses one without a zone; what comes back is always UTC."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise BadInput(f"expected a time with a zone, got {value!r}; add tzinfo=UTC")
        utc = value.astimezone(UTC)
        # SQLite keeps text without a zone; all of it is UTC
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


JSON = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


class Base(DeclarativeBase):
    """Every table of the store; ``Base.metadata`` is what the migrations must arrive at."""

    metadata = sa.MetaData(naming_convention=NAMES)
    type_annotation_map = {  # noqa: RUF012 -- SQLAlchemy's declaration
        datetime: UtcDateTime(),
        dict[str, Any]: JSON,
        list[str]: JSON,
        list[Any]: JSON,
        uuid.UUID: sa.Uuid(),
    }


def one_of(words: type[StrEnum], name: str) -> sa.Enum:
    """A column that holds one word of a vocabulary; ``name`` is the column's, for its CHECK."""
    return sa.Enum(
        words,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=32,
        values_callable=lambda enum: [word.value for word in enum],
    )


def between(column: str, low: float, high: float | None = None) -> sa.CheckConstraint:
    """CHECK that a column lies in low..high (no upper end when None); NULL passes."""
    rule = f"{column} >= {low}" + ("" if high is None else f" AND {column} <= {high}")
    return sa.CheckConstraint(rule, name=f"{column}_range")


def longest(column: str, length: int) -> sa.CheckConstraint:
    """CHECK that a text is at most ``length`` characters long; SQLite ignores VARCHAR(n)."""
    return sa.CheckConstraint(f"length({column}) <= {length}", name=f"{column}_length")


def uuid_key() -> MappedColumn[uuid.UUID]:
    """A surrogate primary key."""
    return mapped_column(primary_key=True, default=uuid.uuid4)
