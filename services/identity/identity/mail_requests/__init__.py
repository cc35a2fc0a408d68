"""Mail requests: what strangers ask to have mailed, answered by the worker."""
