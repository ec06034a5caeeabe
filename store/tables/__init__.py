"""Every table of the store, by product; importing this fills ``Base.metadata``."""

from store.tables.ai_performance import AiPerformance, AiPerformanceSlice
from store.tables.api import (
    AuditEntry,
    Erasure,
    HandledEvent,
    IdempotentCall,
    OutboxEvent,
    SpentToken,
    UserFlag,
    UserKey,
)
from store.tables.base import Base
from store.tables.labels import LabelReview, LabelSource, ReviewStatus
from store.tables.mail import MailMessage, MailState, Ticket
from store.tables.platform import (
    FeatureValue,
    MonitoringResult,
    PromotionAudit,
    ReleasePointer,
    RetentionLog,
)
from store.tables.premium import (
    Appeal,
    AppealStatus,
    Decision,
    DriverQualification,
    DriverQuality,
    PremiumDriver,
    PremiumDriverProfile,
    PremiumMetrics,
    PremiumReview,
    PremiumStatus,
)
from store.tables.premium_bookings import (
    MatchBatch,
    MatchDecision,
    PremiumBooking,
    PremiumPricingRule,
    PremiumRefundRequest,
)
from store.tables.profit import ProfitMetrics, ProfitSlice
from store.tables.support import (
    EscalationRule,
    KnowledgeItem,
    KnowledgeItemVersion,
    ResponseFeedback,
    SupportAgent,
    SupportConversation,
    SupportMessage,
    SupportNote,
)

__all__ = [
    "AiPerformance",
    "AiPerformanceSlice",
    "Appeal",
    "AppealStatus",
    "AuditEntry",
    "Base",
    "Decision",
    "DriverQualification",
    "DriverQuality",
    "Erasure",
    "EscalationRule",
    "FeatureValue",
    "HandledEvent",
    "IdempotentCall",
    "KnowledgeItem",
    "KnowledgeItemVersion",
    "LabelReview",
    "LabelSource",
    "MailMessage",
    "MailState",
    "MatchBatch",
    "MatchDecision",
    "MonitoringResult",
    "OutboxEvent",
    "PremiumBooking",
    "PremiumDriver",
    "PremiumDriverProfile",
    "PremiumMetrics",
    "PremiumPricingRule",
    "PremiumRefundRequest",
    "PremiumReview",
    "PremiumStatus",
    "ProfitMetrics",
    "ProfitSlice",
    "PromotionAudit",
    "ReleasePointer",
    "ResponseFeedback",
    "RetentionLog",
    "ReviewStatus",
    "SpentToken",
    "SupportAgent",
    "SupportConversation",
    "SupportMessage",
    "SupportNote",
    "Ticket",
    "UserFlag",
    "UserKey",
]
