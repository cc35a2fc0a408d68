"""Facts: every event once, from which each statistic is folded."""
