"""Nightly KPIs as Ibis expressions: the same figures on DuckDB, PySpark or PostgreSQL."""
