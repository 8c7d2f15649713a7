"""Interchange: a motorway ring with three diamond interchanges.

Two carriageways of three lanes run around a long oval, the outer one counter-clockwise. Roads cross over them on
bridges and meet their ramps at the bridge heads. In the south two interchanges are so close that entering and
leaving traffic weaves over a fourth lane; elsewhere entering traffic has a lane to speed up in, which then merges.
"""

from simulator.towns.builder import Town
from simulator.towns.motorway import BRIDGE_M, Ring
from simulator.towns.sections import BROKEN_YELLOW, CrossSection, Strip

__all__ = ["interchange"]

_WALK = Strip("sidewalk", 2.0)
_ROAD = CrossSection(1, 1, 3.5, (_WALK,), (_WALK,), centre=BROKEN_YELLOW, speed_kmh=60)
_BRIDGE = CrossSection(1, 1, 3.5, (Strip("shoulder", 1.5),), (Strip("shoulder", 1.5),), speed_kmh=60)
_MAIN_ROAD = CrossSection(2, 2, 3.5, (_WALK,), (_WALK,), speed_kmh=60)

# Where the bridges are: A and B over the southern straight, C over the northern one.
_RADIUS_M = 300.0
_BRIDGES = {"A": (-410.0, -_RADIUS_M), "B": (410.0, -_RADIUS_M), "C": (0.0, _RADIUS_M)}


def interchange() -> Town:
    """The ring, its ramps, and the roads inside and outside of it."""
    town = Town("Interchange", furniture_seed="8fedf57c446dd5d0141acb2ca9f73a5d8d21f2aa15085efac142f53243fedce9")
    ring = Ring(2000.0, _RADIUS_M, _BRIDGES)
    for bridge in _BRIDGES:
        for side in ("outer", "inner"):
            name, (x, y) = f"{side} {bridge}", ring.head(side, bridge)
            if name == "outer C":
                town.node(name, x, y, BRIDGE_M, control="stop", minor=["ramp exit outer C"], corner_radius=12.0)
            else:
                town.node(name, x, y, BRIDGE_M, control="signals", crosswalks=True, corner_radius=12.0)
        town.street(f"outer {bridge}", f"inner {bridge}", _BRIDGE, f"Bridge {bridge}")
    _roads_inside(town)
    _, south = ring.head("outer", "A")
    town.street(
        "outer A", "outer B", _ROAD, "Frontage Road", radius=60.0,
        via=[(-410.0, south - 110.0), (410.0, south - 110.0)],
        heights=[(0.2, 1.0), (0.5, 0.0), (0.8, 1.0)],
    )  # fmt: skip
    ring.build(town, "Ring", weaves=(("A", "B"),))
    return town


def _roads_inside(town: Town) -> None:
    town.node("West", -410.0, 0.0, control="yield", minor=["inner A"], crosswalks=True)
    town.node("East", 410.0, 0.0, control="yield", minor=["inner B"], crosswalks=True)
    town.node("Centre", 0.0, 0.0, control="signals", crosswalks=True)
    town.node("Park", 0.0, 90.0, 2.0, control="stop", crosswalks=True)
    town.street("inner A", "West", _ROAD, "Depot Road")
    town.street("inner B", "East", _ROAD, "Market Road")
    town.street("West", "Centre", _MAIN_ROAD, "Middle Road")
    town.street("Centre", "East", _MAIN_ROAD, "Middle Road")
    town.street("Centre", "Park", _ROAD, "Park Road")
    town.street("Park", "inner C", _ROAD, "Park Road")
    town.street("West", "Park", _ROAD, "Garden Road", via=[(-410.0, 110.0), (-120.0, 90.0)], radius=60.0)
    town.street("Park", "East", _ROAD, "Garden Road", via=[(120.0, 90.0), (410.0, 110.0)], radius=60.0)
