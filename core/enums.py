"""Every closed vocabulary of the platform. The words are those of docs/domain.md; no synonyms."""

from enum import StrEnum


class Vertical(StrEnum):
    RIDE = "RIDE"
    MOTO = "MOTO"
    FOOD = "FOOD"
    GROCERY = "GROCERY"
    GOODS = "GOODS"
    TRUCK_VAN = "TRUCK_VAN"


class RideType(StrEnum):
    SOLO = "SOLO"
    SHARED = "SHARED"
    SCHEDULED = "SCHEDULED"
    LONG_DISTANCE = "LONG_DISTANCE"
    CORPORATE = "CORPORATE"
    WOMEN_ONLY = "WOMEN_ONLY"


class OrderStatus(StrEnum):
    PENDING = "PENDING"
    SEARCHING = "SEARCHING"
    MATCHED = "MATCHED"
    DRIVER_EN_ROUTE = "DRIVER_EN_ROUTE"
    ARRIVED = "ARRIVED"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


class Channel(StrEnum):
    CHAT = "CHAT"
    VOICE = "VOICE"
    EMAIL = "EMAIL"


class ConversationStatus(StrEnum):
    OPEN = "OPEN"
    IN_PROGRESS = "IN_PROGRESS"
    ESCALATED = "ESCALATED"
    RESOLVED = "RESOLVED"
    CLOSED = "CLOSED"


class ResolutionKind(StrEnum):
    CONFIRMED = "CONFIRMED"
    AGENT = "AGENT"
    ASSUMED = "ASSUMED"


class Sender(StrEnum):
    USER = "USER"
    AI = "AI"
    AGENT = "AGENT"
    SYSTEM = "SYSTEM"


class MessageType(StrEnum):
    TEXT = "TEXT"
    VOICE_TRANSCRIPT = "VOICE_TRANSCRIPT"
    SYSTEM = "SYSTEM"


class Action(StrEnum):
    """What the support engine does with a message."""

    ANSWER = "answer"
    CLARIFY = "clarify"
    ABSTAIN = "abstain"
    ESCALATE = "escalate"


class Priority(StrEnum):
    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"
    URGENT = "URGENT"


class Complexity(StrEnum):
    SIMPLE = "simple"
    MEDIUM = "medium"
    COMPLEX = "complex"


class Sentiment(StrEnum):
    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


class Audience(StrEnum):
    RIDER = "RIDER"
    DRIVER = "DRIVER"
    CORPORATE = "CORPORATE"
    ALL = "ALL"


class ItemStatus(StrEnum):
    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"


class AgentAvailability(StrEnum):
    AVAILABLE = "AVAILABLE"
    BUSY = "BUSY"
    OFFLINE = "OFFLINE"


class Specialization(StrEnum):
    SAFETY = "SAFETY"
    FRAUD = "FRAUD"
    BILLING = "BILLING"
    GENERAL = "GENERAL"


class ServiceClass(StrEnum):
    """What the rider buys, cheapest first."""

    STANDARD = "STANDARD"
    LUXURY = "LUXURY"
    PREMIUM = "PREMIUM"
    VIP = "VIP"


class DriverTier(StrEnum):
    """What the driver is, lowest first."""

    NONE = "NONE"
    BRONZE = "BRONZE"
    SILVER = "SILVER"
    GOLD = "GOLD"
    PLATINUM = "PLATINUM"


class BookingStatus(StrEnum):
    """Where a premium booking is; COMPLETED and CANCELLED are ends."""

    PENDING = "PENDING"
    CONFIRMED = "CONFIRMED"
    DRIVER_ASSIGNED = "DRIVER_ASSIGNED"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


class MatchStatus(StrEnum):
    """What became of a match."""

    OFFERED = "OFFERED"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    TIMED_OUT = "TIMED_OUT"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


class ClaimCategory(StrEnum):
    """What a rider holds against a premium trip."""

    LATE = "LATE"
    VEHICLE = "VEHICLE"
    CLEANLINESS = "CLEANLINESS"
    BEHAVIOUR = "BEHAVIOUR"
    DRIVING = "DRIVING"
    ROUTE = "ROUTE"


class RefundStatus(StrEnum):
    """What became of a claim under the refund guarantee."""

    PENDING_REVIEW = "PENDING_REVIEW"
    APPROVED = "APPROVED"
    REFUSED = "REFUSED"


class LoyaltyTier(StrEnum):
    BASIC = "BASIC"
    PLUS = "PLUS"
    ELITE = "ELITE"
    PLATINUM_RIDER = "PLATINUM_RIDER"


class TripStatus(StrEnum):
    ASSIGNED = "ASSIGNED"
    EN_ROUTE = "EN_ROUTE"
    PICKED_UP = "PICKED_UP"
    IN_TRANSIT = "IN_TRANSIT"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"


class VehicleType(StrEnum):
    SEDAN = "SEDAN"
    SUV = "SUV"
    LUXURY_SEDAN = "LUXURY_SEDAN"
    LUXURY_SUV = "LUXURY_SUV"
    VAN = "VAN"
    MOTO = "MOTO"
    SCOOTER = "SCOOTER"
    TRUCK = "TRUCK"


class PaymentMethod(StrEnum):
    CARD = "CARD"
    WALLET = "WALLET"
    CASH = "CASH"
    CORPORATE = "CORPORATE"


class PaymentStatus(StrEnum):
    AUTHORISED = "AUTHORISED"
    CAPTURED = "CAPTURED"
    FAILED = "FAILED"
    REFUNDED = "REFUNDED"
    CHARGED_BACK = "CHARGED_BACK"


class PaymentKind(StrEnum):
    CHARGE = "CHARGE"
    REFUND = "REFUND"
    FEE = "FEE"
    PAYOUT = "PAYOUT"
    BONUS = "BONUS"


class CancelledBy(StrEnum):
    RIDER = "RIDER"
    DRIVER = "DRIVER"
    SYSTEM = "SYSTEM"


class ExposureKind(StrEnum):
    QUOTE = "QUOTE"
    OFFER = "OFFER"
    DISPATCH = "DISPATCH"


class ReasonCode(StrEnum):
    """Why a conversation went to a person (docs/domain.md, escalation rules)."""

    SAFETY = "SAFETY"
    USER_REQUEST = "USER_REQUEST"
    FRAUD_REPORT = "FRAUD_REPORT"
    NEGATIVE_SENTIMENT = "NEGATIVE_SENTIMENT"
    HIGH_PRIORITY_INTENT = "HIGH_PRIORITY_INTENT"
    HIGH_VALUE_CUSTOMER = "HIGH_VALUE_CUSTOMER"
    LOW_CONFIDENCE = "LOW_CONFIDENCE"
    NO_KNOWLEDGE_FOUND = "NO_KNOWLEDGE_FOUND"
    AI_ERROR = "AI_ERROR"


class Role(StrEnum):
    """Who calls the API: a user of the product, an agent, an administrator, another service."""

    USER = "USER"
    AGENT = "AGENT"
    ADMIN = "ADMIN"
    SERVICE = "SERVICE"
