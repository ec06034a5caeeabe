"""Bring the store's tables to a revision; the steps are in store/migrations/versions."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy.engine import Connection, Engine

from core.errors import BadInput
from store.db import WRITER

SCRIPTS = Path(__file__).parent / "migrations"
LOCK = 7_104_004  # any number, the same for every process that migrates one PostgreSQL database


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration without a file, so that it works from any folder."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def head_revision() -> str | None:
    """The newest revision this code knows."""
    return _scripts().get_current_head()


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(alembic_config())


def known(revision: str) -> bool:
    """Whether this code has a migration of that name; a newer version's store may be at another."""
    return any(s.revision == revision for s in _scripts().walk_revisions())


def current_revision(connection: Connection) -> str | None:
    """The revision the database is at, None before the first migration."""
    return MigrationContext.configure(connection).get_current_revision()


def migrate(engine: Engine, revision: str = "head") -> str | None:
    """Move the tables up or down to ``revision`` (an id, ``head`` or ``base``), all or nothing.

    Safe to call from several processes at once: they wait for each other.

    Returns
    -------
    The revision the store is at now, None for ``base``.

    Raises
    ------
    BadInput
        If no such revision exists, or a newer version of this code moved the store to its own.
    """
    with engine.execution_options(**WRITER).connect() as connection:
        sqlite = engine.dialect.name == "sqlite"
        raw = connection.connection.dbapi_connection
        if sqlite and raw is not None:
            # rebuilding a table drops the old one, and that would cascade to its children
            raw.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                if not sqlite:
                    connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
                _move(connection, revision)
                return current_revision(connection)
        finally:
            if sqlite and raw is not None:
                raw.execute("PRAGMA foreign_keys=ON")


def _move(connection: Connection, revision: str) -> None:
    config = alembic_config(connection)
    scripts = ScriptDirectory.from_config(config)
    current = current_revision(connection)
    try:
        behind = {s.revision for s in scripts.iterate_revisions(current, "base")} if current else {}
        target = None if revision == "base" else scripts.get_revision(revision)
        if revision == "base" or (target is not None and target.revision in behind):
            command.downgrade(config, revision)
        else:
            command.upgrade(config, revision)
    except (CommandError, RevisionError) as error:
        revisions = ", ".join(s.revision for s in scripts.walk_revisions())
        raise BadInput(
            f"expected head, base or one of {revisions}; got {revision!r} with the store at "
            f"{current}: {error}"
        ) from None
