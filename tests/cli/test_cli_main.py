"""What `tripo` says when something is wrong: one message, no traceback."""

import json
import sys

import pytest

from cli.main import app


@pytest.fixture
def failing(monkeypatch, capsys):
    """Run a command that fails; its exit code, standard output and standard error."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tripo", *arguments])
        with pytest.raises(SystemExit) as end:
            app()
        return int(end.value.code or 0), *capsys.readouterr()

    return run


def test_a_variable_that_cannot_be_read_is_one_message(monkeypatch, failing):
    monkeypatch.setenv("TRIPO_SERVING_PORT", "none")
    code, _, said = failing("validate", "trips", "2026-11-21")
    assert code == 2
    assert said.startswith("BadInput: TRIPO_SERVING_PORT: Input should be a valid integer")
    assert len(said.splitlines()) == 1


def test_an_empty_file_of_parameters_is_one_message(monkeypatch, failing, tmp_path):
    (tmp_path / "params.yaml").write_text("")
    monkeypatch.setenv("TRIPO_PARAMS", str(tmp_path / "params.yaml"))
    code, out, said = failing("validate", "trips", "2026-11-21", "--json")
    assert code == 2
    assert json.loads(out)["error"] == "BadParams"
    assert "got nothing" in said


def test_a_home_that_cannot_be_written_is_one_message(monkeypatch, failing, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TRIPO_HOME", str(tmp_path / "file" / "home"))
    code, out, said = failing("validate", "trips", "2026-11-21", "--json")
    assert code == 1
    assert json.loads(out)["error"] == "NotADirectoryError"
    assert "expected files and ports that can be used, got: [Errno 20] Not a directory" in said
    assert len(said.splitlines()) == 1


def test_a_backfill_goes_to_no_other_homes_airflow(monkeypatch, failing, tmp_path):
    monkeypatch.setenv("TRIPO_HOME", str(tmp_path))
    code, _, said = failing("backfill", "profit_kpis", "2026-11-21")
    assert code != 0
    assert f"expected the platform of TRIPO_HOME={tmp_path} to run" in said


def test_a_language_that_nobody_knows_is_named(failing):
    code, _, said = failing("answer", "hello", "--language", "english")
    assert code == 2
    assert "expected one of ar, de, en, es" in " ".join(said.split())


def test_days_that_are_not_there_are_not_taken_back(monkeypatch, failing, tmp_path):
    monkeypatch.setenv("TRIPO_HOME", str(tmp_path))
    code, _, said = failing("data", "remove", "orders", "2026-11-21")
    assert code == 2
    assert "expected orders of 2026-11-21 in the lake, there is none" in said


def test_secrets_are_masked_in_what_is_shown(monkeypatch):
    from typer.testing import CliRunner

    monkeypatch.setenv("TRIPO_SERVICE_TOKEN", "very-secret")
    monkeypatch.setenv("TRIPO_DATABASE_URL", "postgresql+psycopg://ada:hidden@db/store")
    for arguments in (["config", "show"], ["config", "show", "--json"]):
        said = CliRunner().invoke(app, arguments).stdout
        assert "ada:***@db" in said
        assert "very-secret" not in said
        assert "hidden" not in said
