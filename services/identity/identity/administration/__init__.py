"""Administration: what admins see and change of other people's accounts."""
