"""All endpoints of AI Support under /support."""

from fastapi import APIRouter

from serving.api import health
from serving.support import (
    agents,
    analytics,
    conversations,
    events,
    knowledge_base,
    labels,
    mail,
    reports,
    rules,
)

router = APIRouter(prefix="/support")
router.include_router(health.router)
for part in (
    conversations, agents, knowledge_base, rules, analytics, reports, events, labels, mail,
):  # fmt: skip
    router.include_router(part.router)
