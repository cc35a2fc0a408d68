"""Ends with 0 when this container's process says that it is ready. Standard library alone: it runs every 10 s."""

import sys
from http.client import HTTPConnection, HTTPException

PORT = 8000


def is_ready() -> bool:
    """Whether /readyz answers 200 within 4 s."""
    connection = HTTPConnection("127.0.0.1", PORT, timeout=4)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(0 if is_ready() else 1)
