"""Folding: facts into statistics, in batches, in any order, again from the beginning."""
