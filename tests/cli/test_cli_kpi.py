"""`tripo kpi` reads the store and says which days have no row yet."""

import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.kpi import app
from pipelines.context import Context
from store.db import migrate
from store.rows import replace_rows
from store.tables import AiPerformance, ProfitMetrics

PARAMS = Path(__file__).parents[2] / "params.yaml"
DAY = date(2026, 11, 21)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("TRIPO_HOME", str(tmp_path))
    monkeypatch.setenv("TRIPO_PARAMS", str(PARAMS))
    ctx = Context.load()
    migrate(ctx.engine)
    for table, known in ((AiPerformance, "total_conversations"), (ProfitMetrics, "active_riders")):
        columns = [c for c in table.__table__.columns if c.name != "day"]
        empty = {c.name: None if c.nullable else 0 for c in columns}
        if table is AiPerformance:
            empty |= {"ai_handled_conversations": 7, "is_final": False}
        replace_rows(ctx.engine, table, {"day": DAY}, [{**empty, known: 7}])
    return tmp_path


@pytest.mark.parametrize(
    ("name", "column"), [("ai", "total_conversations"), ("profit", "active_riders")]
)
def test_json_holds_the_rows_and_the_days_without_one(home, name, column):
    result = CliRunner().invoke(app, [name, "--from", "2026-11-20", "--to", "2026-11-21", "--json"])
    found = json.loads(result.stdout)
    assert (found["rows"][0]["day"], found["rows"][0][column]) == ("2026-11-21", 7)
    assert found["missing"] == ["2026-11-20"]


def test_the_table_has_a_line_per_figure(home):
    result = CliRunner().invoke(app, ["ai", "--from", "2026-11-21"])
    assert result.exit_code == 0
    assert "total_conversations" in result.stdout and "2026-11-21" in result.stdout


def test_a_day_without_a_row_is_said(home):
    assert (
        "no row yet for 2026-11-19"
        in CliRunner().invoke(app, ["profit", "--from", "2026-11-19"]).stdout
    )


@pytest.mark.parametrize("name", ["ai", "profit"])
def test_a_store_without_tables_is_said_to_be(tmp_path, monkeypatch, name):
    monkeypatch.setenv("TRIPO_HOME", str(tmp_path))
    monkeypatch.setenv("TRIPO_PARAMS", str(PARAMS))
    result = CliRunner().invoke(app, [name, "--from", "2026-11-21", "--json"])
    assert "tripo db migrate" in str(result.exception)
