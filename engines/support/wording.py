"""The engine's own sentences; what an item of the knowledge base says is never changed."""

from core.enums import Priority

ABSTAIN = (
    "I do not have a reliable answer to that. If it is about Tripo04OS, tell me a little more, "
    "or say that you want to talk to a person."
)

FAILED = "Something went wrong on our side, so I cannot answer this myself."
HELPED = "Did this help?"


def handover(priority: str, failed: bool = False) -> str:
    """What the user is told when a person takes over; ``failed``: because the engine did."""
    if priority == Priority.URGENT:
        return (
            "If you are in danger, press the SOS button in the app or call your local emergency "
            "number now. I am passing this to our safety team, who will contact you at once."
        )
    told = "I am handing this conversation to a colleague, with everything you have told me."
    return f"{FAILED} {told}" if failed else told


def which(first: str, second: str) -> str:
    """The question that tells two intents apart."""
    one, other = (name.replace("_", " ") for name in (first, second))
    return f"I want to get this right: is it about {one}, or about {other}?"


def about(order_id: str) -> str:
    """How an answer begins that is about an order."""
    return f"About order {order_id}: "


def answer(text: str, order_id: str | None, sure: bool = True) -> str:
    """The item's answer, with the order it is about; asks whether it helped where not ``sure``."""
    told = f"{about(order_id)}{text}" if order_id else text
    return told if sure else f"{told} {HELPED}"
