"""Rows in the plane: a map of the embeddings for the page, never evidence for a check."""
