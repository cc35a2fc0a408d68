"""Who teaches what, kept by the events of instructor."""
