"""Says of each call whether it is supported: prints the table, or writes it into a document that has a place for it.

python -m simulator.server.handlers [docs/protocol.md]
"""

import sys
from pathlib import Path

from simulator.protocol.calls import markdown_table, with_table
from simulator.protocol.v0_9_16 import V0_9_16
from simulator.server.handlers.registry import support


def main(arguments: list[str]) -> int:
    """Returns the exit code."""
    table = markdown_table(V0_9_16, support())
    if not arguments:
        print(table, end="")
        return 0
    document = Path(arguments[0])
    try:
        document.write_text(with_table(document.read_text(encoding="utf-8"), table), encoding="utf-8")
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
