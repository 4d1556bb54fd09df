"""Training a detector, exporting it, and measuring what it finds against a known truth."""
