"""The assessments that there are, as assessment last told them."""
