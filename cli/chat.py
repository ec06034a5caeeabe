"""`tripo chat`: a conversation with the running service, in the terminal."""

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from core.enums import Audience
from core.errors import StoreUnavailable, TripoError
from core.settings import settings

BASE = "/api/v1/support/conversations"
HELP = "/person asks for a person, /yes and /no mark the last answer, /done ends, Ctrl-D leaves"


def chat(
    user: Annotated[str, typer.Option(help="whose conversation it is")] = "R000001",
    audience: Annotated[Audience, typer.Option(help="what kind of user")] = Audience.RIDER,
    conversation: Annotated[str, typer.Option(help="go on with this one")] = "",
) -> None:
    """Talk to AI Support as a user does; needs `tripo up` or `tripo serve`.

    Example: tripo chat --user R000007
    """
    from datetime import UTC, datetime

    import httpx

    from core.enums import Role
    from serving.api.identity import Caller, Tokens

    found = settings()
    caller = Caller(user, Role.USER, audience)
    pair = Tokens(found).issue(caller, datetime.now(UTC))
    screen = Console()
    screen.print(HELP, style="dim")
    headers = {"Authorization": f"Bearer {pair.access_token}"}
    with httpx.Client(base_url=found.serving_url, headers=headers, timeout=30) as client:
        try:
            _Chat(client, screen, conversation).run()
        except httpx.TransportError as error:
            raise StoreUnavailable(
                f"expected the service at {found.serving_url}; {error}. Start it: `tripo up`"
            ) from None


class _Chat:
    """One conversation and what was said last in it."""

    def __init__(self, client: Any, screen: Console, conversation: str) -> None:
        self._client, self._screen = client, screen
        self._id, self._last, self._over = conversation, "", False

    def run(self) -> None:
        while not self._over:
            try:
                line = self._screen.input("[bold]you[/bold]  ").strip()
            except (EOFError, KeyboardInterrupt):
                return
            if line:
                self._hear(line)

    def _hear(self, line: str) -> None:
        marks = {"/yes": (5, True), "/no": (2, False)}
        if line in marks and self._last:
            rating, helpful = marks[line]
            mark = {"message_id": self._last, "rating": rating, "was_helpful": helpful}
            self._post(f"{self._id}/feedback", mark)
            self._screen.print("thank you", style="dim")
        elif line == "/person" and self._id:
            told = self._post(f"{self._id}/escalate", {"reason": "asked in the chat"})
            wait = told["estimated_wait_time_minutes"]
            who = f"about {wait} minutes" if wait else "somebody is there"
            self._screen.print(f"a person takes over: {who}", style="yellow")
        elif line == "/done" and self._id:
            self._post(f"{self._id}/resolve", None)
            self._over = True
        else:
            self._say(line)

    def _say(self, line: str) -> None:
        told = self._post(f"{self._id}/message" if self._id else "", {"message": line})
        self._id = told["conversation_id"]
        if told["ai_response"] is None:
            self._screen.print("(a person is in charge of this conversation)", style="yellow")
            return
        self._last = told["reply_id"]
        source = ", ".join(found["kb_code"] for found in told["sources"])
        sure = f" {told['confidence_score']:.2f}" if told["confidence_score"] is not None else ""
        about = f"{told['action']}{sure}, {told['intent']}{f', {source}' if source else ''}"
        self._screen.print(f"[cyan]tripo[/cyan] {escape(told['ai_response'])}")
        self._screen.print(f"      {about}", style="dim")

    def _post(self, path: str, body: Any) -> Any:
        reply = self._client.post(f"{BASE}/{path}".rstrip("/"), json=body)
        if reply.is_error:
            problem = reply.json() if "json" in reply.headers["content-type"] else {}
            raise TripoError(problem.get("detail") or f"{reply.status_code}: {reply.text[:200]}")
        return reply.json()
