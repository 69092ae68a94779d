"""What is trained: draws, variants, cells, the ledger that keeps them and the executors that fill it."""
