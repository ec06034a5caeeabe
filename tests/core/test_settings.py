"""Settings come from TRIPO_* and production refuses what everybody knows."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from core.errors import BadInput, InsecureSettings
from core.settings import Settings, env_example, settings

ROOT = Path(__file__).parents[2]


def test_the_example_of_the_environment_is_complete_and_current():
    assert (ROOT / ".env.example").read_text() == env_example()


def test_production_refuses_default_secrets_and_names_them():
    with pytest.raises(InsecureSettings, match="TRIPO_ADMIN_PASSWORD"):
        Settings(environment="production").require_safe()


def test_production_accepts_secrets_of_its_own():
    own = SecretStr("a-long-random-value")
    Settings(
        environment="production",
        jwt_secret=own,
        admin_password=own,
        pseudonym_secret=own,
        service_token=own,
    ).require_safe()


def test_a_secret_does_not_show_in_a_log():
    assert "hunter2" not in repr(Settings(jwt_secret=SecretStr("hunter2")))


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch):
    for line in env_example().splitlines():
        if line.startswith("TRIPO_"):
            monkeypatch.setenv(line.split("=")[0], "")
    assert settings() == Settings()
    assert settings().data is None
    assert settings().airflow_port == 8080


def test_every_variable_that_holds_what_it_may_not_is_named_with_what_came(monkeypatch):
    monkeypatch.setenv("TRIPO_AIRFLOW_PORT", "eighty")
    monkeypatch.setenv("TRIPO_PROFILE", "huge")
    with pytest.raises(BadInput) as error:
        settings()
    assert "TRIPO_AIRFLOW_PORT: Input should be a valid integer" in str(error.value)
    assert "got 'eighty'" in str(error.value)
    assert "TRIPO_PROFILE: Input should be 'full' or 'tiny', got 'huge'" in str(error.value)
