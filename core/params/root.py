"""The whole of params.yaml: one field per section."""

from core.params.api import ApiParams, MailParams
from core.params.base import Section
from core.params.data import GateParams, SimulatorParams, UpkeepParams
from core.params.decisions import BookingParams, MatchingParams, PricingParams, SupportParams
from core.params.evaluate import EvaluateParams, MonitoringParams
from core.params.kpis import AiPerformanceParams, PremiumMetricsParams, ProfitKpisParams
from core.params.language import (
    EncoderParams,
    IntentParams,
    KnowledgeBaseParams,
    LocationsParams,
    SentimentParams,
    TextFilesParams,
)
from core.params.tabular import (
    AcceptanceParams,
    ContributionParams,
    DemandParams,
    DriverQualificationParams,
    RealTripsParams,
)


class Params(Section):
    """Every number that changes a result."""

    simulator: SimulatorParams
    gate: GateParams
    knowledge_base: KnowledgeBaseParams
    encoder: EncoderParams
    intent: IntentParams
    sentiment: SentimentParams
    locations: LocationsParams
    text_files: TextFilesParams
    driver_qualification: DriverQualificationParams
    demand: DemandParams
    acceptance: AcceptanceParams
    contribution: ContributionParams
    real_trips: RealTripsParams
    evaluate: EvaluateParams
    ai_performance: AiPerformanceParams
    profit_kpis: ProfitKpisParams
    premium_metrics: PremiumMetricsParams
    monitoring: MonitoringParams
    upkeep: UpkeepParams
    pricing: PricingParams
    matching: MatchingParams
    bookings: BookingParams
    support: SupportParams
    api: ApiParams
    mail: MailParams
