"""How certificates are numbered. No I/O."""

from datetime import datetime


def certificate_number(certificate_id: int, issued_at: datetime) -> str:
    """`LYC-2026-00000009`: the year of issue (UTC) and the row's id."""
    return f"LYC-{issued_at.year}-{certificate_id:08d}"
