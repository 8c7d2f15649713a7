"""Write the towns' .xodr files, or check that the committed ones are what the builder writes."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from simulator.towns.builder import Town
from simulator.towns.harbor import harbor
from simulator.towns.interchange import interchange
from simulator.towns.orchard import orchard
from simulator.towns.quarter import quarter
from simulator.towns.ridge import ridge

__all__ = ["DIRECTORY", "TOWNS", "main"]

DIRECTORY = Path(__file__).resolve().parent
TOWNS: dict[str, Callable[[], Town]] = {
    "Harbor": harbor,
    "Orchard": orchard,
    "Interchange": interchange,
    "Ridge": ridge,
    "Quarter": quarter,
}


def main(arguments: list[str] | None = None) -> int:
    """0 when all is well; 1 when --check finds a file that differs."""
    parser = argparse.ArgumentParser(prog="python -m simulator.towns", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the files instead of writing them")
    parser.add_argument("towns", nargs="*", default=list(TOWNS), help=f"any of {', '.join(TOWNS)} (all by default)")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.towns if name not in TOWNS]
    if unknown:
        parser.error(f"no town called {', '.join(unknown)}; there are {', '.join(TOWNS)}")
    differing = 0
    for name in options.towns:
        path = DIRECTORY / f"{name}.xodr"
        text = TOWNS[name]().text()
        if not options.check:
            path.write_text(text, encoding="utf-8")
            print(f"{path.name}: {len(text) / 1e6:.2f} MB")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            print(f"{path.name} is not what the builder writes; run python -m simulator.towns", file=sys.stderr)
            differing += 1
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
