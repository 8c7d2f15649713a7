"""Harbor: the centre of a port town. A grid of signalised junctions, parking lanes, crosswalks and one-way streets."""

from itertools import pairwise

from simulator.towns.builder import Town
from simulator.towns.sections import CrossSection, Strip

__all__ = ["harbor"]

_WALK = Strip("sidewalk", 3.0)
_PARK = Strip("parking", 2.2)
_BIKE = Strip("biking", 1.6)

# Four lanes, the way through the town.
_AVENUE = CrossSection(2, 2, 3.5, (_WALK,), (_WALK,), speed_kmh=50)
# Two lanes with cars parked along both sides.
_STREET = CrossSection(1, 1, 3.5, (_PARK, _WALK), (_PARK, _WALK), speed_kmh=40)
# Two lanes with cycle lanes.
_CYCLE_STREET = CrossSection(1, 1, 3.5, (_BIKE, _WALK), (_BIKE, _WALK), speed_kmh=40)
# One way, two lanes, cars parked on the right.
_ONE_WAY = CrossSection(2, 0, 3.5, (_PARK, _WALK), (_WALK,), speed_kmh=40)

_COLUMNS = {"A": 0.0, "B": 130.0, "C": 270.0, "D": 400.0, "E": 540.0}
_ROWS = {"1": 0.0, "2": 120.0, "3": 260.0, "4": 380.0}
_CORNERS = ("A1", "A4", "E1", "E4")


def harbor() -> Town:
    """Five avenues and streets running north (A to E) cross four running east (1 to 4)."""
    town = Town("Harbor", furniture_seed="dd17a347985789f504c205f3067dc8bf7c59bf23d362f7fcc82bca475caecbab")
    for column, x in _COLUMNS.items():
        for row, y in _ROWS.items():
            if column + row not in _CORNERS:
                town.node(column + row, x, y, control="signals", crosswalks=True)

    def along(nodes: str, section: CrossSection, name: str) -> None:
        stops = nodes.split()
        for a, b in pairwise(stops):
            town.street(a, b, section, name)

    along("B1 C1 D1", _STREET, "Quay Street")
    along("A2 B2 C2 D2 E2", _AVENUE, "Admiral Avenue")
    along("E3 D3 C3 B3 A3", _ONE_WAY, "Ropemaker Street")
    along("B4 C4 D4", _CYCLE_STREET, "Lighthouse Street")
    along("A2 A3", _STREET, "West Street")
    along("B1 B2 B3 B4", _ONE_WAY, "Anchor Street")
    along("C1 C2 C3 C4", _AVENUE, "Harbor Avenue")
    along("D4 D3 D2 D1", _ONE_WAY, "Compass Street")
    along("E2 E3", _STREET, "East Street")
    # At the corners of the grid two streets are one.
    corner = {name: (_COLUMNS[name[0]], _ROWS[name[1]]) for name in _CORNERS}
    town.street("A2", "B1", _STREET, "Net Loft", via=[corner["A1"]])
    town.street("A3", "B4", _STREET, "Signal Hill", via=[corner["A4"]])
    town.street("D1", "E2", _STREET, "Fish Market", via=[corner["E1"]])
    town.street("D4", "E3", _STREET, "Dry Dock", via=[corner["E4"]])
    # The avenues lead out of the grid, around it and back in.
    town.street(
        "A2", "C1", _AVENUE, "South Ring", via=[(-130.0, 120.0), (-130.0, -120.0), (270.0, -120.0)], radius=45.0
    )
    town.street("C4", "E2", _AVENUE, "North Ring", via=[(270.0, 500.0), (670.0, 500.0), (670.0, 120.0)], radius=45.0)
    return town
