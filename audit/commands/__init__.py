"""The subcommands of `assay` that look at data. Each parses, calls the library, prints, and returns an exit code."""
