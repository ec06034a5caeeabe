"""Every asset that connects two DAGs, in the order they are made. Events carry a partition key."""

from airflow.sdk import Asset

LAKE = Asset("lake", uri="file://lake/days")
DRIVER_TIERS = Asset("driver_tiers", uri="file://lake/driver_tiers")
SUPPORT_CANDIDATES = Asset("support_candidates", uri="file://registry/support")
PREMIUM_CANDIDATES = Asset("premium_candidates", uri="file://registry/premium")
PROFIT_CANDIDATES = Asset("profit_candidates", uri="file://registry/profit")

CANDIDATES = {
    "support": SUPPORT_CANDIDATES,
    "premium": PREMIUM_CANDIDATES,
    "profit": PROFIT_CANDIDATES,
}
