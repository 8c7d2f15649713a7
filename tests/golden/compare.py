"""What is stored of each case, and whether what is made now is the same.

golden.json holds the hash of each payload and on what kind of machine it was made, the .png files the pictures.
Payloads are the same bit for bit on machines of one kind; another C library or processor may round a sine another
way, and there pictures must be close.
"""

import hashlib
import json
import platform
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Final

import cv2
import numba
import numpy as np
from numpy.typing import NDArray

from tests.golden.cases import CASES, Case, payload, picture

FOLDER: Final = Path(__file__).parent
_TABLE: Final = FOLDER / "golden.json"
# A picture is close when so few of its pixels differ by more than so many levels.
_CLOSE_SHARE: Final = 0.01
_CLOSE_LEVELS: Final = 4


class Verdict(Enum):
    SAME = "same"
    CLOSE = "close"  # other bits, on another kind of machine, and hardly another picture
    CHANGED = "CHANGED"
    NEW = "NEW"


@dataclass(frozen=True, slots=True)
class Result:
    case: Case
    verdict: Verdict
    why: str
    sha256: str
    now: NDArray[np.uint8]
    was: NDArray[np.uint8] | None


def machine() -> str:
    """What decides how numbers are rounded: the processor picks the C library's sine, and so on."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    cpu = {
        name.strip(): value for name, _, value in (line.partition(":") for line in reversed(lines))
    }  # the first one's
    libc = " ".join(platform.libc_ver())
    kind = " ".join(cpu.get(name, "?").strip() for name in ("model name", "cpu family", "model"))
    return f"{kind}, {libc}, numba {numba.__version__}, numpy {np.__version__}"


def table() -> dict[str, Any]:
    return json.loads(_TABLE.read_text()) if _TABLE.is_file() else {}


def check(case: Case) -> Result:
    data = payload(case)
    now = picture(case, data)
    digest = hashlib.sha256(data).hexdigest()
    entry = table().get(case.name)
    file = FOLDER / f"{case.name}.png"
    was = np.asarray(cv2.imread(str(file)), np.uint8) if file.is_file() else None
    if entry is None or was is None:
        return Result(case, Verdict.NEW, "there is no golden one", digest, now, None)
    if digest == entry["sha256"]:
        return Result(case, Verdict.SAME, "", digest, now, was)
    share = float((np.abs(now.astype(int) - was.astype(int)).max(axis=2) > _CLOSE_LEVELS).mean())
    why = f"{100.0 * share:.2f} % of the picture differs by more than {_CLOSE_LEVELS} levels"
    is_close = share <= _CLOSE_SHARE and entry["machine"] != machine()
    return Result(case, Verdict.CLOSE if is_close else Verdict.CHANGED, why, digest, now, was)


def forgotten() -> list[str]:
    """Names that are stored and belong to no case."""
    names = set(table()) | {file.stem for file in FOLDER.glob("*.png")}
    return sorted(names - set(CASES))


def update(results: list[Result]) -> None:
    known = {name: entry for name, entry in table().items() if name in CASES}
    for result in results:
        known[result.case.name] = {"sha256": result.sha256, "machine": machine()}
        cv2.imwrite(str(FOLDER / f"{result.case.name}.png"), result.now, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    for name in forgotten():
        (FOLDER / f"{name}.png").unlink(missing_ok=True)
    _TABLE.write_text(json.dumps(dict(sorted(known.items())), indent=2) + "\n")
