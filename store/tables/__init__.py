"""Every table of the store, by product; importing this fills ``Base.metadata``."""

from store.tables.ai_performance import AiPerformance, AiPerformanceSlice
from store.tables.base import Base
from store.tables.platform import (
    FeatureValue,
    MonitoringResult,
    PromotionAudit,
    ReleasePointer,
    RetentionLog,
)
from store.tables.premium import DriverQualification, PremiumDriver, PremiumMetrics
from store.tables.profit import ProfitMetrics, ProfitSlice
from store.tables.support import (
    EscalationRule,
    KnowledgeItem,
    KnowledgeItemVersion,
    ResponseFeedback,
    SupportAgent,
    SupportConversation,
    SupportMessage,
)

__all__ = [
    "AiPerformance",
    "AiPerformanceSlice",
    "Base",
    "DriverQualification",
    "EscalationRule",
    "FeatureValue",
    "KnowledgeItem",
    "KnowledgeItemVersion",
    "MonitoringResult",
    "PremiumDriver",
    "PremiumMetrics",
    "ProfitMetrics",
    "ProfitSlice",
    "PromotionAudit",
    "ReleasePointer",
    "ResponseFeedback",
    "RetentionLog",
    "SupportAgent",
    "SupportConversation",
    "SupportMessage",
]
