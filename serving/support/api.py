"""All endpoints of AI Support under /support."""

from fastapi import APIRouter

from serving.support import agents, analytics, conversations, events, knowledge_base, labels, rules

router = APIRouter(prefix="/support")
router.include_router(conversations.router)
router.include_router(agents.router)
router.include_router(knowledge_base.router)
router.include_router(rules.router)
router.include_router(analytics.router)
router.include_router(events.router)
router.include_router(labels.router)
