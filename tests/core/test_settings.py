"""Settings come from TRIPO_* and production refuses what everybody knows."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from core.errors import InsecureSettings
from core.settings import Settings, env_example

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
