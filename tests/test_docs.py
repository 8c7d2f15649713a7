"""The documents: their programs run, their commands exist, their links lead somewhere, their tables are the code's."""

import importlib
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import simulator
from leaderboard.cli import parser as leaderboard_parser
from leaderboard.compat.official_command import translate
from leaderboard.launch.embedded import shipped_maps
from leaderboard.routes import load_suite
from simulator.__main__ import parser
from simulator.maps.compile import compile_town
from simulator.maps.library import MapLibrary, UnknownMap
from simulator.maps.opendrive import BadFile
from simulator.protocol.calls import markdown_table, with_table
from simulator.protocol.v0_9_16 import V0_9_16
from simulator.server.handlers.registry import support
from tests import osm

ROOT = Path(__file__).resolve().parents[1]
OWN_MAP = ROOT / "docs" / "howto" / "own-map.md"
REPEAT = ROOT / "docs" / "howto" / "repeat-a-run.md"
README = ROOT / "README.md"
DOCUMENTS = [README, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]

# A program in a document runs when this line stands above it.
RUN = "<!-- run -->\n"
FENCE = re.compile(r"^(?P<above>[^\n]*\n)?```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def name_of(document: Path) -> str:
    return str(document.relative_to(ROOT))


def blocks(document: Path, language: str) -> Iterator[tuple[str, str]]:
    """The line above and the text of each block in that language."""
    for match in FENCE.finditer(document.read_text(encoding="utf-8")):
        if match["language"] == language:
            yield match["above"] or "", match["text"]


def prose(document: Path) -> str:
    return FENCE.sub("", document.read_text(encoding="utf-8"))


PROGRAMS = [
    pytest.param(text, id=f"{name_of(document)}-{number}")
    for document in DOCUMENTS
    if document not in (README, REPEAT)  # their programs have tests of their own
    for number, (above, text) in enumerate(blocks(document, "python"), 1)
    if above == RUN
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a program of a document runs: with the files that the documents speak of."""
    (tmp_path / "maps").mkdir()
    ((_, smallest),) = blocks(OWN_MAP, "xml")
    (tmp_path / "maps" / "Lane.xodr").write_text(smallest)
    (tmp_path / "area.osm").write_text(osm.grid())
    return tmp_path


def run(program: str, folder: Path, times: int = 1) -> str:
    """What a program prints, run as a user would: beside a simulator where it connects to one."""

    def alone(text: str) -> str:
        command = [sys.executable, "-W", "error", "-c", text]
        # The client leaves a cache of maps at home, and the simulator must find its kernels there.
        environment = {"HOME": str(Path.home()), "PYTHONPATH": str(ROOT)}
        result = subprocess.run(command, capture_output=True, text=True, timeout=100, cwd=folder, env=environment)
        assert result.returncode == 0, result.stderr
        return result.stdout

    if '"127.0.0.1", 2000' not in program:
        return alone(program)
    with simulator.serve("Harbor", map_dir=folder / "maps") as running:
        program = program.replace('"127.0.0.1", 2000', f'"{running.host}", {running.port}')
        program = program.replace("get_trafficmanager(8000)", f"get_trafficmanager({free_port()})")
        return "".join(alone(program) for _ in range(times))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_runs(program: str, folder: Path) -> None:
    run(program, folder)


def test_every_program_is_run() -> None:
    assert len(PROGRAMS) >= 5
    for document in DOCUMENTS:
        for above, text in blocks(document, "python"):
            assert above == RUN, f"{name_of(document)}: nothing runs the program that begins with {text[:60]!r}"


def test_the_first_drive_drives(folder: Path) -> None:
    ((_, program),) = blocks(README, "python")
    kmh = re.match(r"(\d+) km/h at Location", run(program, folder))
    assert kmh
    assert int(kmh[1]) > 20


def test_a_repeated_run_is_the_same(folder: Path) -> None:
    ((_, program),) = blocks(REPEAT, "python")
    first, second = run(program, folder, times=2).splitlines()
    assert first.count("(") == 10, "ten cars"
    assert second == first
    assert run(program, folder).strip() == first, "on another simulator"
    assert run(program.replace("SEED = 7", "SEED = 8"), folder).strip() != first


def test_the_smallest_map_is_what_its_page_says(folder: Path) -> None:
    town = compile_town((folder / "maps" / "Lane.xodr").read_bytes(), "Lane")
    assert len(town.spawn_points) > 10
    assert len(town.crosswalks) == 1
    assert town.navigation
    assert (town.origin_latitude_deg, town.origin_longitude_deg) == (49.0, 8.0)


def test_an_area_of_openstreetmap_becomes_a_map(folder: Path) -> None:
    (program,) = [text for _, text in blocks(OWN_MAP, "python") if "Osm2Odr" in text]
    run(program, folder)
    town = compile_town((folder / "maps" / "Area.xodr").read_bytes(), "Area")
    assert "traffic.traffic_light" in town.signals.type_id
    assert not town.crosswalks, "the page says that there are none"
    assert (town.origin_latitude_deg, town.origin_longitude_deg) == (52.0027, 13.0044)


def refusals(folder: Path) -> Iterator[str]:
    """What is said of a file that is bad in each of the ways that the page about maps shows."""
    good = (folder / "maps" / "Lane.xodr").read_text()
    road = good[good.index("<road") : good.index("</road>") + len("</road>")]
    for text in (
        "<OpenDRIVE><road>",
        "<osm></osm>",
        "<OpenDRIVE><header/></OpenDRIVE>",
        good.replace("</OpenDRIVE>", f"{road}</OpenDRIVE>"),
        good.replace(' length="300" id', " id"),
        good.replace("km/h", "knots"),
    ):
        with pytest.raises(BadFile) as refused:
            compile_town(text.encode())
        yield f"maps/Town.xodr {refused.value}"
    with pytest.raises(UnknownMap) as unknown:
        MapLibrary(None).resolve("Town")
    yield f"Map 'Town' not found: {unknown.value}".partition("Orchard")[0] + "..."


def test_the_page_about_maps_quotes_what_is_said(folder: Path) -> None:
    page = OWN_MAP.read_text(encoding="utf-8")
    for sentence in refusals(folder):
        assert f"| `{sentence}` |" in page


def commands() -> Iterator[tuple[str, list[str]]]:
    for document in DOCUMENTS:
        for _, text in blocks(document, "sh"):
            for line in text.splitlines():
                if words := shlex.split(line, comments=True):
                    yield name_of(document), words


def test_commands_exist() -> None:
    usage = (ROOT / "dev").read_text()
    found = 0
    for document, words in commands():
        if words[0] == "./dev":
            assert re.search(rf"^  {words[1]} ", usage, re.MULTILINE), f"{document}: ./dev {words[1]}"
        elif words[:2] == [".venv/bin/python", "-m"]:
            assert importlib.util.find_spec(words[2]), f"{document}: python -m {words[2]}"
            if words[2] == "simulator":
                parser().parse_args(words[3:])  # exits where it does not understand
            if words[2] == "leaderboard.leaderboard_evaluator":
                translate(words[3:])
        elif words[0] in ("leaderboard", ".venv/bin/leaderboard"):
            leaderboard_parser().parse_args(words[1:])
        else:
            assert words[0] in ("diff", "export", "$CARLA_ROOT/CarlaUE4.sh", "./CarlaUE4.sh"), (
                f"{document}: {shlex.join(words)}"
            )
        found += 1
    assert found >= 20


def test_the_route_file_is_one(tmp_path: Path) -> None:
    ((_, text),) = blocks(ROOT / "docs" / "howto" / "own-suite.md", "xml")
    (tmp_path / "routes.xml").write_text(text)
    suite = load_suite(tmp_path / "routes.xml", known_towns=shipped_maps())
    assert (len(suite.routes), suite.warnings) == (1, ())


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", prose(document)):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        page = (document.parent / path).resolve() if path else document
        assert page.exists(), f"{target} is not there"
        if anchor:
            titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
            anchors = [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles]
            assert anchor in anchors, f"{target}: there are {anchors}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_files_that_are_named_exist(document: Path) -> None:
    for path in re.findall(r"`((?:simulator|docs|tests|examples|benchmarks)/[\w./-]*)`", prose(document)):
        assert (ROOT / path).exists(), f"{path} is not there"


def test_the_table_of_calls_is_the_servers() -> None:
    document = (ROOT / "docs" / "protocol.md").read_text(encoding="utf-8")
    assert document == with_table(document, markdown_table(V0_9_16, support())), (
        "run: python -m simulator.server.handlers docs/protocol.md"
    )


def test_limits_are_those_of_the_code() -> None:
    page = (ROOT / "docs" / "world.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| [^|]+ \| ([\d.e]+) [^|]*\| `(simulator[\w.]+)` \|$", page, re.MULTILINE)
    assert len(rows) >= 6
    for value, name in rows:
        module, _, constant = name.rpartition(".")
        assert getattr(importlib.import_module(module), constant) == float(value), name


def test_the_checks_of_this_file_see_what_is_wrong(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"[x](nowhere.md)\n\n{RUN}```python\n1 / 0\n```\n\n```python\n2\n```\n\n`simulator/nothing.py`\n")
    assert [above == RUN for above, _ in blocks(page, "python")] == [True, False]
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        run("1 / 0", tmp_path)
    with pytest.raises(AssertionError, match=r"nowhere\.md is not there"):
        test_links_lead_somewhere(page)
    with pytest.raises(AssertionError, match=r"nothing\.py is not there"):
        test_files_that_are_named_exist(page)
