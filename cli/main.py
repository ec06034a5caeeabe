"""`tripo`: every command of the platform, each in the module that its name says."""

import json
import os
import re
import sys
from typing import Any, NoReturn

import typer
from rich.console import Console

from cli import auth, bench, data, db, kpi, match, models, support
from cli.backfill import backfill
from cli.chat import chat
from cli.run import run
from cli.show import Json, show
from cli.up import serve, status, up
from core.errors import TripoError
from core.settings import Settings, env_example, settings


class Commands(typer.Typer):
    """A Typer whose errors are one message and an exit code: ours, and the machine's (no space
    left, not allowed). Only what nobody foresaw is a traceback."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().__call__(*args, **kwargs)
        except TripoError as error:
            _fail(error, str(error), error.exit_code)
        except OSError as error:
            _fail(
                error,
                f"expected files and ports that can be used, got: {error}. Free the space or the "
                "right that is missing and run the same again: no partition is half-written.",
                TripoError.exit_code,
            )


def _fail(error: Exception, message: str, exit_code: int) -> NoReturn:
    name = type(error).__name__
    if "--json" in sys.argv:
        typer.echo(json.dumps({"error": name, "message": message}))
    Console(stderr=True).print(f"{name}: {message}", style="red", markup=False, soft_wrap=True)
    sys.exit(exit_code)


app = Commands(
    name="tripo",
    help="Trains, versions, judges and serves the models of Tripo04OS.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
config = typer.Typer(name="config", help="Settings of the platform.", no_args_is_help=True)


@config.command("env-example")
def show_env_example() -> None:
    """Print .env.example: every variable with its description and default."""
    typer.echo(env_example(), nl=False)


def masked(value: Any) -> Any:
    """A setting without the password that an address may carry."""
    return re.sub(r"(://[^:/@]*:)[^@]+@", r"\1***@", value) if isinstance(value, str) else value


@config.command("show")
def show_config(as_json: Json = False) -> None:
    """Print every setting in force and where it comes from; secrets are masked.

    Numbers that change results: `--json`, or params.yaml and its profile.
    """
    from core.params import load_params

    found = settings()
    given = {n for n in Settings.model_fields if os.environ.get(f"TRIPO_{n.upper()}")}
    plain = {name: masked(value) for name, value in found.model_dump(mode="json").items()}
    if as_json:
        params = load_params(found.params, found.profile).model_dump(mode="json")
        show({"settings": plain, "params": params}, as_json)
        return
    source = {name: "environment" if name in given else "default" for name in plain}
    lines = {f"TRIPO_{name.upper()}": f"{plain[name]} ({source[name]})" for name in plain}
    show(lines, as_json)


for command in (run, up, serve, status, backfill, support.answer, chat):
    app.command()(command)
models.register(app)
app.command()(data.validate)
app.add_typer(data.app)
app.add_typer(db.app)
app.add_typer(kpi.app)
app.add_typer(support.kb)
app.add_typer(match.app)
app.add_typer(bench.app)
app.add_typer(auth.app)
app.add_typer(config)

if __name__ == "__main__":
    app()
