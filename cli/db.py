"""`tripo db`: the store's tables, health, size, backups and retention."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from core.errors import TripoError
from core.partition import day_of
from pipelines.context import Context

app = typer.Typer(
    name="db",
    help="The relational store: tables, health, size, backups, retention. "
    "It lies in TRIPO_HOME/store.db, or where TRIPO_DATABASE_URL points.",
    no_args_is_help=True,
)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Day = Annotated[str | None, typer.Option(help="A day like 2026-11-21; default: today (UTC).")]


@contextmanager
def _errors(as_json: bool) -> Iterator[None]:
    """Our errors as one line (or JSON) and their exit code; anything else is a bug and shows."""
    try:
        yield
    except TripoError as error:
        if as_json:
            typer.echo(json.dumps({"error": type(error).__name__, "message": str(error)}))
        else:
            Console(stderr=True).print(
                f"[red]{type(error).__name__}[/red]: {error}", soft_wrap=True
            )
        raise typer.Exit(error.exit_code) from None


def _today() -> date:
    return datetime.now(UTC).date()


def _show(result: dict[str, Any], as_json: bool, title: str, rows: dict[str, Any]) -> None:
    """The whole result as JSON, or its most telling part as a small table."""
    if as_json:
        typer.echo(json.dumps(result, default=str))
        return
    table = Table(title=title, show_header=False)
    for name, value in rows.items():
        table.add_row(name, str(value))
    Console().print(table)


@app.command()
def migrate(
    revision: Annotated[str, typer.Argument(help="head, base, or the id of a revision.")] = "head",
    as_json: AsJson = False,
) -> None:
    """Bring the tables to a revision, up or down, and insert the shipped rules and agents.

    All or nothing, safe to run twice and from several processes. `base` removes every table.
    """
    from store.db import migrate as move
    from store.seeds import seed

    with _errors(as_json):
        engine = Context.load().engine
        now_at = move(engine, revision)
        seeded = seed(engine, datetime.now(UTC)) if revision == "head" else {}
        result = {"revision": now_at, "seeded": seeded}
        _show(result, as_json, "Migrated", {"revision": now_at, **seeded})


@app.command()
def health(as_json: AsJson = False) -> None:
    """Does the store answer, is it whole, are its tables those of this version? Exit 1 if not."""
    from store.db import health as look

    with _errors(as_json):
        found = look(Context.load().engine)
        _show(found, as_json, "Store", found)
        if not found["ok"]:
            raise typer.Exit(1)


@app.command()
def stats(as_json: AsJson = False) -> None:
    """Rows and bytes of every table, the size of the whole, the slowest statements.

    PostgreSQL remembers statements where pg_stat_statements is loaded; serving's log has those
    that took 200 ms or longer, on both databases.
    """
    from store.slow import slowest
    from store.stats import table_stats, total_bytes

    with _errors(as_json):
        engine = Context.load().engine
        tables, total = table_stats(engine), total_bytes(engine)
        sizes = {
            t["table"]: "" if t["bytes"] is None else f", {t['bytes']:,} bytes" for t in tables
        }
        rows = {t["table"]: f"{t['rows']:,} rows{sizes[t['table']]}" for t in tables}
        slow = slowest(engine)
        rows |= {s["statement"]: f"{s['mean_ms']:g} ms, {s['calls']:,} calls" for s in slow or []}
        result = {"total_bytes": total, "tables": tables, "slowest": slow}
        _show(result, as_json, f"Tables, {total:,} bytes in all", rows)


@app.command()
def backup(day: Day = None, as_json: AsJson = False) -> None:
    """Copy the running store, restore the copy beside it, compare every table, keep the newest.

    How many are kept: `upkeep.backups_kept` in params.yaml. A second backup of a day replaces it.
    """
    from store import backup as backups

    with _errors(as_json):
        ctx = Context.load()
        key = day or _today().isoformat()
        kept = ctx.params.upkeep.backups_kept
        manifest = backups.backup(ctx.engine, ctx.home / "backups", key, kept)
        rows = {name: found["rows"] for name, found in manifest["tables"].items()}
        _show(manifest, as_json, f"Backup of {key}, restored and compared", rows)


@app.command()
def restore(
    day: Annotated[str, typer.Argument(help="The day of the backup, like 2026-11-21.")],
    yes: Annotated[bool, typer.Option("--yes", help="Really replace the store.")] = False,
    as_json: AsJson = False,
) -> None:
    """Replace the store by a backup, after checking that backup. What is newer is lost; users who
    were erased since are erased again.

    Stop serving and Airflow first. Without --yes the backup is checked and nothing is changed.
    """
    from store import backup as backups
    from store import erasure

    with _errors(as_json):
        ctx = Context.load()
        root = ctx.home / "backups"
        forgotten = erasure.log(ctx.engine) if yes else []
        work = backups.restore if yes else backups.check
        manifest = work(ctx.engine, root, day)
        secret = ctx.settings.pseudonym_secret.get_secret_value()
        again = erasure.replay(ctx.engine, forgotten, secret) if yes else 0
        rows = {name: found["rows"] for name, found in manifest["tables"].items()}
        title = "Restored" if yes else "Checked; add --yes to replace the store by it"
        shown = {**rows, "users erased again": again} if yes else rows
        _show({"restored": yes, "erased_again": again, **manifest}, as_json, title, shown)


@app.command()
def cleanup(
    day: Day = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count only.")] = False,
    as_json: AsJson = False,
) -> None:
    """Remove what is past its retention on a day: rows of the store, days of the lake.

    How long what is kept: section `upkeep` of params.yaml. --dry-run counts rows of the store.
    """
    from store import retention

    with _errors(as_json):
        ctx = Context.load()
        about = day_of(day) if day else _today()
        retention.require_come(about, _today())
        keep = ctx.params.upkeep
        cut = retention.cutoffs(about, keep.conversation_days, keep.feedback_days, keep.log_days)
        if dry_run:
            rows, files = retention.due(ctx.engine, cut), {}
        else:
            rows = retention.clean_store(ctx.engine, about, cut)
            files = retention.clean_lake(ctx.lake, ctx.landing, cut)
        result = {"day": about.isoformat(), "dry_run": dry_run, "rows": rows, "files": files}
        shown = {**rows, **{f"{asset} (files)": n for asset, n in files.items()}}
        _show(result, as_json, "Would remove" if dry_run else "Removed", shown)


@app.command()
def optimize(as_json: AsJson = False) -> None:
    """Give free space back and renew what the query planner knows; safe while the store is used."""
    from store import maintenance

    with _errors(as_json):
        found = maintenance.optimize(Context.load().engine)
        _show(found, as_json, "Optimized", {name: f"{value:,}" for name, value in found.items()})


@app.command()
def replication(as_json: AsJson = False) -> None:
    """Whether this store has copies elsewhere, and how far they are behind (PostgreSQL)."""
    from store import maintenance

    with _errors(as_json):
        found = maintenance.replication(Context.load().engine)
        rows = {
            row["name"]: f"{row['state']}, {row['lag_bytes']} bytes, {row['lag_seconds']} s"
            for row in found["replicas"]
        }
        _show(found, as_json, f"Role: {found['role']}", rows or {"replicas": "none"})


@app.command()
def erase(
    user: Annotated[
        str, typer.Argument(help="Whose rows go, like R000123; or the address of who wrote mails.")
    ],
    by: Annotated[str, typer.Option(help="Who asks for it; goes into the log.")],
    yes: Annotated[bool, typer.Option("--yes", help="Really erase.")] = False,
    as_json: AsJson = False,
) -> None:
    """Forget a user: conversations, messages, marks, mails, flags, and the key of their pseudonym.

    A restored backup forgets them again. The next `ingest` takes them out of the lake's days that
    are still near; in older ones nobody can tell whose rows they were. Simulated days stay.
    """
    from datetime import UTC, datetime

    from engines.support.mail import user_of
    from store import erasure

    if not yes:
        raise typer.BadParameter("add --yes: what is erased cannot be brought back")
    with _errors(as_json):
        ctx = Context.load()
        secret = ctx.settings.pseudonym_secret.get_secret_value()
        subject = user_of(user) if "@" in user else user
        gone = erasure.erase(ctx.engine, subject, secret, by, datetime.now(UTC))
        _show({"erased": gone}, as_json, f"Erased of {user}", dict(gone))
