"""The faces of a comparison: terminal text, one HTML file and Markdown."""
