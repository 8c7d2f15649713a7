"""Pictures and point clouds are what they were: `python -m tests.golden` shows what changed."""

import numpy as np
import pytest

from tests.golden import compare
from tests.golden.__main__ import side_by_side
from tests.golden.cases import CASES, HEIGHT, WIDTH
from tests.golden.compare import Verdict

# The first case compiles kernels after an edit.
pytestmark = pytest.mark.timeout(600)


@pytest.mark.parametrize("name", CASES)
def test_nothing_changed_unnoticed(name: str) -> None:
    result = compare.check(CASES[name])
    assert result.verdict in (Verdict.SAME, Verdict.CLOSE), f"{result.why}: run python -m tests.golden check {name}"


def test_nothing_is_stored_without_a_case() -> None:
    assert not compare.forgotten()
    assert set(compare.table()) == set(CASES)


def test_a_change_of_one_pixel_is_noticed_and_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    case = CASES["semantic"]
    data = bytearray(compare.payload(case))
    data[12 + 4 * (WIDTH * 5 + 7) + 2] ^= 8
    monkeypatch.setattr(compare, "payload", lambda case: bytes(data))
    result = compare.check(case)
    assert result.verdict is Verdict.CHANGED or compare.table()["semantic"]["machine"] != compare.machine()
    shown = side_by_side(result, zoom=1)
    assert shown.shape == (HEIGHT, 3 * WIDTH, 3)
    assert np.argwhere(shown[:, 2 * WIDTH :].any(axis=2)).tolist() == [[5, 7]]
