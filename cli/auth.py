"""`tripo auth`: tokens to call the API with, on a machine that issues its own."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.show import Json, show
from core.enums import Audience, LoyaltyTier, Role
from core.settings import settings

app = typer.Typer(name="auth", help="Tokens of the API, for local use.", no_args_is_help=True)


@app.callback()
def about() -> None:
    """Tokens of the API, for local use."""


@app.command()
def token(
    subject: Annotated[str, typer.Argument(help="whose token: a user's id, an agent's user_id")],
    role: Annotated[Role, typer.Option(help="what the caller may do")] = Role.USER,
    audience: Annotated[Audience, typer.Option(help="what kind of user")] = Audience.RIDER,
    loyalty: Annotated[LoyaltyTier, typer.Option(help="of a rider")] = LoyaltyTier.BASIC,
    as_json: Json = False,
) -> None:
    """Print an access token of 60 minutes (with --json also a refresh token of 30 days).

    Example: curl -H "Authorization: Bearer $(tripo auth token R000001)"
    http://127.0.0.1:3000/api/v1/support/conversations
    """
    from serving.api.identity import Caller, Tokens

    found = settings()
    found.require_safe()
    pair = Tokens(found).issue(Caller(subject, role, audience, loyalty), datetime.now(UTC))
    if as_json:
        show(
            {
                "access_token": pair.access_token,
                "refresh_token": pair.refresh_token,
                "expires_in_s": pair.expires_in_s,
            },
            as_json,
        )
        return
    typer.echo(pair.access_token)
