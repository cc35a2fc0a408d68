"""Teaching: who teaches which course now, and may see its numbers."""
