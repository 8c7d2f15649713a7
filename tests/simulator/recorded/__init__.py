"""What the official client 0.9.16 sent, and how it was recorded."""

from pathlib import Path

REQUESTS = Path(__file__).parent / "requests.txt"


def requests() -> list[tuple[str, bytes]]:
    """The recorded requests: method and bytes of the whole message."""
    lines = REQUESTS.read_text().splitlines()
    return [(method, bytes.fromhex(data)) for method, data in (line.split() for line in lines)]
