"""Write a suite of plain routes: a random walk along the lanes of each map, as the route XML of the leaderboard 2.x.

    python examples/make_suite.py --map simulator/towns/Harbor.xodr:4 --metres 500-2000 --seed 1 --out my.xml

`--map FILE:N` may be given several times. The routes follow each other in the order of the maps and are numbered from
--first-id; the same arguments give the same file. The suites in scenarios/suites were made with this program.
"""

import argparse
import random
import sys
from dataclasses import dataclass
from pathlib import Path

import carla

STEP_M = 2.0
# Short enough that the shortest way between two positions is the one that was walked.
POSITION_EVERY_M = 20.0
TRIES = 200
CELL_M = 6.0
CLEAR_OF_JUNCTIONS_M = 15.0

# Weathers of the suites in turn: what changes on the way is at its end what the second entry says.
WEATHERS: tuple[tuple[dict[str, float], ...], ...] = (
    ({"cloudiness": 5, "sun_azimuth_angle": 45, "sun_altitude_angle": 60, "wind_intensity": 10},),
    (
        {"cloudiness": 30, "sun_azimuth_angle": 250, "sun_altitude_angle": 35, "wind_intensity": 20},
        {"cloudiness": 60, "sun_azimuth_angle": 255, "sun_altitude_angle": 12, "wind_intensity": 30},
    ),
    (
        {"cloudiness": 90, "precipitation": 60, "precipitation_deposits": 50, "wetness": 60, "sun_azimuth_angle": 120,
         "sun_altitude_angle": 40, "wind_intensity": 60, "fog_density": 5},
    ),
    ({"cloudiness": 10, "sun_azimuth_angle": 300, "sun_altitude_angle": -25, "wind_intensity": 10, "fog_density": 2},),
    (
        {"cloudiness": 70, "fog_density": 25, "fog_distance": 10, "wetness": 20, "sun_azimuth_angle": 90,
         "sun_altitude_angle": 20, "wind_intensity": 10},
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Walk:
    town: str
    places: list[carla.Location]


def main() -> int:
    arguments = _parse()
    rng = random.Random(arguments.seed)
    walks = []
    for path, count in arguments.map:
        map_ = carla.Map(path.stem, path.read_text())
        walks += [_walk(path.stem, map_, arguments.metres, rng) for _ in range(count)]
    arguments.out.write_text(_xml(walks, arguments.first_id, arguments.weather))
    print(f"{arguments.out}: {len(walks)} routes")
    return 0


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--map", type=_map, action="append", required=True, metavar="FILE:N", help="an .xodr file and how many routes")
    add("--metres", type=_range, default=(500.0, 2000.0), metavar="A-B", help="length of a route (default: 500-2000)")
    add("--seed", type=int, default=0)
    add("--first-id", type=int, default=0, metavar="N", help="id of the first route (default: 0)")
    add("--weather", action="store_true", help="let the weathers take turns, else it is the leaderboard's default")
    add("--out", type=Path, required=True, metavar="FILE")
    return parser.parse_args()


def _map(text: str) -> tuple[Path, int]:
    name, _, count = text.rpartition(":")
    path = Path(name or text)
    if not name or not count.isdigit() or not path.is_file():
        raise argparse.ArgumentTypeError(f"{text!r} is no FILE:N with an existing .xodr file and a number")
    return path, int(count)


def _range(text: str) -> tuple[float, float]:
    try:
        low, high = (float(part) for part in text.split("-"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no range like 500-2000") from None
    if not 0.0 < low <= high:
        raise argparse.ArgumentTypeError(f"{text!r} does not go from less to more")
    return low, high


def _walk(town: str, map_: carla.Map, metres: tuple[float, float], rng: random.Random) -> Walk:
    """A way without a gap that begins and ends on the open road and never comes back to where it was."""
    starts = [waypoint for waypoint in map_.generate_waypoints(POSITION_EVERY_M) if _is_open(waypoint)]
    if not starts:
        sys.exit(f"make_suite: {town} has no stretch of road to begin on")
    for _ in range(TRIES):
        here = rng.choice(starts)
        wanted = rng.uniform(*metres)
        places, length = [here], 0.0
        seen = {_cell(here): 0.0}  # when it came there first
        while length < wanted or not _is_open(here):
            ways = [way for way in here.next(STEP_M) if way.lane_type == carla.LaneType.Driving]
            if not ways or length > 1.2 * wanted + 60.0:
                break
            here = rng.choice(ways)
            length += STEP_M
            if length - seen.setdefault(_cell(here), length) > 4 * CELL_M:
                break
            places.append(here)
        else:
            return Walk(town, [waypoint.transform.location for waypoint in _kept(places)])
    sys.exit(f"make_suite: no way of {metres[0]:g} to {metres[1]:g} m was found in {town} in {TRIES} tries")


def _kept(places: list[carla.Waypoint]) -> list[carla.Waypoint]:
    """One in a while, those before and after each junction, and the last.

    None inside a junction, where a place may belong to several ways.
    """
    every = round(POSITION_EVERY_M / STEP_M)
    kept = [places[0]]
    since = 0
    for before, here, after in zip(places, places[1:], places[2:], strict=False):
        since += 1
        if not here.is_junction and (since >= every or before.is_junction or after.is_junction):
            kept.append(here)
            since = 0
    return [*kept, places[-1]]


def _cell(waypoint: carla.Waypoint) -> tuple[int, int, int]:
    """Where it is, coarsely: on a way that comes back to itself no criterion of a benchmark knows where the ego is."""
    place, turn = waypoint.transform.location, waypoint.transform.rotation
    return round(place.x / CELL_M), round(place.y / CELL_M), round(turn.yaw / 90.0) % 4


def _is_open(waypoint: carla.Waypoint) -> bool:
    if waypoint.is_junction or waypoint.lane_type != carla.LaneType.Driving:
        return False
    ahead, behind = waypoint.next(CLEAR_OF_JUNCTIONS_M), waypoint.previous(CLEAR_OF_JUNCTIONS_M)
    return len(ahead) == len(behind) == 1 and not ahead[0].is_junction and not behind[0].is_junction


def _xml(walks: list[Walk], first_id: int, weather: bool) -> str:
    lines = ["<routes>"]
    for i, walk in enumerate(walks):
        lines.append(f'   <route id="{first_id + i}" town="{walk.town}">')
        if weather:
            lines += _weathers(WEATHERS[i % len(WEATHERS)])
        lines.append("      <waypoints>")
        lines += [f'         <position x="{p.x:.1f}" y="{p.y:.1f}" z="{p.z:.1f}"/>' for p in walk.places]
        lines += ["      </waypoints>", "      <scenarios/>", "   </route>"]
    return "\n".join([*lines, "</routes>", ""])


def _weathers(entries: tuple[dict[str, float], ...]) -> list[str]:
    lines = ["      <weathers>"]
    for entry, percentage in zip(entries, (0, 100), strict=False):
        full = {"cloudiness": 0.0, "precipitation": 0.0, "precipitation_deposits": 0.0, "wetness": 0.0, **entry}
        values = " ".join(f'{name}="{float(value):.1f}"' for name, value in full.items())
        lines.append(f'         <weather route_percentage="{percentage}" {values}/>')
    return [*lines, "      </weathers>"]


if __name__ == "__main__":
    sys.exit(main())
