"""A report as one self-contained page, piece by piece."""
