"""Ridge: hill country. Two-lane roads that wind and climb between a village, a lake, farms and a pass."""

from simulator.towns.builder import Town
from simulator.towns.sections import BROKEN_YELLOW, CrossSection, Strip

__all__ = ["ridge"]

_SHOULDER = Strip("shoulder", 1.5)
_NARROW_SHOULDER = Strip("shoulder", 0.75)
_WALK = Strip("sidewalk", 2.0)

_HIGHWAY = CrossSection(1, 1, 3.5, (_SHOULDER,), (_SHOULDER,), centre=BROKEN_YELLOW, speed_kmh=90, kind="rural")
# Too many bends to overtake.
_HILL_ROAD = CrossSection(1, 1, 3.25, (_NARROW_SHOULDER,), (_NARROW_SHOULDER,), speed_kmh=60, kind="rural")
_VILLAGE = CrossSection(1, 1, 3.25, (_WALK,), (_WALK,), centre=BROKEN_YELLOW, speed_kmh=50)


def ridge() -> Town:
    """Six places between 12 and 104 m, nine roads; every road leads on to two others."""
    town = Town("Ridge", furniture_seed="fc43a1ca76617f12956173e5398cbc30cf1175a483e3df4c3ba4eb11fbcf7b2f")
    town.node("Church", 0.0, 0.0, 40.0, control="signals", crosswalks=True)
    town.node("Inn", 230.0, 20.0, 43.0, control="yield", minor=["Farm"], crosswalks=True)
    town.node("Lake", -760.0, 560.0, 12.0, control="stop", minor=["Church"], corner_radius=10.0)
    town.node("Pass", 900.0, 820.0, 104.0, control="stop", minor=["Inn"], corner_radius=10.0)
    town.node("Farm", 820.0, -480.0, 62.0, control="yield", minor=["Inn"], corner_radius=10.0)
    town.node("Quarry", -560.0, -620.0, 24.0, control="stop", minor=["Church"], corner_radius=10.0)

    town.street("Church", "Inn", _VILLAGE, "Village Street")
    # A lane of meadows down to the lake.
    town.street(
        "Church", "Lake", _HIGHWAY, "Lake Road",
        via=[(-130.0, 60.0), (-300.0, 20.0), (-450.0, 220.0), (-560.0, 240.0), (-640.0, 480.0)],
        radius=[120.0, 120.0, 90.0, 90.0, 120.0],
        heights=[(0.15, 37.0), (0.4, 26.0), (0.6, 30.0), (0.85, 14.0)],
    )  # fmt: skip
    # Along the shore, then over the ridge.
    town.street(
        "Lake", "Pass", _HIGHWAY, "Ridge Road",
        via=[(-560.0, 680.0), (-330.0, 620.0), (-120.0, 760.0), (180.0, 700.0), (360.0, 860.0), (640.0, 800.0)],
        radius=[150.0, 200.0, 220.0, 180.0, 160.0, 260.0],
        heights=[(0.15, 18.0), (0.3, 30.0), (0.5, 56.0), (0.65, 68.0), (0.8, 87.0), (0.93, 101.5)],
    )  # fmt: skip
    # Four hairpins.
    town.street(
        "Inn", "Pass", _HILL_ROAD, "Switchback Road",
        via=[(420.0, 60.0), (770.0, 120.0), (790.0, 210.0), (470.0, 270.0), (470.0, 370.0), (830.0, 430.0),
             (830.0, 530.0), (620.0, 570.0), (630.0, 660.0), (830.0, 700.0)],
        radius=[150.0, 28.0, 28.0, 30.0, 30.0, 30.0, 30.0, 26.0, 26.0, 60.0],
        heights=[(0.06, 45.0), (0.3, 58.0), (0.6, 80.0), (0.92, 101.0)],
    )  # fmt: skip
    town.street(
        "Inn", "Farm", _HILL_ROAD, "Vineyard Road",
        via=[(300.0, -120.0), (430.0, -150.0), (480.0, -320.0), (640.0, -340.0), (700.0, -460.0)],
        radius=[60.0, 50.0, 60.0, 50.0, 60.0],
        heights=[(0.12, 42.0), (0.3, 50.0), (0.5, 44.0), (0.75, 56.0), (0.92, 61.0)],
    )  # fmt: skip
    # Over two crests.
    town.street(
        "Pass", "Farm", _HIGHWAY, "Crest Road",
        via=[(1080.0, 640.0), (1040.0, 380.0), (1180.0, 140.0), (1080.0, -140.0), (1060.0, -420.0)],
        radius=[140.0, 200.0, 180.0, 220.0, 110.0],
        heights=[(0.08, 103.0), (0.25, 88.0), (0.38, 91.0), (0.55, 75.0), (0.7, 77.0), (0.92, 62.5)],
    )  # fmt: skip
    town.street(
        "Farm", "Quarry", _HIGHWAY, "Valley Road",
        via=[(700.0, -620.0), (420.0, -600.0), (180.0, -720.0), (-120.0, -640.0), (-320.0, -720.0)],
        radius=[120.0, 240.0, 260.0, 260.0, 180.0],
        heights=[(0.1, 59.0), (0.35, 38.0), (0.6, 28.0), (0.8, 31.0), (0.94, 24.5)],
    )  # fmt: skip
    town.street(
        "Church", "Quarry", _HILL_ROAD, "Quarry Road",
        via=[(-20.0, -150.0), (-170.0, -200.0), (-160.0, -330.0), (-360.0, -370.0), (-400.0, -520.0)],
        radius=[60.0, 45.0, 45.0, 60.0, 70.0],
        heights=[(0.12, 39.0), (0.35, 30.0), (0.5, 33.0), (0.9, 24.5)],
    )  # fmt: skip
    town.street(
        "Quarry", "Lake", _HIGHWAY, "Western Road",
        via=[(-760.0, -520.0), (-860.0, -240.0), (-740.0, 40.0), (-880.0, 340.0)],
        radius=[120.0, 200.0, 220.0, 160.0],
        heights=[(0.1, 26.0), (0.35, 40.0), (0.6, 20.0), (0.9, 12.5)],
    )  # fmt: skip
    return town
