"""Checks of every row."""
