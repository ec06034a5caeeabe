"""Columns of an order as it was quoted: what the contribution model may look at."""

QUOTED = (
    "quoted_fare", "base_cents", "surge", "distance_km", "duration_minutes", "eta_quoted_minutes",
    "hour_of_day", "weekday",
)  # fmt: skip
NUMERIC = (*QUOTED, "arithmetic_cents")
CATEGORICAL = ("vertical", "service_class", "ride_type")
INPUTS = (*NUMERIC, *CATEGORICAL)
KNOWN_AT = dict.fromkeys(INPUTS, "QUOTE")
