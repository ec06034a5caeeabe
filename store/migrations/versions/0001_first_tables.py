"""first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

JSON = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def words(name: str, *values: str) -> sa.Enum:
    """A text column with a CHECK that it holds one of ``values``."""
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    op.create_table(
        "ai_knowledge_base",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kb_code", sa.String(length=16), nullable=False),
        sa.Column("category", sa.String(length=100), nullable=False),
        sa.Column("intent", sa.String(length=64), nullable=False),
        sa.Column("question", sa.String(length=500), nullable=False),
        sa.Column("variants", JSON, nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("keywords", JSON, nullable=False),
        sa.Column("service_types", JSON, nullable=False),
        sa.Column(
            "audience", words("audience", "RIDER", "DRIVER", "CORPORATE", "ALL"), nullable=False
        ),
        sa.Column("language_code", sa.String(length=8), nullable=False),
        sa.Column("status", words("status", "DRAFT", "ACTIVE", "INACTIVE"), nullable=False),
        sa.Column("item_version", sa.Integer(), nullable=False),
        sa.Column("origin_hash", sa.String(length=64), nullable=True),
        sa.Column("edited_by", sa.String(length=64), nullable=True),
        sa.Column("usage_count", sa.Integer(), nullable=False),
        sa.Column("success_rate", sa.Double(), nullable=True),
        sa.Column("last_updated", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "item_version >= 1", name=op.f("ck_ai_knowledge_base_item_version_range")
        ),
        sa.CheckConstraint(
            "length(answer) <= 2000", name=op.f("ck_ai_knowledge_base_answer_length")
        ),
        sa.CheckConstraint(
            "length(category) <= 100", name=op.f("ck_ai_knowledge_base_category_length")
        ),
        sa.CheckConstraint(
            "length(question) <= 500", name=op.f("ck_ai_knowledge_base_question_length")
        ),
        sa.CheckConstraint(
            "success_rate >= 0 AND success_rate <= 1",
            name=op.f("ck_ai_knowledge_base_success_rate_range"),
        ),
        sa.CheckConstraint("usage_count >= 0", name=op.f("ck_ai_knowledge_base_usage_count_range")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ai_knowledge_base")),
        sa.UniqueConstraint("kb_code", name=op.f("uq_ai_knowledge_base_kb_code")),
    )
    with op.batch_alter_table("ai_knowledge_base", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_ai_knowledge_base_category_intent"), ["category", "intent"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_ai_knowledge_base_status_language_code_audience"),
            ["status", "language_code", "audience"],
            unique=False,
        )

    op.create_table(
        "ai_performance_metrics",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("total_conversations", sa.Integer(), nullable=False),
        sa.Column("human_handled_conversations", sa.Integer(), nullable=False),
        sa.Column("ai_handled_conversations", sa.Integer(), nullable=False),
        sa.Column("automation_rate", sa.Double(), nullable=True),
        sa.Column("automated_resolution_rate", sa.Double(), nullable=True),
        sa.Column("avg_confidence_score", sa.Double(), nullable=True),
        sa.Column("avg_response_time_seconds", sa.Double(), nullable=True),
        sa.Column("p50_response_time_ms", sa.Double(), nullable=True),
        sa.Column("p95_response_time_ms", sa.Double(), nullable=True),
        sa.Column("p99_response_time_ms", sa.Double(), nullable=True),
        sa.Column("avg_resolution_time_minutes", sa.Double(), nullable=True),
        sa.Column("user_satisfaction_score", sa.Double(), nullable=True),
        sa.Column("user_satisfaction_score_ai", sa.Double(), nullable=True),
        sa.Column("user_satisfaction_score_human", sa.Double(), nullable=True),
        sa.Column("first_contact_resolution_rate", sa.Double(), nullable=True),
        sa.Column("escalation_rate", sa.Double(), nullable=True),
        sa.Column("resolution_confirmed_count", sa.Integer(), nullable=False),
        sa.Column("resolution_assumed_count", sa.Integer(), nullable=False),
        sa.Column("resolution_agent_count", sa.Integer(), nullable=False),
        sa.Column("kb_hit_rate", sa.Double(), nullable=True),
        sa.Column("cost_per_conversation_cents", sa.Double(), nullable=True),
        sa.Column("savings_cents", sa.BigInteger(), nullable=False),
        sa.Column("sla_first_response_rate", sa.Double(), nullable=True),
        sa.Column("sla_resolution_rate", sa.Double(), nullable=True),
        sa.Column("is_final", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "ai_handled_conversations >= 0",
            name=op.f("ck_ai_performance_metrics_ai_handled_conversations_range"),
        ),
        sa.CheckConstraint(
            "automated_resolution_rate >= 0 AND automated_resolution_rate <= 1",
            name=op.f("ck_ai_performance_metrics_automated_resolution_rate_range"),
        ),
        sa.CheckConstraint(
            "automation_rate >= 0 AND automation_rate <= 1",
            name=op.f("ck_ai_performance_metrics_automation_rate_range"),
        ),
        sa.CheckConstraint(
            "avg_confidence_score >= 0 AND avg_confidence_score <= 1",
            name=op.f("ck_ai_performance_metrics_avg_confidence_score_range"),
        ),
        sa.CheckConstraint(
            "escalation_rate >= 0 AND escalation_rate <= 1",
            name=op.f("ck_ai_performance_metrics_escalation_rate_range"),
        ),
        sa.CheckConstraint(
            "first_contact_resolution_rate >= 0 AND first_contact_resolution_rate <= 1",
            name=op.f("ck_ai_performance_metrics_first_contact_resolution_rate_range"),
        ),
        sa.CheckConstraint(
            "human_handled_conversations >= 0",
            name=op.f("ck_ai_performance_metrics_human_handled_conversations_range"),
        ),
        sa.CheckConstraint(
            "kb_hit_rate >= 0 AND kb_hit_rate <= 1",
            name=op.f("ck_ai_performance_metrics_kb_hit_rate_range"),
        ),
        sa.CheckConstraint(
            "sla_first_response_rate >= 0 AND sla_first_response_rate <= 1",
            name=op.f("ck_ai_performance_metrics_sla_first_response_rate_range"),
        ),
        sa.CheckConstraint(
            "sla_resolution_rate >= 0 AND sla_resolution_rate <= 1",
            name=op.f("ck_ai_performance_metrics_sla_resolution_rate_range"),
        ),
        sa.CheckConstraint(
            "total_conversations = human_handled_conversations + ai_handled_conversations",
            name=op.f("ck_ai_performance_metrics_handled_adds_up"),
        ),
        sa.CheckConstraint(
            "user_satisfaction_score >= 1 AND user_satisfaction_score <= 5",
            name=op.f("ck_ai_performance_metrics_user_satisfaction_score_range"),
        ),
        sa.CheckConstraint(
            "user_satisfaction_score_ai >= 1 AND user_satisfaction_score_ai <= 5",
            name=op.f("ck_ai_performance_metrics_user_satisfaction_score_ai_range"),
        ),
        sa.CheckConstraint(
            "user_satisfaction_score_human >= 1 AND user_satisfaction_score_human <= 5",
            name=op.f("ck_ai_performance_metrics_user_satisfaction_score_human_range"),
        ),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_ai_performance_metrics")),
    )
    op.create_table(
        "ai_performance_slices",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column(
            "dimension",
            words(
                "dimension", "intent", "complexity", "priority", "vertical", "language", "channel"
            ),
            nullable=False,
        ),
        sa.Column("value", sa.String(length=64), nullable=False),
        sa.Column("total_conversations", sa.Integer(), nullable=False),
        sa.Column("human_handled_conversations", sa.Integer(), nullable=False),
        sa.Column("ai_handled_conversations", sa.Integer(), nullable=False),
        sa.Column("automation_rate", sa.Double(), nullable=True),
        sa.Column("automated_resolution_rate", sa.Double(), nullable=True),
        sa.Column("avg_confidence_score", sa.Double(), nullable=True),
        sa.Column("avg_response_time_seconds", sa.Double(), nullable=True),
        sa.Column("p50_response_time_ms", sa.Double(), nullable=True),
        sa.Column("p95_response_time_ms", sa.Double(), nullable=True),
        sa.Column("p99_response_time_ms", sa.Double(), nullable=True),
        sa.Column("avg_resolution_time_minutes", sa.Double(), nullable=True),
        sa.Column("user_satisfaction_score", sa.Double(), nullable=True),
        sa.Column("user_satisfaction_score_ai", sa.Double(), nullable=True),
        sa.Column("user_satisfaction_score_human", sa.Double(), nullable=True),
        sa.Column("first_contact_resolution_rate", sa.Double(), nullable=True),
        sa.Column("escalation_rate", sa.Double(), nullable=True),
        sa.Column("resolution_confirmed_count", sa.Integer(), nullable=False),
        sa.Column("resolution_assumed_count", sa.Integer(), nullable=False),
        sa.Column("resolution_agent_count", sa.Integer(), nullable=False),
        sa.Column("kb_hit_rate", sa.Double(), nullable=True),
        sa.Column("cost_per_conversation_cents", sa.Double(), nullable=True),
        sa.Column("savings_cents", sa.BigInteger(), nullable=False),
        sa.Column("sla_first_response_rate", sa.Double(), nullable=True),
        sa.Column("sla_resolution_rate", sa.Double(), nullable=True),
        sa.Column("is_final", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "ai_handled_conversations >= 0",
            name=op.f("ck_ai_performance_slices_ai_handled_conversations_range"),
        ),
        sa.CheckConstraint(
            "automated_resolution_rate >= 0 AND automated_resolution_rate <= 1",
            name=op.f("ck_ai_performance_slices_automated_resolution_rate_range"),
        ),
        sa.CheckConstraint(
            "automation_rate >= 0 AND automation_rate <= 1",
            name=op.f("ck_ai_performance_slices_automation_rate_range"),
        ),
        sa.CheckConstraint(
            "avg_confidence_score >= 0 AND avg_confidence_score <= 1",
            name=op.f("ck_ai_performance_slices_avg_confidence_score_range"),
        ),
        sa.CheckConstraint(
            "escalation_rate >= 0 AND escalation_rate <= 1",
            name=op.f("ck_ai_performance_slices_escalation_rate_range"),
        ),
        sa.CheckConstraint(
            "first_contact_resolution_rate >= 0 AND first_contact_resolution_rate <= 1",
            name=op.f("ck_ai_performance_slices_first_contact_resolution_rate_range"),
        ),
        sa.CheckConstraint(
            "human_handled_conversations >= 0",
            name=op.f("ck_ai_performance_slices_human_handled_conversations_range"),
        ),
        sa.CheckConstraint(
            "kb_hit_rate >= 0 AND kb_hit_rate <= 1",
            name=op.f("ck_ai_performance_slices_kb_hit_rate_range"),
        ),
        sa.CheckConstraint(
            "sla_first_response_rate >= 0 AND sla_first_response_rate <= 1",
            name=op.f("ck_ai_performance_slices_sla_first_response_rate_range"),
        ),
        sa.CheckConstraint(
            "sla_resolution_rate >= 0 AND sla_resolution_rate <= 1",
            name=op.f("ck_ai_performance_slices_sla_resolution_rate_range"),
        ),
        sa.CheckConstraint(
            "total_conversations = human_handled_conversations + ai_handled_conversations",
            name=op.f("ck_ai_performance_slices_handled_adds_up"),
        ),
        sa.CheckConstraint(
            "user_satisfaction_score >= 1 AND user_satisfaction_score <= 5",
            name=op.f("ck_ai_performance_slices_user_satisfaction_score_range"),
        ),
        sa.CheckConstraint(
            "user_satisfaction_score_ai >= 1 AND user_satisfaction_score_ai <= 5",
            name=op.f("ck_ai_performance_slices_user_satisfaction_score_ai_range"),
        ),
        sa.CheckConstraint(
            "user_satisfaction_score_human >= 1 AND user_satisfaction_score_human <= 5",
            name=op.f("ck_ai_performance_slices_user_satisfaction_score_human_range"),
        ),
        sa.PrimaryKeyConstraint("day", "dimension", "value", name=op.f("pk_ai_performance_slices")),
    )
    op.create_table(
        "escalation_rules",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("rule_name", sa.String(length=100), nullable=False),
        sa.Column("condition", JSON, nullable=False),
        sa.Column("action", JSON, nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("priority >= 1", name=op.f("ck_escalation_rules_priority_range")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_escalation_rules")),
        sa.UniqueConstraint("rule_name", name=op.f("uq_escalation_rules_rule_name")),
    )
    with op.batch_alter_table("escalation_rules", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_escalation_rules_active_priority"), ["active", "priority"], unique=False
        )

    op.create_table(
        "feature_values",
        sa.Column("feature", sa.String(length=64), nullable=False),
        sa.Column("entity", sa.String(length=64), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("feature", "entity", "as_of", name=op.f("pk_feature_values")),
    )
    op.create_table(
        "monitoring_results",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("check_name", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("status", words("status", "OK", "WARN", "ALERT"), nullable=False),
        sa.Column("detail", JSON, nullable=True),
        sa.PrimaryKeyConstraint(
            "day", "check_name", "subject", "name", name=op.f("pk_monitoring_results")
        ),
    )
    with op.batch_alter_table("monitoring_results", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_monitoring_results_status_day"), ["status", "day"], unique=False
        )

    op.create_table(
        "premium_driver_qualifications",
        sa.Column("driver_id", sa.String(length=64), nullable=False),
        sa.Column("evaluated_on", sa.Date(), nullable=False),
        sa.Column("qualified", sa.Boolean(), nullable=False),
        sa.Column("gates_passed", sa.Boolean(), nullable=False),
        sa.Column(
            "tier", words("tier", "NONE", "BRONZE", "SILVER", "GOLD", "PLATINUM"), nullable=False
        ),
        sa.Column("probability", sa.Double(), nullable=True),
        sa.Column("threshold", sa.Double(), nullable=True),
        sa.Column("rating", sa.Double(), nullable=True),
        sa.Column("quality_score", sa.Double(), nullable=True),
        sa.Column("reasons", JSON, nullable=False),
        sa.Column("model_version", sa.String(length=64), nullable=True),
        sa.Column("release_id", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            "qualified = (tier <> 'NONE')",
            name=op.f("ck_premium_driver_qualifications_tier_is_for_qualified"),
        ),
        sa.CheckConstraint(
            "NOT qualified OR gates_passed",
            name=op.f("ck_premium_driver_qualifications_qualified_passed_gates"),
        ),
        sa.CheckConstraint(
            "probability >= 0 AND probability <= 1",
            name=op.f("ck_premium_driver_qualifications_probability_range"),
        ),
        sa.CheckConstraint(
            "quality_score >= 0 AND quality_score <= 100",
            name=op.f("ck_premium_driver_qualifications_quality_score_range"),
        ),
        sa.CheckConstraint(
            "threshold >= 0 AND threshold <= 1",
            name=op.f("ck_premium_driver_qualifications_threshold_range"),
        ),
        sa.PrimaryKeyConstraint(
            "driver_id", "evaluated_on", name=op.f("pk_premium_driver_qualifications")
        ),
    )
    with op.batch_alter_table("premium_driver_qualifications", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_premium_driver_qualifications_evaluated_on_qualified"),
            ["evaluated_on", "qualified"],
            unique=False,
        )

    op.create_table(
        "premium_drivers",
        sa.Column("driver_id", sa.String(length=64), nullable=False),
        sa.Column(
            "status",
            words(
                "status", "NOT_QUALIFIED", "QUALIFIED", "WARNING", "SUSPENSION_PROPOSED", "LAPSED"
            ),
            nullable=False,
        ),
        sa.Column(
            "tier", words("tier", "NONE", "BRONZE", "SILVER", "GOLD", "PLATINUM"), nullable=False
        ),
        sa.Column("quality_score", sa.Double(), nullable=True),
        sa.Column("nights_below_standard", sa.Integer(), nullable=False),
        sa.Column("qualified_since", sa.Date(), nullable=True),
        sa.Column("evaluated_on", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "nights_below_standard >= 0",
            name=op.f("ck_premium_drivers_nights_below_standard_range"),
        ),
        sa.CheckConstraint(
            "quality_score >= 0 AND quality_score <= 100",
            name=op.f("ck_premium_drivers_quality_score_range"),
        ),
        sa.PrimaryKeyConstraint("driver_id", name=op.f("pk_premium_drivers")),
    )
    with op.batch_alter_table("premium_drivers", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_premium_drivers_evaluated_on"), ["evaluated_on"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_premium_drivers_status_tier"), ["status", "tier"], unique=False
        )

    op.create_table(
        "premium_metrics",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("ride_completed", sa.Integer(), nullable=False),
        sa.Column("premium_requests", sa.Integer(), nullable=False),
        sa.Column("premium_completed", sa.Integer(), nullable=False),
        sa.Column("adoption", sa.Double(), nullable=True),
        sa.Column("premium_revenue_cents", sa.BigInteger(), nullable=False),
        sa.Column("average_fee_cents", sa.Double(), nullable=True),
        sa.Column("match_rate", sa.Double(), nullable=True),
        sa.Column("fallback_rate", sa.Double(), nullable=True),
        sa.Column("mean_pickup_minutes", sa.Double(), nullable=True),
        sa.Column("p90_pickup_minutes", sa.Double(), nullable=True),
        sa.Column("nearest_mean_pickup_minutes", sa.Double(), nullable=True),
        sa.Column("nearest_p90_pickup_minutes", sa.Double(), nullable=True),
        sa.Column("mean_ride_rating", sa.Double(), nullable=True),
        sa.Column("refund_rate", sa.Double(), nullable=True),
        sa.Column("repeat_rate", sa.Double(), nullable=True),
        sa.Column("utilisation", sa.Double(), nullable=True),
        sa.Column("earnings_gini", sa.Double(), nullable=True),
        sa.Column("retention", sa.Double(), nullable=True),
        sa.CheckConstraint(
            "adoption >= 0 AND adoption <= 1", name=op.f("ck_premium_metrics_adoption_range")
        ),
        sa.CheckConstraint(
            "earnings_gini >= 0 AND earnings_gini <= 1",
            name=op.f("ck_premium_metrics_earnings_gini_range"),
        ),
        sa.CheckConstraint(
            "fallback_rate >= 0 AND fallback_rate <= 1",
            name=op.f("ck_premium_metrics_fallback_rate_range"),
        ),
        sa.CheckConstraint(
            "match_rate >= 0 AND match_rate <= 1", name=op.f("ck_premium_metrics_match_rate_range")
        ),
        sa.CheckConstraint(
            "mean_ride_rating >= 1 AND mean_ride_rating <= 5",
            name=op.f("ck_premium_metrics_mean_ride_rating_range"),
        ),
        sa.CheckConstraint(
            "refund_rate >= 0 AND refund_rate <= 1",
            name=op.f("ck_premium_metrics_refund_rate_range"),
        ),
        sa.CheckConstraint(
            "repeat_rate >= 0 AND repeat_rate <= 1",
            name=op.f("ck_premium_metrics_repeat_rate_range"),
        ),
        sa.CheckConstraint(
            "retention >= 0 AND retention <= 1", name=op.f("ck_premium_metrics_retention_range")
        ),
        sa.CheckConstraint(
            "utilisation >= 0 AND utilisation <= 1",
            name=op.f("ck_premium_metrics_utilisation_range"),
        ),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_premium_metrics")),
    )
    op.create_table(
        "profit_kpi_slices",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("zone_id", sa.String(length=64), nullable=False),
        sa.Column(
            "vertical",
            words("vertical", "RIDE", "MOTO", "FOOD", "GROCERY", "GOODS", "TRUCK_VAN"),
            nullable=False,
        ),
        sa.Column(
            "service_class",
            words("service_class", "STANDARD", "LUXURY", "PREMIUM", "VIP"),
            nullable=False,
        ),
        sa.Column("gross_fare_cents", sa.BigInteger(), nullable=False),
        sa.Column("promotions_cents", sa.BigInteger(), nullable=False),
        sa.Column("refunds_cents", sa.BigInteger(), nullable=False),
        sa.Column("net_bookings_cents", sa.BigInteger(), nullable=False),
        sa.Column("driver_pay_cents", sa.BigInteger(), nullable=False),
        sa.Column("net_revenue_cents", sa.BigInteger(), nullable=False),
        sa.Column("payment_fees_cents", sa.BigInteger(), nullable=False),
        sa.Column("insurance_cents", sa.BigInteger(), nullable=False),
        sa.Column("support_cost_cents", sa.BigInteger(), nullable=False),
        sa.Column("infrastructure_cents", sa.BigInteger(), nullable=False),
        sa.Column("costs_cents", sa.BigInteger(), nullable=False),
        sa.Column("contribution_cents", sa.BigInteger(), nullable=False),
        sa.Column("leakage_detected_cents", sa.BigInteger(), nullable=False),
        sa.Column("leakage_recovered_cents", sa.BigInteger(), nullable=False),
        sa.Column("leakage_undetected_cents", sa.BigInteger(), nullable=False),
        sa.Column("identified_cents", sa.BigInteger(), nullable=False),
        sa.Column("captured_cents", sa.BigInteger(), nullable=False),
        sa.Column("requested_orders", sa.Integer(), nullable=False),
        sa.Column("completed_orders", sa.Integer(), nullable=False),
        sa.Column("cancelled_orders", sa.Integer(), nullable=False),
        sa.Column("expired_orders", sa.Integer(), nullable=False),
        sa.Column("quotes_shown", sa.Integer(), nullable=False),
        sa.Column("quotes_accepted", sa.Integer(), nullable=False),
        sa.Column("eta_known", sa.Integer(), nullable=False),
        sa.Column("eta_hits", sa.Integer(), nullable=False),
        sa.Column("online_minutes", sa.Double(), nullable=False),
        sa.Column("engaged_minutes", sa.Double(), nullable=False),
        sa.Column("take_rate", sa.Double(), nullable=True),
        sa.Column("profit_margin", sa.Double(), nullable=True),
        sa.Column("contribution_margin", sa.Double(), nullable=True),
        sa.Column("cost_per_transaction_cents", sa.Double(), nullable=True),
        sa.Column("leakage_rate", sa.Double(), nullable=True),
        sa.Column("revenue_capture_rate", sa.Double(), nullable=True),
        sa.Column("driver_utilization", sa.Double(), nullable=True),
        sa.Column("profit_growth", sa.Double(), nullable=True),
        sa.Column("cost_efficiency_score", sa.Double(), nullable=True),
        sa.Column("optimization_score", sa.Double(), nullable=True),
        sa.Column("average_order_value_cents", sa.Double(), nullable=True),
        sa.Column("acceptance_rate", sa.Double(), nullable=True),
        sa.Column("cancellation_rate", sa.Double(), nullable=True),
        sa.Column("eta_accuracy", sa.Double(), nullable=True),
        sa.CheckConstraint(
            "acceptance_rate >= 0 AND acceptance_rate <= 1",
            name=op.f("ck_profit_kpi_slices_acceptance_rate_range"),
        ),
        sa.CheckConstraint(
            "cancellation_rate >= 0 AND cancellation_rate <= 1",
            name=op.f("ck_profit_kpi_slices_cancellation_rate_range"),
        ),
        sa.CheckConstraint(
            "contribution_cents = net_revenue_cents - costs_cents",
            name=op.f("ck_profit_kpi_slices_contribution_adds_up"),
        ),
        sa.CheckConstraint(
            "cost_efficiency_score >= 0 AND cost_efficiency_score <= 100",
            name=op.f("ck_profit_kpi_slices_cost_efficiency_score_range"),
        ),
        sa.CheckConstraint(
            "costs_cents = payment_fees_cents + insurance_cents + support_cost_cents + infrastructure_cents",
            name=op.f("ck_profit_kpi_slices_costs_add_up"),
        ),
        sa.CheckConstraint(
            "eta_accuracy >= 0 AND eta_accuracy <= 1",
            name=op.f("ck_profit_kpi_slices_eta_accuracy_range"),
        ),
        sa.CheckConstraint(
            "eta_hits <= eta_known", name=op.f("ck_profit_kpi_slices_eta_hits_known")
        ),
        sa.CheckConstraint(
            "net_bookings_cents = gross_fare_cents - promotions_cents - refunds_cents",
            name=op.f("ck_profit_kpi_slices_net_bookings_adds_up"),
        ),
        sa.CheckConstraint(
            "net_revenue_cents = net_bookings_cents - driver_pay_cents",
            name=op.f("ck_profit_kpi_slices_net_revenue_adds_up"),
        ),
        sa.CheckConstraint(
            "optimization_score >= 0 AND optimization_score <= 100",
            name=op.f("ck_profit_kpi_slices_optimization_score_range"),
        ),
        sa.CheckConstraint(
            "quotes_accepted <= quotes_shown", name=op.f("ck_profit_kpi_slices_accepted_were_shown")
        ),
        sa.PrimaryKeyConstraint(
            "day", "zone_id", "vertical", "service_class", name=op.f("pk_profit_kpi_slices")
        ),
    )
    op.create_table(
        "profit_optimization_metrics",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("active_riders", sa.Integer(), nullable=False),
        sa.Column("churned_riders", sa.Integer(), nullable=True),
        sa.Column("revenue_per_user_cents", sa.Double(), nullable=True),
        sa.Column("orders_per_active_rider", sa.Double(), nullable=True),
        sa.Column("subscription_conversion", sa.Double(), nullable=True),
        sa.Column("optimization_actions", sa.Integer(), nullable=False),
        sa.Column("optimization_value_cents", sa.BigInteger(), nullable=True),
        sa.Column("gross_fare_cents", sa.BigInteger(), nullable=False),
        sa.Column("promotions_cents", sa.BigInteger(), nullable=False),
        sa.Column("refunds_cents", sa.BigInteger(), nullable=False),
        sa.Column("net_bookings_cents", sa.BigInteger(), nullable=False),
        sa.Column("driver_pay_cents", sa.BigInteger(), nullable=False),
        sa.Column("net_revenue_cents", sa.BigInteger(), nullable=False),
        sa.Column("payment_fees_cents", sa.BigInteger(), nullable=False),
        sa.Column("insurance_cents", sa.BigInteger(), nullable=False),
        sa.Column("support_cost_cents", sa.BigInteger(), nullable=False),
        sa.Column("infrastructure_cents", sa.BigInteger(), nullable=False),
        sa.Column("costs_cents", sa.BigInteger(), nullable=False),
        sa.Column("contribution_cents", sa.BigInteger(), nullable=False),
        sa.Column("leakage_detected_cents", sa.BigInteger(), nullable=False),
        sa.Column("leakage_recovered_cents", sa.BigInteger(), nullable=False),
        sa.Column("leakage_undetected_cents", sa.BigInteger(), nullable=False),
        sa.Column("identified_cents", sa.BigInteger(), nullable=False),
        sa.Column("captured_cents", sa.BigInteger(), nullable=False),
        sa.Column("requested_orders", sa.Integer(), nullable=False),
        sa.Column("completed_orders", sa.Integer(), nullable=False),
        sa.Column("cancelled_orders", sa.Integer(), nullable=False),
        sa.Column("expired_orders", sa.Integer(), nullable=False),
        sa.Column("quotes_shown", sa.Integer(), nullable=False),
        sa.Column("quotes_accepted", sa.Integer(), nullable=False),
        sa.Column("eta_known", sa.Integer(), nullable=False),
        sa.Column("eta_hits", sa.Integer(), nullable=False),
        sa.Column("online_minutes", sa.Double(), nullable=False),
        sa.Column("engaged_minutes", sa.Double(), nullable=False),
        sa.Column("take_rate", sa.Double(), nullable=True),
        sa.Column("profit_margin", sa.Double(), nullable=True),
        sa.Column("contribution_margin", sa.Double(), nullable=True),
        sa.Column("cost_per_transaction_cents", sa.Double(), nullable=True),
        sa.Column("leakage_rate", sa.Double(), nullable=True),
        sa.Column("revenue_capture_rate", sa.Double(), nullable=True),
        sa.Column("driver_utilization", sa.Double(), nullable=True),
        sa.Column("profit_growth", sa.Double(), nullable=True),
        sa.Column("cost_efficiency_score", sa.Double(), nullable=True),
        sa.Column("optimization_score", sa.Double(), nullable=True),
        sa.Column("average_order_value_cents", sa.Double(), nullable=True),
        sa.Column("acceptance_rate", sa.Double(), nullable=True),
        sa.Column("cancellation_rate", sa.Double(), nullable=True),
        sa.Column("eta_accuracy", sa.Double(), nullable=True),
        sa.CheckConstraint(
            "acceptance_rate >= 0 AND acceptance_rate <= 1",
            name=op.f("ck_profit_optimization_metrics_acceptance_rate_range"),
        ),
        sa.CheckConstraint(
            "cancellation_rate >= 0 AND cancellation_rate <= 1",
            name=op.f("ck_profit_optimization_metrics_cancellation_rate_range"),
        ),
        sa.CheckConstraint(
            "contribution_cents = net_revenue_cents - costs_cents",
            name=op.f("ck_profit_optimization_metrics_contribution_adds_up"),
        ),
        sa.CheckConstraint(
            "cost_efficiency_score >= 0 AND cost_efficiency_score <= 100",
            name=op.f("ck_profit_optimization_metrics_cost_efficiency_score_range"),
        ),
        sa.CheckConstraint(
            "costs_cents = payment_fees_cents + insurance_cents + support_cost_cents + infrastructure_cents",
            name=op.f("ck_profit_optimization_metrics_costs_add_up"),
        ),
        sa.CheckConstraint(
            "eta_accuracy >= 0 AND eta_accuracy <= 1",
            name=op.f("ck_profit_optimization_metrics_eta_accuracy_range"),
        ),
        sa.CheckConstraint(
            "eta_hits <= eta_known", name=op.f("ck_profit_optimization_metrics_eta_hits_known")
        ),
        sa.CheckConstraint(
            "net_bookings_cents = gross_fare_cents - promotions_cents - refunds_cents",
            name=op.f("ck_profit_optimization_metrics_net_bookings_adds_up"),
        ),
        sa.CheckConstraint(
            "net_revenue_cents = net_bookings_cents - driver_pay_cents",
            name=op.f("ck_profit_optimization_metrics_net_revenue_adds_up"),
        ),
        sa.CheckConstraint(
            "optimization_score >= 0 AND optimization_score <= 100",
            name=op.f("ck_profit_optimization_metrics_optimization_score_range"),
        ),
        sa.CheckConstraint(
            "quotes_accepted <= quotes_shown",
            name=op.f("ck_profit_optimization_metrics_accepted_were_shown"),
        ),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_profit_optimization_metrics")),
    )
    op.create_table(
        "promotion_audit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column("alias", sa.String(length=32), nullable=False),
        sa.Column("from_version", sa.String(length=64), nullable=True),
        sa.Column("to_version", sa.String(length=64), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("manifest", JSON, nullable=True),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("moved_by", sa.String(length=100), nullable=False),
        sa.CheckConstraint("length(why) >= 1", name=op.f("ck_promotion_audit_why_given")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotion_audit")),
    )
    with op.batch_alter_table("promotion_audit", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_promotion_audit_subject_moved_at"), ["subject", "moved_at"], unique=False
        )

    op.create_table(
        "release_pointers",
        sa.Column("product", words("product", "support", "premium", "profit"), nullable=False),
        sa.Column("release_id", sa.String(length=64), nullable=False),
        sa.Column("previous_release_id", sa.String(length=64), nullable=True),
        sa.Column("manifest", JSON, nullable=False),
        sa.Column("moved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("moved_by", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("product", name=op.f("pk_release_pointers")),
    )
    op.create_table(
        "retention_log",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("subject", sa.String(length=100), nullable=False),
        sa.Column("cutoff", sa.Date(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.CheckConstraint("removed >= 0", name=op.f("ck_retention_log_removed_range")),
        sa.PrimaryKeyConstraint("day", "subject", name=op.f("pk_retention_log")),
    )
    op.create_table(
        "support_agents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column(
            "specialization",
            words("specialization", "SAFETY", "FRAUD", "BILLING", "GENERAL"),
            nullable=False,
        ),
        sa.Column("language_skills", JSON, nullable=False),
        sa.Column(
            "availability_status",
            words("availability_status", "AVAILABLE", "BUSY", "OFFLINE"),
            nullable=False,
        ),
        sa.Column("max_concurrent", sa.Integer(), nullable=False),
        sa.Column("current_load", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "current_load <= max_concurrent", name=op.f("ck_support_agents_load_limit")
        ),
        sa.CheckConstraint("current_load >= 0", name=op.f("ck_support_agents_current_load_range")),
        sa.CheckConstraint(
            "max_concurrent >= 1", name=op.f("ck_support_agents_max_concurrent_range")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_agents")),
        sa.UniqueConstraint("user_id", name=op.f("uq_support_agents_user_id")),
    )
    with op.batch_alter_table("support_agents", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_support_agents_availability_status_specialization"),
            ["availability_status", "specialization"],
            unique=False,
        )

    op.create_table(
        "ai_knowledge_base_versions",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("item_version", sa.Integer(), nullable=False),
        sa.Column("status", words("status", "DRAFT", "ACTIVE", "INACTIVE"), nullable=False),
        sa.Column("item", JSON, nullable=False),
        sa.Column("edited_by", sa.String(length=64), nullable=True),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "item_version >= 1", name=op.f("ck_ai_knowledge_base_versions_item_version_range")
        ),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["ai_knowledge_base.id"],
            name=op.f("fk_ai_knowledge_base_versions_item_id_ai_knowledge_base"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_ai_knowledge_base_versions")),
        sa.UniqueConstraint(
            "item_id",
            "item_version",
            name=op.f("uq_ai_knowledge_base_versions_item_id_item_version"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "support_conversations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.String(length=64), nullable=False),
        sa.Column("channel", words("channel", "CHAT", "VOICE", "EMAIL"), nullable=False),
        sa.Column(
            "status",
            words("status", "OPEN", "IN_PROGRESS", "ESCALATED", "RESOLVED", "CLOSED"),
            nullable=False,
        ),
        sa.Column("ai_handled", sa.Boolean(), nullable=False),
        sa.Column("sentiment_score", sa.Double(), nullable=True),
        sa.Column("priority", words("priority", "LOW", "MEDIUM", "HIGH", "URGENT"), nullable=False),
        sa.Column("assigned_agent_id", sa.Uuid(), nullable=True),
        sa.Column("escalation_reason", sa.String(length=500), nullable=True),
        sa.Column("order_id", sa.String(length=64), nullable=True),
        sa.Column(
            "vertical",
            words("vertical", "RIDE", "MOTO", "FOOD", "GROCERY", "GOODS", "TRUCK_VAN"),
            nullable=True,
        ),
        sa.Column("intent", sa.String(length=64), nullable=True),
        sa.Column("complexity", words("complexity", "simple", "medium", "complex"), nullable=True),
        sa.Column("language_code", sa.String(length=8), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_response_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_agent_reply_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "resolution_kind",
            words("resolution_kind", "CONFIRMED", "AGENT", "ASSUMED"),
            nullable=True,
        ),
        sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "reason_code",
            words(
                "reason_code",
                "SAFETY",
                "USER_REQUEST",
                "FRAUD_REPORT",
                "NEGATIVE_SENTIMENT",
                "HIGH_PRIORITY_INTENT",
                "HIGH_VALUE_CUSTOMER",
                "LOW_CONFIDENCE",
                "NO_KNOWLEDGE_FOUND",
                "AI_ERROR",
            ),
            nullable=True,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(resolved_at IS NULL) = (resolution_kind IS NULL)",
            name=op.f("ck_support_conversations_resolved_has_kind"),
        ),
        sa.CheckConstraint(
            "length(escalation_reason) <= 500",
            name=op.f("ck_support_conversations_escalation_reason_length"),
        ),
        sa.CheckConstraint(
            "sentiment_score >= -1 AND sentiment_score <= 1",
            name=op.f("ck_support_conversations_sentiment_score_range"),
        ),
        sa.CheckConstraint(
            "updated_at >= created_at", name=op.f("ck_support_conversations_updated_after_created")
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_support_conversations_version_range")),
        sa.ForeignKeyConstraint(
            ["assigned_agent_id"],
            ["support_agents.id"],
            name=op.f("fk_support_conversations_assigned_agent_id_support_agents"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_conversations")),
    )
    with op.batch_alter_table("support_conversations", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_support_conversations_assigned_agent_id"),
            ["assigned_agent_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_support_conversations_created_at"), ["created_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_support_conversations_status_priority_queued_at"),
            ["status", "priority", "queued_at"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_support_conversations_user_id_intent_created_at"),
            ["user_id", "intent", "created_at"],
            unique=False,
        )

    op.create_table(
        "support_messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("client_message_id", sa.String(length=64), nullable=True),
        sa.Column("sender", words("sender", "USER", "AI", "AGENT", "SYSTEM"), nullable=False),
        sa.Column(
            "message_type",
            words("message_type", "TEXT", "VOICE_TRANSCRIPT", "SYSTEM"),
            nullable=False,
        ),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("audio_url", sa.String(length=500), nullable=True),
        sa.Column("confidence_score", sa.Double(), nullable=True),
        sa.Column(
            "action", words("action", "answer", "clarify", "abstain", "escalate"), nullable=True
        ),
        sa.Column("sources", JSON, nullable=True),
        sa.Column("language_code", sa.String(length=8), nullable=True),
        sa.Column("intent", sa.String(length=64), nullable=True),
        sa.Column("sentiment_score", sa.Double(), nullable=True),
        sa.Column("processing_time_ms", sa.Integer(), nullable=True),
        sa.Column("release", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "confidence_score >= 0 AND confidence_score <= 1",
            name=op.f("ck_support_messages_confidence_score_range"),
        ),
        sa.CheckConstraint(
            "length(content) BETWEEN 1 AND 5000", name=op.f("ck_support_messages_content_length")
        ),
        sa.CheckConstraint(
            "processing_time_ms >= 0", name=op.f("ck_support_messages_processing_time_ms_range")
        ),
        sa.CheckConstraint(
            "sentiment_score >= -1 AND sentiment_score <= 1",
            name=op.f("ck_support_messages_sentiment_score_range"),
        ),
        sa.CheckConstraint("seq >= 1", name=op.f("ck_support_messages_seq_range")),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["support_conversations.id"],
            name=op.f("fk_support_messages_conversation_id_support_conversations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support_messages")),
        sa.UniqueConstraint(
            "conversation_id",
            "client_message_id",
            name=op.f("uq_support_messages_conversation_id_client_message_id"),
        ),
        sa.UniqueConstraint(
            "conversation_id", "seq", name=op.f("uq_support_messages_conversation_id_seq")
        ),
    )
    with op.batch_alter_table("support_messages", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_support_messages_created_at"), ["created_at"], unique=False
        )

    op.create_table(
        "ai_response_feedback",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("user_rating", sa.Integer(), nullable=False),
        sa.Column("was_helpful", sa.Boolean(), nullable=True),
        sa.Column("follow_up_required", sa.Boolean(), nullable=False),
        sa.Column("user_comment", sa.String(length=1000), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "length(user_comment) <= 1000", name=op.f("ck_ai_response_feedback_user_comment_length")
        ),
        sa.CheckConstraint(
            "user_rating >= 1 AND user_rating <= 5",
            name=op.f("ck_ai_response_feedback_user_rating_range"),
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["support_conversations.id"],
            name=op.f("fk_ai_response_feedback_conversation_id_support_conversations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["support_messages.id"],
            name=op.f("fk_ai_response_feedback_message_id_support_messages"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ai_response_feedback")),
    )
    with op.batch_alter_table("ai_response_feedback", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_ai_response_feedback_conversation_id"), ["conversation_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_ai_response_feedback_created_at"), ["created_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_ai_response_feedback_message_id"), ["message_id"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("ai_response_feedback", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ai_response_feedback_message_id"))
        batch_op.drop_index(batch_op.f("ix_ai_response_feedback_created_at"))
        batch_op.drop_index(batch_op.f("ix_ai_response_feedback_conversation_id"))

    op.drop_table("ai_response_feedback")
    with op.batch_alter_table("support_messages", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_support_messages_created_at"))

    op.drop_table("support_messages")
    with op.batch_alter_table("support_conversations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_support_conversations_user_id_intent_created_at"))
        batch_op.drop_index(batch_op.f("ix_support_conversations_status_priority_queued_at"))
        batch_op.drop_index(batch_op.f("ix_support_conversations_created_at"))
        batch_op.drop_index(batch_op.f("ix_support_conversations_assigned_agent_id"))

    op.drop_table("support_conversations")
    op.drop_table("ai_knowledge_base_versions")
    with op.batch_alter_table("support_agents", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_support_agents_availability_status_specialization"))

    op.drop_table("support_agents")
    op.drop_table("retention_log")
    op.drop_table("release_pointers")
    with op.batch_alter_table("promotion_audit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_promotion_audit_subject_moved_at"))

    op.drop_table("promotion_audit")
    op.drop_table("profit_optimization_metrics")
    op.drop_table("profit_kpi_slices")
    op.drop_table("premium_metrics")
    with op.batch_alter_table("premium_drivers", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_premium_drivers_status_tier"))
        batch_op.drop_index(batch_op.f("ix_premium_drivers_evaluated_on"))

    op.drop_table("premium_drivers")
    with op.batch_alter_table("premium_driver_qualifications", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_premium_driver_qualifications_evaluated_on_qualified"))

    op.drop_table("premium_driver_qualifications")
    with op.batch_alter_table("monitoring_results", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_monitoring_results_status_day"))

    op.drop_table("monitoring_results")
    op.drop_table("feature_values")
    with op.batch_alter_table("escalation_rules", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_escalation_rules_active_priority"))

    op.drop_table("escalation_rules")
    op.drop_table("ai_performance_slices")
    op.drop_table("ai_performance_metrics")
    with op.batch_alter_table("ai_knowledge_base", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ai_knowledge_base_status_language_code_audience"))
        batch_op.drop_index(batch_op.f("ix_ai_knowledge_base_category_intent"))

    op.drop_table("ai_knowledge_base")
