"""`tripo`: every command of the platform, each in the module that its name says."""

import json
import sys
from typing import Any

import typer
from rich.console import Console

from cli import data, db, kpi, match, models
from cli.run import run
from cli.up import status, up
from core.errors import TripoError
from core.settings import env_example


class Commands(typer.Typer):
    """A Typer whose errors of ours are one message and their exit code, never a traceback."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().__call__(*args, **kwargs)
        except TripoError as error:
            if "--json" in sys.argv:
                typer.echo(json.dumps({"error": type(error).__name__, "message": str(error)}))
            text = f"{type(error).__name__}: {error}"
            Console(stderr=True).print(text, style="red", markup=False, soft_wrap=True)
            sys.exit(error.exit_code)


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


for command in (run, up, status):
    app.command()(command)
models.register(app)
app.command()(data.validate)
app.add_typer(data.app)
app.add_typer(db.app)
app.add_typer(kpi.app)
app.add_typer(match.app)
app.add_typer(config)

if __name__ == "__main__":
    app()
