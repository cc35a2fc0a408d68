"""Sessions: one per login, on which its tokens live and end."""
