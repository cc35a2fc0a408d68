"""Who is enrolled in what, kept by the events of learning."""
