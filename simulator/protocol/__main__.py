"""Prints the table of calls as markdown, or writes it into a document.

python -m simulator.protocol [--into docs/protocol.md] [NAME ...]

With names, those of the calls that a server answers, the table gets a column that says which are supported.
"""

import argparse
import sys
from pathlib import Path

from simulator.protocol.calls import markdown_table, with_table
from simulator.protocol.errors import UnknownCall
from simulator.protocol.v0_9_16 import V0_9_16


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m simulator.protocol", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--into", type=Path, metavar="FILE", help="a document that has a place for the table")
    parser.add_argument("names", nargs="*", metavar="NAME", help="a call that is supported")
    options = parser.parse_args(arguments)
    try:
        table = markdown_table(V0_9_16, options.names or None)
        if options.into is None:
            print(table, end="")
        else:
            document = options.into.read_text(encoding="utf-8")
            options.into.write_text(with_table(document, table), encoding="utf-8")
    except (OSError, UnknownCall, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
