"""Parameters of the API: how much a caller may ask for, and what goes on beside the calls."""

from pydantic import Field

from core.enums import Role
from core.params.base import Section


class ApiParams(Section):
    """Limits of the endpoints; docs/domain.md, section 2.5."""

    rate_limits: dict[Role, list[str]] = Field(
        description="windows of each role, like 100/minute; the shortest is the burst"
    )
    page_size: int = Field(ge=1, le=100, description="rows of a list, unless asked")
    assignment_timeout_s: float = Field(
        gt=0, description="an agent who does not answer loses the conversation to the queue"
    )
    agent_silence_s: float = Field(
        gt=0, description="one who has written, and then not for so long, loses it as well"
    )
    fraud_flag_days: float = Field(gt=0, description="how long an eye is kept on a flagged user")
    profile_cache_s: float = Field(
        gt=0, description="how long a user's tier and plan are taken as they were looked up"
    )
    settle_hours: float = Field(
        gt=0, description="without a word of the user an answered conversation counts as resolved"
    )
    reopen_hours: float = Field(gt=0, description="how long after its resolution")


class MailParams(Section):
    """Mails and tickets: how often is looked, how long is tried."""

    poll_s: float = Field(gt=0, description="between two looks at what waits, and at the mailbox")
    attempts: int = Field(ge=1, description="tries to send a mail before it is given up")
    first_wait_s: float = Field(gt=0, description="after the first failure; doubled each time")
    per_address: list[str] = Field(
        description="windows of one sender, like 20/hour: machines that answer machines end there"
    )
