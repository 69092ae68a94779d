"""Rows drawn by what they hold, and what all rows are to them."""
