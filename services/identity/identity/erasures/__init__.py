"""Erasures: an account forgotten at its owner's wish, here and in every service, and the receipt for it."""
