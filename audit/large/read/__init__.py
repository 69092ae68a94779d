"""Parquet that is never whole in memory, and what is read of it."""
