"""Rows for each model of the catalog: ``inputs`` (digests, cheap) and ``build`` (the rows)."""
