"""Where things are, and secrets: environment variables TRIPO_*, read when asked."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import BadInput, InsecureSettings

LOCAL_SECRET = "local-development-only"  # noqa: S105 -- production refuses it
NEEDED_SECRETS = ("jwt_secret", "admin_password", "pseudonym_secret", "service_token")


class Settings(BaseSettings):
    """Every environment variable of the platform. ``.env.example`` is generated from this class."""

    model_config = SettingsConfigDict(
        env_prefix="TRIPO_", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    environment: Literal["local", "production"] = Field(
        "local", description="production refuses default secrets"
    )
    profile: Literal["full", "tiny"] = Field(
        "full", description="tiny: small city and models, for tests and a first look"
    )
    home: Path = Field(Path(".tripo"), description="everything the platform writes but reports")
    reports: Path = Field(Path("reports"), description="reports/run.json and report pages")
    params: Path = Field(Path("params.yaml"), description="every number that changes results")
    data: Path | None = Field(None, description="folder of real public data; unset: bundled only")
    database_url: str = Field("", description="store; empty: SQLite in TRIPO_HOME/store.db")
    analytics: Literal["duckdb"] = Field("duckdb", description="engine of the KPI expressions")
    host: str = Field("127.0.0.1", description="address every server binds to")
    airflow_port: int = Field(8080, description="Airflow API and UI")
    execution_port: int = Field(8081, description="Airflow's API for its own tasks")
    mlflow_port: int = Field(5000, description="MLflow tracking server and registry")
    serving_port: int = Field(3000, description="BentoML service")
    docs_port: int = Field(8090, description="Data Docs pages, in `tripo up`")
    mlflow_url: str = Field("", description="tracking server; empty: this machine's")
    clock: bool = Field(
        True, description="nightly and weekly DAGs start by the clock; `tripo run` turns it off"
    )
    jwt_secret: SecretStr = Field(
        SecretStr(LOCAL_SECRET), description="signs Airflow's and the API's tokens"
    )
    admin_password: SecretStr = Field(
        SecretStr("admin"), description="password of Airflow's admin user"
    )
    jwks_url: str = Field(
        "", description="keys of the API's RS256 tokens; empty: HS256 with TRIPO_JWT_SECRET"
    )
    jwt_issuer: str = Field("tripo04os", description="who must have issued the API's tokens")
    jwt_audience: str = Field("tripo-api", description="what the API's tokens must be meant for")
    cors_origins: str = Field("", description="pages that may call the API, separated by commas")
    whisper_model: Path | None = Field(
        None, description="folder of a faster-whisper model; unset: a grammar of common requests"
    )
    broker_url: str = Field(
        "", description="events: redis://... or kafka://host:port; empty: inside this process"
    )
    redis_url: str = Field("", description="rate limits of all workers; empty: of this process")
    company_url: str = Field(
        "", description="service that knows orders, payments and users; empty: the lake"
    )
    company_token: SecretStr = Field(
        SecretStr(""), description="bearer token that look-ups at the company's service carry"
    )
    smtp_url: SecretStr = Field(
        SecretStr(""), description="sends replies: smtps://user:password@host; empty: they wait"
    )
    mail_from: str = Field("support@localhost", description="address that replies come from")
    imap_url: SecretStr = Field(
        SecretStr(""), description="mailbox to read: imaps://user:password@host/INBOX; empty: none"
    )
    mail_webhook_secret: SecretStr = Field(
        SecretStr(""), description="signs mails that a provider posts; empty: they are refused"
    )
    ticket_url: str = Field("", description="ticket system that is told of hand-overs; empty: none")
    ticket_secret: SecretStr = Field(
        SecretStr(LOCAL_SECRET), description="signs what the ticket system is told"
    )
    rephraser_url: str = Field(
        "", description="OpenAI-compatible server that rewords answers, without /v1; empty: none"
    )
    rephraser_model: str = Field("", description="model that the rephraser asks for")
    rephraser_key: SecretStr = Field(SecretStr(""), description="bearer token of the rephraser")
    pseudonym_secret: SecretStr = Field(
        SecretStr(LOCAL_SECRET), description="key of the HMAC that hides identifiers in the lake"
    )
    service_token: SecretStr = Field(
        SecretStr(LOCAL_SECRET), description="bearer token that calls to serving carry"
    )

    @property
    def store_url(self) -> str:
        return self.database_url or f"sqlite:///{(self.home / 'store.db').absolute()}"

    @property
    def tracking_uri(self) -> str:
        return self.mlflow_url or f"http://{self.host}:{self.mlflow_port}"

    @property
    def airflow_url(self) -> str:
        return f"http://{self.host}:{self.airflow_port}"

    @property
    def serving_url(self) -> str:
        return f"http://{self.host}:{self.serving_port}"

    def require_safe(self) -> None:
        """Raise InsecureSettings if production runs with a secret that is in this file."""
        if self.environment != "production":
            return
        defaults = {
            f"TRIPO_{name.upper()}"
            for name in NEEDED_SECRETS + (("ticket_secret",) if self.ticket_url else ())
            if getattr(self, name).get_secret_value() in {LOCAL_SECRET, "admin", ""}
        }
        if defaults:
            raise InsecureSettings(
                f"production needs secrets of its own; set {', '.join(sorted(defaults))}"
            )


def settings() -> Settings:
    """The settings as the environment has them now; an empty variable is one that is not set.

    Raises
    ------
    BadInput
        Naming every variable that holds what it may not.
    """
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(
            f"TRIPO_{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}, got {e['input']!r}"
            for e in error.errors()
        )
        raise BadInput(f"{wrong}; .env.example lists every variable and its default") from None


def env_example() -> str:
    """The text of ``.env.example``: every variable with its description and default."""
    lines = ["# Generated by `tripo config env-example`; a test keeps it complete."]
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = default.get_secret_value() if isinstance(default, SecretStr) else default
        lines += [
            "",
            f"# {field.description}",
            f"TRIPO_{name.upper()}={'' if shown is None else shown}",
        ]
    return "\n".join(lines) + "\n"
