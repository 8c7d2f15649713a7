"""Orchard: a residential district. Narrow streets, T-junctions, stop and yield signs, a roundabout, gentle slopes."""

from itertools import pairwise

from simulator.towns.builder import Town
from simulator.towns.sections import BROKEN_YELLOW, NO_MARK, CrossSection, Strip

__all__ = ["orchard"]

_WALK = Strip("sidewalk", 2.0)
_PARK = Strip("parking", 2.0)

# The way through.
_COLLECTOR = CrossSection(1, 1, 3.25, (_PARK, _WALK), (_PARK, _WALK), centre=BROKEN_YELLOW, speed_kmh=50)
# Where people live: no line in the middle; some have cars along one side.
_LANE = CrossSection(1, 1, 3.0, (_WALK,), (_WALK,), centre=NO_MARK, speed_kmh=30)
_LANE_WITH_CARS = CrossSection(1, 1, 3.0, (_PARK, _WALK), (_WALK,), centre=NO_MARK, speed_kmh=30)
_RING = CrossSection(1, 0, 4.5, (_WALK,), speed_kmh=30)


def orchard() -> Town:
    """A collector runs west to east through a roundabout; lanes climb north of it to a loop and fall to one in the
    south."""
    town = Town("Orchard", furniture_seed="a208f0c66131d28391a51de6c89d9668ad1f7640773774bdf888affeb84ba707")
    town.roundabout("Green", 0.0, 0.0, 21.0, _RING)
    # On the collector.
    town.node("West Gate", -380.0, 0.0, control="yield", minor=["Pear", "Plum"], crosswalks=True)
    town.node("Mill", -210.0, 0.0, control="stop", crosswalks=True)
    town.node("Well", -105.0, 0.0, control="stop", minor=["Almond"])
    town.node("School", 105.0, 0.0, control="stop", minor=["Fig"], crosswalks=True)
    town.node("Bakery", 210.0, 0.0, control="stop", minor=["Cherry", "Quince"], crosswalks=True)
    town.node("East Gate", 390.0, 0.0, control="yield", minor=["Cherry", "Quince"])
    # North.
    town.node("Pear", -210.0, 190.0, 5.0, control="stop", crosswalks=True)
    town.node("Almond", -90.0, 195.0, 5.0, control="stop", minor=["Well"])
    town.node("Apple", 0.0, 200.0, 5.0, control="yield", minor=["Green"])
    town.node("Cherry", 210.0, 205.0, 6.0, control="stop", minor=["Bakery", "Hilltop"], crosswalks=True)
    town.node("Hilltop", 0.0, 340.0, 11.0, control="yield", minor=["Apple"])
    # South.
    town.node("Plum", -210.0, -180.0, -3.0, control="stop", minor=["Mill"])
    town.node("Medlar", 0.0, -190.0, -4.0, control="stop", minor=["Green"])
    town.node("Fig", 110.0, -185.0, -4.0, control="yield", minor=["School"])
    town.node("Quince", 210.0, -180.0, -3.0, control="stop", crosswalks=True)

    collector = ["West Gate", "Mill", "Well", "Green", "School", "Bakery", "East Gate"]
    for a, b in pairwise(collector):
        town.street(a, b, _COLLECTOR, "Orchard Road")
    town.street("Green", "Apple", _LANE_WITH_CARS, "Apple Lane")
    town.street("Green", "Medlar", _LANE_WITH_CARS, "Medlar Lane")
    town.street("Mill", "Pear", _LANE_WITH_CARS, "Pear Lane")
    town.street("Mill", "Plum", _LANE, "Plum Lane")
    town.street("Well", "Almond", _LANE, "Almond Crescent", via=[(-105.0, 60.0), (-70.0, 100.0), (-90.0, 140.0)])
    town.street("School", "Fig", _LANE, "Fig Lane", via=[(105.0, -60.0), (130.0, -100.0), (110.0, -140.0)])
    town.street("Bakery", "Cherry", _LANE_WITH_CARS, "Cherry Lane")
    town.street("Bakery", "Quince", _LANE, "Quince Lane")
    town.street("Apple", "Hilltop", _LANE, "Ladder Lane", heights=[(0.5, 8.5)])
    # The northern loop.
    town.street("West Gate", "Pear", _LANE, "Blossom Way", via=[(-380.0, 190.0)], radius=40.0)
    town.street("Pear", "Almond", _LANE_WITH_CARS, "Blossom Way")
    town.street("Almond", "Apple", _LANE_WITH_CARS, "Blossom Way")
    town.street("Apple", "Cherry", _LANE_WITH_CARS, "Blossom Way")
    town.street("Cherry", "East Gate", _LANE, "Blossom Way", via=[(390.0, 205.0)], radius=40.0)
    town.street("Pear", "Hilltop", _LANE, "Upper Way", via=[(-210.0, 340.0)], radius=50.0, heights=[(0.5, 9.0)])
    town.street("Hilltop", "Cherry", _LANE, "Upper Way", via=[(210.0, 340.0)], radius=50.0, heights=[(0.5, 10.0)])
    # The southern loop.
    town.street("West Gate", "Plum", _LANE, "Brook Way", via=[(-380.0, -180.0)], radius=40.0)
    town.street("Plum", "Medlar", _LANE_WITH_CARS, "Brook Way", via=[(-110.0, -180.0), (-80.0, -190.0)], radius=60.0)
    town.street("Medlar", "Fig", _LANE_WITH_CARS, "Brook Way")
    town.street("Fig", "Quince", _LANE, "Brook Way")
    town.street("Quince", "East Gate", _LANE, "Brook Way", via=[(390.0, -180.0)], radius=40.0)
    return town
