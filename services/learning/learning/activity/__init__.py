"""The append-only history of what learners did, from which every statistic can be audited."""
