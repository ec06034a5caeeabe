"""`tripo db` as a user calls it: what it prints, as JSON and for people, and how it exits."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.db import app
from store.db import connect
from tests.store.conversations import add_conversation

ROOT = Path(__file__).parents[2]
DAY = "2026-11-21"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRIPO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("TRIPO_PARAMS", str(ROOT / "params.yaml"))
    monkeypatch.delenv("TRIPO_DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)  # works from any folder
    return tmp_path / "home"


def call(*arguments: str, code: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == code, done.output
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_a_new_store_is_not_healthy_until_it_is_migrated(home: Path) -> None:
    assert call("health", code=1)["revision"] is None
    seeded = {"escalation_rules": 8, "support_agents": 12}
    assert call("migrate") == {"revision": "0007", "seeded": seeded}
    assert call("migrate")["seeded"] == {"escalation_rules": 0, "support_agents": 0}
    assert call("health")["ok"] is True
    assert call("migrate", "base") == {"revision": None, "seeded": {}}


def test_stats_count_the_rows_of_every_table(home: Path) -> None:
    call("migrate")
    found = call("stats")
    rows = {table["table"]: table["rows"] for table in found["tables"]}
    assert rows["support_agents"] == 12
    assert rows["support_messages"] == 0
    assert found["total_bytes"] > 100_000  # empty pages and indexes of 20 tables


def test_a_backup_is_put_back_only_with_yes(home: Path) -> None:
    call("migrate")
    assert call("backup", "--day", DAY)["tables"]["support_agents"]["rows"] == 12
    engine = connect(f"sqlite:///{home / 'store.db'}")
    add_conversation(engine, 1, datetime(2026, 11, 21, tzinfo=UTC))
    engine.dispose()
    assert call("restore", DAY)["restored"] is False
    rows = {table["table"]: table["rows"] for table in call("stats")["tables"]}
    assert rows["support_conversations"] == 1
    assert call("restore", DAY, "--yes")["restored"] is True
    rows = {table["table"]: table["rows"] for table in call("stats")["tables"]}
    assert rows["support_conversations"] == 0


def test_cleanup_counts_first_and_removes_when_told(home: Path) -> None:
    call("migrate")
    engine = connect(f"sqlite:///{home / 'store.db'}")
    add_conversation(engine, 1, datetime(2020, 1, 1, tzinfo=UTC))
    engine.dispose()
    assert call("cleanup", "--day", DAY, "--dry-run")["rows"]["support_conversations"] == 1
    assert call("cleanup", "--day", DAY)["rows"]["support_conversations"] == 1
    assert call("cleanup", "--day", DAY, "--dry-run")["rows"]["support_conversations"] == 0


def test_cleanup_of_a_day_to_come_is_refused(home: Path) -> None:
    call("migrate")
    later = (datetime.now(UTC).date() + timedelta(days=400)).isoformat()
    answer = call("cleanup", "--day", later, code=2)
    assert answer["error"] == "BadInput"


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (["migrate", "nonsense"], 2, "BadInput"),
        (["backup", "--day", "yesterday"], 2, "NotAPartition"),
        (["restore", "2020-01-01"], 3, "PartitionMissing"),
        (["cleanup", "--day", DAY], 5, "StoreUnavailable"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_json_object(
    home: Path, arguments: list[str], code: int, error: str
) -> None:
    assert call(*arguments, code=code)["error"] == error


def test_an_unreachable_store_is_an_error_without_its_password(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIPO_DATABASE_URL", "postgresql+psycopg://ada:s3cret@127.0.0.1:1/tripo")
    answer = call("health", code=5)
    assert answer["error"] == "StoreUnavailable"
    assert "s3cret" not in json.dumps(answer)


def test_people_get_tables_and_one_line_of_error(home: Path) -> None:
    assert CliRunner().invoke(app, ["migrate"]).exit_code == 0
    shown = CliRunner().invoke(app, ["stats"])
    assert "12 rows" in shown.stdout
    assert CliRunner().invoke(app, ["cleanup", "--day", DAY]).exit_code == 0
    refused = CliRunner().invoke(app, ["restore", "2020-01-01"])
    assert refused.exit_code == 3
    assert refused.stderr.startswith("PartitionMissing: expected a backup in")
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["migrate", "health", "stats", "backup", "restore", "cleanup"])
def test_every_command_explains_itself(command: str) -> None:
    shown = CliRunner().invoke(app, [command, "--help"], env={"TERM": "dumb", "COLUMNS": "100"})
    assert shown.exit_code == 0
    assert "--json" in shown.stdout


@pytest.mark.parametrize("command", ["stats", "backup"])
def test_a_store_that_was_never_migrated_has_nothing_to_count_or_copy(
    home: Path, command: str
) -> None:
    answer = call(command, code=5)
    assert answer["error"] == "StoreUnavailable" and "tripo db migrate" in answer["message"]
    assert not (home / "backups").exists()


def test_who_wrote_mails_is_erased_by_address(home: Path) -> None:
    from datetime import UTC, datetime

    from engines.support.mail import user_of
    from store.db import write
    from store.users import FRAUD, flag

    call("migrate")
    engine = connect(f"sqlite:///{home / 'store.db'}")
    user, now = user_of("ann@example.org"), datetime.now(UTC)
    write(engine, lambda connection: flag(connection, user, FRAUD, now))
    assert call("erase", "Ann@Example.org", "--by", "ada", "--yes")["erased"]["flags"] == 1
