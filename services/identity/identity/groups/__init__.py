"""Groups: what admins give their staff together, made and changed."""
