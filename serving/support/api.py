"""All endpoints of AI Support under /support."""

from fastapi import APIRouter

from serving.support import conversations

router = APIRouter(prefix="/support")
router.include_router(conversations.router)
