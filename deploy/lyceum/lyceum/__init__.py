"""The command `lyceum` and the embedded stack."""
