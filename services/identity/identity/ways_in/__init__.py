"""Ways in: what lets an account's owner in, of which the last is not taken away."""
