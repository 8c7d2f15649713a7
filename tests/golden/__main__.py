"""Golden pictures and point clouds: python -m tests.golden [check | update] [NAME ...]

check   makes them again, says which changed and writes for each of those a picture: as it was, as it is, where they
        differ. Exit code 1 when one changed.
update  makes those that changed (or those that are named) the golden ones. Look at the pictures first.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.golden import compare
from tests.golden.cases import CASES
from tests.golden.compare import Verdict


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.golden", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=("check", "update"), nargs="?", default="check")
    parser.add_argument("names", nargs="*", metavar="NAME", help="of cases; all when none is given")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for the pictures (default: a new one)")
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in CASES]
    if unknown:
        parser.error(f"there is no case {unknown[0]!r}; there are: {', '.join(CASES)}")
    results = [compare.check(CASES[name]) for name in arguments.names or CASES]
    changed = [result for result in results if result.verdict is not Verdict.SAME]
    for result in results:
        print(f"{result.case.name:<20} {result.verdict.value:<8} {result.why}")
    for name in compare.forgotten():
        print(f"{name:<20} belongs to no case any more")
    if arguments.action == "update":
        compare.update(changed)
        print(f"{len(changed)} updated in {compare.FOLDER}")
        return 0
    if changed:
        folder = arguments.out or Path(tempfile.mkdtemp(prefix="golden-"))
        folder.mkdir(parents=True, exist_ok=True)
        for result in changed:
            cv2.imwrite(str(folder / f"{result.case.name}.png"), side_by_side(result))
        print(f"as it was, as it is, and eight times the difference: {folder}")
    return 1 if changed else 0


def side_by_side(result: compare.Result, zoom: int = 3) -> NDArray[np.uint8]:
    was = result.was if result.was is not None else np.zeros_like(result.now)
    difference = np.clip(8 * np.abs(result.now.astype(int) - was.astype(int)), 0, 255).astype(np.uint8)
    row = np.hstack([was, result.now, difference])
    return cv2.resize(row, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_NEAREST).astype(np.uint8)


if __name__ == "__main__":
    sys.exit(main())
