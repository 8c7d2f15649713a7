"""The README's first drive, as it stands there."""

import re
import subprocess
import sys
from pathlib import Path

import simulator

README = (Path(__file__).resolve().parents[1] / "README.md").read_text()


def test_the_first_drive_drives(tmp_path: Path) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert block.count("2000") == 1
    with simulator.serve("Harbor") as running:
        result = subprocess.run(
            [sys.executable, "-c", block.replace("2000", str(running.port))],
            capture_output=True,
            text=True,
            timeout=60,
            env={"HOME": str(tmp_path)},  # the client leaves a cache of maps there
        )
    assert result.returncode == 0, result.stderr
    kmh = re.match(r"(\d+) km/h at Location", result.stdout)
    assert kmh, result.stdout
    assert int(kmh[1]) > 20
