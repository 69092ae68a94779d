"""What finished cells say: contrasts, intervals, corrections, curves."""
