"""Where the next money should go, from finished comparisons."""
