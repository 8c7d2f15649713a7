"""Quarter: a whole town, kept for held-out evaluation.

A centre of avenues and one-way streets around a square, a residential west, a commercial east with boulevards, hills
in the north, an industrial south, a motorway ring around it all with four interchanges, and country roads outside.
"""

from itertools import pairwise

from simulator.towns.builder import Town
from simulator.towns.motorway import BRIDGE_M, Ring
from simulator.towns.sections import BROKEN_YELLOW, NO_MARK, CrossSection, Strip

__all__ = ["quarter"]

_WALK = Strip("sidewalk", 3.0)
_NARROW_WALK = Strip("sidewalk", 2.0)
_PARK = Strip("parking", 2.2)
_BIKE = Strip("biking", 1.6)
_SHOULDER = Strip("shoulder", 1.5)

_AVENUE = CrossSection(2, 2, 3.5, (_WALK,), (_WALK,), speed_kmh=50)
_BOULEVARD = CrossSection(2, 2, 3.5, (_BIKE, _WALK), (_BIKE, _WALK), median=1.5, centre=NO_MARK, speed_kmh=60)
_STREET = CrossSection(1, 1, 3.5, (_PARK, _WALK), (_PARK, _WALK), centre=BROKEN_YELLOW, speed_kmh=40)
_CYCLE_STREET = CrossSection(1, 1, 3.5, (_BIKE, _WALK), (_BIKE, _WALK), centre=BROKEN_YELLOW, speed_kmh=40)
_ONE_WAY = CrossSection(2, 0, 3.5, (_PARK, _WALK), (_WALK,), speed_kmh=40)
_ARTERIAL = CrossSection(1, 1, 3.5, (_WALK,), (_WALK,), speed_kmh=60)
_BRIDGE = CrossSection(1, 1, 3.5, (_SHOULDER,), (_SHOULDER,), speed_kmh=60)
_LANE = CrossSection(1, 1, 3.0, (_NARROW_WALK,), (_PARK, _NARROW_WALK), centre=NO_MARK, speed_kmh=30)
_HILL_ROAD = CrossSection(1, 1, 3.25, (_NARROW_WALK,), (_NARROW_WALK,), speed_kmh=50)
_COUNTRY_ROAD = CrossSection(1, 1, 3.5, (_SHOULDER,), (_SHOULDER,), centre=BROKEN_YELLOW, speed_kmh=90, kind="rural")
_RING_STREET = CrossSection(1, 0, 4.5, (_NARROW_WALK,), speed_kmh=30)

_COLUMNS = {"A": -420.0, "B": -290.0, "C": -160.0, "D": -20.0, "E": 120.0, "F": 260.0, "G": 400.0}
_ROWS = {"1": -300.0, "2": -170.0, "3": -40.0, "4": 90.0, "5": 220.0, "6": 350.0}
_SQUARE = "C4"  # no crossing here, but a square that the streets around it frame

_BRIDGES = {"north": (180.0, 1150.0), "south": (-20.0, -1150.0), "west": (-1650.0, 0.0), "east": (1650.0, 0.0)}


def quarter() -> Town:
    """The town, district by district; streets between districts belong to the outer one."""
    town = Town("Quarter", furniture_seed="c0c6491785984887abfa5638b9c7c1b8a3ff5c06fec0b306bb8631644bb6749d")
    ring = Ring(1000.0, 1150.0, _BRIDGES)
    for bridge in _BRIDGES:
        for side in ("outer", "inner"):
            x, y = ring.head(side, bridge)
            town.node(f"{side} {bridge}", x, y, BRIDGE_M, control="signals", crosswalks=True, corner_radius=12.0)
        town.street(f"outer {bridge}", f"inner {bridge}", _BRIDGE, f"{bridge.capitalize()} Bridge")
    _centre(town)
    _west(town)
    _east(town)
    _south(town)
    _north(town)
    _country(town)
    ring.build(town, "Ring")
    return town


def _along(town: Town, nodes: str, section: CrossSection, name: str) -> None:
    for a, b in pairwise(nodes.split()):
        town.street(a, b, section, name)


def _centre(town: Town) -> None:
    for column, x in _COLUMNS.items():
        for row, y in _ROWS.items():
            if column + row != _SQUARE:
                town.node(column + row, x, y, control="signals", crosswalks=True)
    _along(town, "A1 B1 C1 D1 E1 F1 G1", _STREET, "Canal Street")
    _along(town, "A2 B2 C2 D2 E2 F2 G2", _ONE_WAY, "Mint Street")
    _along(town, "A3 B3 C3 D3 E3 F3 G3", _AVENUE, "Main Avenue")
    _along(town, "G4 F4 E4 D4", _ONE_WAY, "Wool Street")
    _along(town, "B4 A4", _ONE_WAY, "Wool Street")
    _along(town, "A5 B5 C5 D5 E5 F5 G5", _CYCLE_STREET, "Museum Street")
    _along(town, "A6 B6 C6 D6 E6 F6 G6", _STREET, "Wall Street")
    _along(town, "A1 A2 A3 A4 A5 A6", _STREET, "West Wall")
    _along(town, "B1 B2 B3 B4 B5 B6", _ONE_WAY, "Tanner Street")
    _along(town, "C1 C2 C3", _STREET, "Theatre Street")
    _along(town, "C5 C6", _STREET, "Theatre Street")
    _along(town, "D1 D2 D3 D4 D5 D6", _AVENUE, "King Avenue")
    _along(town, "E6 E5 E4 E3 E2 E1", _ONE_WAY, "Book Street")
    _along(town, "F1 F2 F3 F4 F5 F6", _CYCLE_STREET, "College Street")
    _along(town, "G1 G2 G3 G4 G5 G6", _STREET, "East Wall")


def _west(town: Town) -> None:
    """Residential: lanes with cars on one side, stops and yields, a roundabout."""
    town.roundabout("west green", -760.0, -40.0, 22.0, _RING_STREET)
    town.node("w mid", -930.0, -40.0, control="stop", crosswalks=True)
    town.node("w gate", -1100.0, -40.0, control="signals", crosswalks=True)
    town.node("w end", -1340.0, 0.0, control="yield", minor=["w north", "w south"])
    town.node("w elm", -760.0, 300.0, 3.0, control="stop", crosswalks=True)
    town.node("w oak", -930.0, 310.0, 3.0, control="stop", minor=["w mid"])
    town.node("w north", -1100.0, 280.0, 2.0, control="yield", minor=["w gate"])
    town.node("w fir", -760.0, -380.0, control="stop", crosswalks=True)
    town.node("w ash", -930.0, -370.0, control="stop", minor=["w mid"])
    town.node("w south", -1080.0, -350.0, control="yield", minor=["w gate"])
    town.street("A3", "west green", _ARTERIAL, "West Road")
    town.street("west green", "w mid", _ARTERIAL, "West Road")
    town.street("w mid", "w gate", _ARTERIAL, "West Road")
    town.street("w gate", "w end", _ARTERIAL, "West Road", via=[(-1220.0, 0.0)], radius=120.0)
    town.street("w end", "inner west", _ARTERIAL, "West Road")
    town.street("west green", "w elm", _LANE, "Elm Lane")
    town.street("west green", "w fir", _LANE, "Fir Lane")
    town.street(
        "w mid", "w oak", _LANE, "Oak Lane", via=[(-930.0, 60.0), (-900.0, 130.0), (-930.0, 210.0)], radius=50.0
    )
    town.street("w mid", "w ash", _LANE, "Ash Lane")
    town.street("w gate", "w north", _LANE, "Gate Lane")
    town.street("w gate", "w south", _LANE, "Gate Lane", via=[(-1100.0, -160.0), (-1080.0, -240.0)], radius=60.0)
    town.street("w elm", "w oak", _LANE, "Upper Lane")
    town.street("w oak", "w north", _LANE, "Upper Lane")
    town.street("w fir", "w ash", _LANE, "Lower Lane")
    town.street("w ash", "w south", _LANE, "Lower Lane")
    town.street("w north", "w end", _LANE, "Meadow Lane", via=[(-1340.0, 280.0)], radius=60.0)
    town.street("w south", "w end", _LANE, "Meadow Lane", via=[(-1340.0, -330.0)], radius=60.0)
    town.street("A5", "w elm", _LANE, "Postman Lane", via=[(-540.0, 220.0), (-640.0, 300.0)], radius=60.0)
    town.street("A1", "w fir", _LANE, "Dyer Lane", via=[(-540.0, -300.0), (-640.0, -380.0)], radius=60.0)


def _east(town: Town) -> None:
    """Commercial: boulevards with a median and cycle lanes, signals, a roundabout."""
    town.roundabout("east circus", 760.0, -40.0, 24.0, _RING_STREET)
    for name, x, y in (("e fair", 1060.0, -40.0), ("e hall", 1320.0, 0.0), ("e bank", 1060.0, 270.0),
                       ("e mall", 1060.0, -350.0)):  # fmt: skip
        town.node(name, x, y, control="signals", crosswalks=True)
    town.node("e silk", 760.0, 270.0, control="stop", crosswalks=True)
    town.node("e dock", 760.0, -350.0, control="stop", crosswalks=True)
    town.street("G3", "east circus", _ARTERIAL, "East Road")
    town.street("east circus", "e fair", _ARTERIAL, "East Road")
    town.street("e fair", "e hall", _BOULEVARD, "East Boulevard", via=[(1190.0, 0.0)], radius=150.0)
    town.street("e hall", "inner east", _ARTERIAL, "East Road")
    town.street("e mall", "e fair", _BOULEVARD, "Fair Boulevard")
    town.street("e fair", "e bank", _BOULEVARD, "Fair Boulevard")
    town.street("east circus", "e silk", _CYCLE_STREET, "Silk Street")
    town.street("east circus", "e dock", _CYCLE_STREET, "Dock Street")
    town.street("e silk", "e bank", _STREET, "Bank Street")
    town.street("e dock", "e mall", _STREET, "Mall Street")
    town.street("e bank", "e hall", _ARTERIAL, "Hall Road", via=[(1320.0, 270.0)], radius=70.0)
    town.street("e mall", "e hall", _ARTERIAL, "Hall Road", via=[(1320.0, -350.0)], radius=70.0)
    town.street("G5", "e silk", _STREET, "Weaver Street", via=[(520.0, 220.0), (600.0, 270.0)], radius=70.0)
    town.street("G1", "e dock", _STREET, "Porter Street", via=[(520.0, -300.0), (600.0, -350.0)], radius=70.0)


def _south(town: Town) -> None:
    """Industrial: plain two-lane roads, wide corners, stop signs."""
    town.node("s yard", -20.0, -560.0, control="signals", crosswalks=True, corner_radius=10.0)
    town.node("s works", -20.0, -830.0, control="stop", minor=["s coal", "s iron"], corner_radius=10.0)
    for name, x, y in (("s mill", -400.0, -580.0), ("s coal", -380.0, -850.0), ("s rail", 360.0, -560.0),
                       ("s iron", 380.0, -830.0)):  # fmt: skip
        town.node(name, x, y, control="stop", corner_radius=10.0)
    town.street("s yard", "D1", _AVENUE, "South Road")
    town.street("s works", "s yard", _ARTERIAL, "South Road")
    town.street("inner south", "s works", _ARTERIAL, "South Road")
    town.street("s mill", "s yard", _ARTERIAL, "Mill Road")
    town.street("s yard", "s rail", _ARTERIAL, "Rail Road")
    town.street("s coal", "s works", _ARTERIAL, "Coal Road")
    town.street("s works", "s iron", _ARTERIAL, "Iron Road")
    town.street("s mill", "s coal", _ARTERIAL, "Coal Road")
    town.street("s rail", "s iron", _ARTERIAL, "Iron Road")
    town.street("s mill", "A1", _STREET, "Miller Street")
    town.street("s rail", "G1", _STREET, "Railway Street")
    town.street("s coal", "w fir", _ARTERIAL, "Pit Road", via=[(-620.0, -840.0), (-760.0, -640.0)], radius=80.0)
    town.street("s iron", "e dock", _ARTERIAL, "Smith Road", via=[(620.0, -820.0), (760.0, -620.0)], radius=80.0)


def _north(town: Town) -> None:
    """Hills: winding roads between the centre and the northern bridge."""
    town.node("n fork", -20.0, 620.0, 12.0, control="stop", crosswalks=True)
    town.node("n view", -440.0, 760.0, 30.0, control="yield", minor=["A6"])
    town.node("n park", 440.0, 680.0, 20.0, control="yield", minor=["G6"])
    town.street("D6", "n fork", _HILL_ROAD, "North Road", heights=[(0.5, 5.0)])
    town.street(
        "n fork", "inner north", _HILL_ROAD, "North Road", via=[(-20.0, 740.0), (90.0, 830.0), (180.0, 940.0)],
        radius=70.0, heights=[(0.4, 16.0)],
    )  # fmt: skip
    town.street(
        "n fork", "n view", _HILL_ROAD, "View Road", via=[(-140.0, 620.0), (-220.0, 720.0), (-330.0, 700.0)],
        radius=45.0, heights=[(0.5, 22.0)],
    )  # fmt: skip
    town.street("n fork", "n park", _HILL_ROAD, "Park Road", via=[(120.0, 600.0), (260.0, 700.0)], radius=80.0)
    town.street(
        "A6", "n view", _HILL_ROAD, "Vine Road", via=[(-420.0, 470.0), (-500.0, 560.0), (-440.0, 660.0)],
        radius=45.0, heights=[(0.5, 15.0)],
    )  # fmt: skip
    town.street(
        "n view", "w elm", _HILL_ROAD, "Sheep Road",
        via=[(-560.0, 820.0), (-700.0, 700.0), (-660.0, 540.0), (-760.0, 430.0)],
        radius=60.0, heights=[(0.2, 31.0), (0.6, 18.0)],
    )  # fmt: skip
    town.street("G6", "n park", _HILL_ROAD, "Garden Road", via=[(400.0, 470.0), (440.0, 570.0)], radius=70.0)
    town.street(
        "n park", "e silk", _HILL_ROAD, "Orchard Road",
        via=[(560.0, 700.0), (680.0, 600.0), (660.0, 460.0), (760.0, 380.0)],
        radius=60.0, heights=[(0.4, 14.0)],
    )  # fmt: skip


def _country(town: Town) -> None:
    """Outside of the ring."""
    town.street(
        "outer west", "outer north", _COUNTRY_ROAD, "Northern Country Road",
        via=[(-1860.0, 0.0), (-1800.0, 500.0), (-1560.0, 900.0), (-1100.0, 1160.0), (-620.0, 1400.0), (180.0, 1400.0)],
        radius=[90.0, 300.0, 250.0, 400.0, 250.0, 100.0],
        heights=[(0.1, 12.0), (0.3, 34.0), (0.5, 22.0), (0.7, 26.0), (0.88, 8.0)],
    )  # fmt: skip
    town.street(
        "outer south", "outer east", _COUNTRY_ROAD, "Southern Country Road",
        via=[(-20.0, -1400.0), (640.0, -1400.0), (1100.0, -1170.0), (1540.0, -920.0), (1790.0, -480.0), (1870.0, 0.0)],
        radius=[100.0, 250.0, 300.0, 300.0, 250.0, 90.0],
        heights=[(0.12, 2.0), (0.3, -6.0), (0.5, 8.0), (0.7, -2.0), (0.9, 5.0)],
    )  # fmt: skip
