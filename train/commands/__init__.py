"""The subcommands of `assay` that train models."""
