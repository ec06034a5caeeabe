"""Whether MLflow answers at an address, asked before MLflow's own client is.

That client tries for minutes, and takes any other server's 404 for "no such model".
"""

import httpx

from core.errors import BadInput, RegistryUnavailable

ANSWERS_S = 10.0
"""Time for a tracking server to say that it is well; a busy one on two cores takes a second."""


def require(tracking_uri: str) -> None:
    """Ask the server whether it is well.

    Raises
    ------
    BadInput
        If the address is none of HTTP.
    RegistryUnavailable
        If nothing answers there within `ANSWERS_S`, or what answers is not MLflow.
    """
    if not tracking_uri.startswith(("http://", "https://")):
        raise BadInput(
            f"expected TRIPO_MLFLOW_URL like http://127.0.0.1:5000, got {tracking_uri!r}"
        )
    try:
        answer = httpx.get(f"{tracking_uri.rstrip('/')}/health", timeout=ANSWERS_S)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise RegistryUnavailable(away(tracking_uri, type(error).__name__)) from None
    if answer.text.strip() != "OK":
        raise RegistryUnavailable(away(tracking_uri, f"{answer.status_code} from another server"))


def away(tracking_uri: str, got: str) -> str:
    """What is said when MLflow is not there."""
    return (
        f"expected MLflow at {tracking_uri}, it does not answer (got {got}). "
        "Start it with `tripo up`, or set TRIPO_MLFLOW_URL."
    )
