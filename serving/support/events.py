"""Events of other systems by HTTP, for a company without a broker that reaches us."""

from fastapi import APIRouter

from serving.api.callers import Found, Service
from serving.api.problems import documented
from serving.events.broker import Event
from serving.schemas import Closed
from serving.support import incoming

router = APIRouter(prefix="/events", tags=["events"], responses=documented(401, 403, 422, 429, 503))


class HandledOut(Closed):
    """Whether the event had an effect now; one that comes again has none."""

    handled: bool


@router.post("")
def receive(event: Event, _who: Service, found: Found) -> HandledOut:
    """ORDER_CANCELLED, PAYMENT_FAILED, FRAUD_FLAGGED or SOS_TRIGGERED; docs/domain.md, 2.5."""
    return HandledOut(handled=incoming.handle(found, event))
