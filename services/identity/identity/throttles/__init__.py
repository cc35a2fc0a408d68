"""Throttles: how often a name, an address or a mailbox may be tried, counted for all replicas together."""
