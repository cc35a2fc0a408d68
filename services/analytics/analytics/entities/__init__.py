"""Entities: what each enrollment, attempt, note, review and purchase is now, as the facts tell it."""
