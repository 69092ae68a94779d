"""The faces of an audit: a Report and its Verdict as terminal text, one HTML file, Markdown and JSON."""
