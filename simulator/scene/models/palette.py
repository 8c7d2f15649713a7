"""The materials of all models: a model's triangles carry rows of PALETTE, which Movers turns into the scene's rows."""

from typing import Final, NamedTuple

from simulator.maps.town import RIDER
from simulator.scene.materials import Colour, Materials, linear
from simulator.scene.tables import CLOTH, FOLIAGE, GLASS, LAMP, METAL, PAINT, PLAIN

# carla.VehicleLightState
POSITION: Final = 1
LOW_BEAM: Final = 2
HIGH_BEAM: Final = 4
BRAKE: Final = 8
RIGHT_BLINKER: Final = 16
LEFT_BLINKER: Final = 32
REVERSE: Final = 64
FOG: Final = 128
INTERIOR: Final = 256
SPECIAL_1: Final = 512
SPECIAL_2: Final = 1024


class Swatch(NamedTuple):
    name: str
    kind: int
    colour: Colour
    label: int
    lamp: int


PALETTE: Final[list[Swatch]] = []
_GLASS: Final = 0.4


def _add(name: str, red: int, green: int, blue: int, kind: int = PLAIN, label: int = 0) -> int:
    """A new row, its colour in sRGB bytes."""
    PALETTE.append(Swatch(f"model/{name}", kind, linear(red, green, blue), label, 0))
    return len(PALETTE) - 1


def _lamp(name: str, red: int, green: int, blue: int, bits: int) -> int:
    """A lamp that any of the bits lights. Its glass is dark, so that by day, too, lit and unlit differ clearly."""
    colour = linear(red, green, blue)
    dark = (_GLASS * colour[0], _GLASS * colour[1], _GLASS * colour[2])
    PALETTE.append(Swatch(f"model/{name}", LAMP, dark, 0, bits))
    return len(PALETTE) - 1


def add_palette(materials: Materials) -> list[int]:
    """The rows that PALETTE's got in the scene's table."""
    return [materials.add(s.name, kind=s.kind, colour=s.colour, label=s.label, lamp=s.lamp) for s in PALETTE]


# --- vehicles --------------------------------------------------------------------------------------------------------
BODY: Final = _add("paint", 255, 255, 255, PAINT)  # takes the instance's tint
WHITE_PAINT: Final = _add("white paint", 236, 236, 232)
BLACK_PAINT: Final = _add("black paint", 18, 18, 20)
RED_PAINT: Final = _add("red paint", 168, 18, 16)
YELLOW_PAINT: Final = _add("yellow paint", 240, 190, 30)
BLUE_PAINT: Final = _add("blue paint", 24, 60, 150)
WINDOW: Final = _add("window", 26, 32, 38, GLASS)
TRIM: Final = _add("black trim", 24, 24, 26)
UNDERSIDE: Final = _add("underside", 12, 12, 13)
TYRE: Final = _add("tyre", 20, 20, 21)
RIM: Final = _add("rim", 172, 175, 180, METAL)
RIM_DARK: Final = _add("rim between spokes", 58, 60, 64)
CHROME: Final = _add("chrome", 190, 193, 198, METAL)
CHASSIS: Final = _add("chassis", 44, 45, 48)
PLATE: Final = _add("number plate", 225, 225, 220)
CARGO: Final = _add("cargo box", 224, 224, 220)
SEAT: Final = _add("seat", 30, 28, 27)

# Blinkers and beacons do not flash: whoever sees a single picture sees that they are on.
HEAD_LAMP: Final = _lamp("head lamp", 255, 250, 235, LOW_BEAM | HIGH_BEAM)
POSITION_FRONT: Final = _lamp("front position lamp", 235, 238, 255, POSITION)
POSITION_REAR: Final = _lamp("rear position lamp", 190, 8, 8, POSITION | LOW_BEAM | HIGH_BEAM)
BRAKE_LAMP: Final = _lamp("brake lamp", 255, 20, 12, BRAKE)
BLINKER_LEFT: Final = _lamp("left blinker", 255, 150, 10, LEFT_BLINKER)
BLINKER_RIGHT: Final = _lamp("right blinker", 255, 150, 10, RIGHT_BLINKER)
REVERSE_LAMP: Final = _lamp("reverse lamp", 250, 250, 250, REVERSE)
FOG_FRONT: Final = _lamp("front fog lamp", 255, 240, 190, FOG)
FOG_REAR: Final = _lamp("rear fog lamp", 235, 10, 8, FOG)
BEACON_BLUE: Final = _lamp("blue beacon", 30, 70, 255, SPECIAL_1)
BEACON_RED: Final = _lamp("red beacon", 255, 20, 20, SPECIAL_1)
BEACON_WHITE: Final = _lamp("white beacon", 250, 250, 250, SPECIAL_2)
TAXI_SIGN: Final = _lamp("taxi sign", 255, 225, 120, INTERIOR)

# --- people ----------------------------------------------------------------------------------------------------------
CLOTHES: Final = _add("clothes", 255, 255, 255, CLOTH)  # takes the instance's tint
SKINS: Final = tuple(
    _add(f"skin {n}", *rgb) for n, rgb in enumerate(((236, 190, 160), (205, 150, 115), (141, 92, 62), (84, 54, 38)))
)
HAIRS: Final = tuple(
    _add(f"hair {n}", *rgb) for n, rgb in enumerate(((28, 22, 18), (72, 46, 28), (186, 146, 86), (130, 128, 126)))
)
TROUSERS: Final = tuple(
    _add(f"trousers {n}", *rgb)
    for n, rgb in enumerate(((38, 52, 84), (32, 32, 36), (110, 98, 78), (70, 74, 80), (92, 62, 46), (54, 66, 48)))
)
SHOES: Final = tuple(_add(f"shoes {n}", *rgb) for n, rgb in enumerate(((26, 24, 24), (200, 200, 200), (96, 62, 40))))
UNIFORM: Final = _add("uniform", 22, 30, 58)
HIGH_VISIBILITY: Final = _add("high visibility", 214, 235, 40)

RIDER_JACKETS: Final = tuple(
    _add(f"rider's jacket {n}", *rgb, label=RIDER)
    for n, rgb in enumerate(((40, 44, 52), (150, 34, 30), (34, 70, 130), (190, 150, 40), (62, 88, 60)))
)
RIDER_TROUSERS: Final = _add("rider's trousers", 36, 40, 54, label=RIDER)
RIDER_SKIN: Final = _add("rider's skin", 205, 155, 125, label=RIDER)
RIDER_HELMET: Final = _add("rider's helmet", 214, 214, 210, label=RIDER)
RIDER_VISOR: Final = _add("rider's visor", 20, 24, 28, label=RIDER)
RIDER_SHOES: Final = _add("rider's shoes", 24, 24, 24, label=RIDER)

# --- props -----------------------------------------------------------------------------------------------------------
CONE_ORANGE: Final = _add("cone orange", 235, 84, 20)
SIGNAL_WHITE: Final = _add("signal white", 240, 240, 236)
SIGNAL_RED: Final = _add("signal red", 196, 20, 24)
SIGNAL_YELLOW: Final = _add("signal yellow", 248, 200, 30)
WARNING_LAMP: Final = _lamp("warning light", 255, 160, 20, SPECIAL_1)  # of props, which always shine
BLACK: Final = _add("black", 16, 16, 17)
DARK_GREY: Final = _add("dark grey", 62, 64, 67)
GREY: Final = _add("grey", 128, 130, 132)
LIGHT_GREY: Final = _add("light grey", 188, 190, 190)
STEEL: Final = _add("steel", 150, 154, 158, METAL)
RUST: Final = _add("rust", 118, 74, 52)
WOOD: Final = _add("wood", 140, 98, 60)
DARK_WOOD: Final = _add("dark wood", 88, 60, 40)
CARDBOARD: Final = _add("cardboard", 178, 136, 92)
STONE: Final = _add("stone", 150, 146, 138)
CLAY: Final = _add("clay", 168, 88, 60)
DIRT: Final = _add("dirt", 104, 84, 62)
STRAW: Final = _add("straw", 205, 172, 92)
GREEN: Final = _add("green", 36, 92, 58)
BLUE: Final = _add("blue", 36, 84, 150)
RED: Final = _add("red", 176, 32, 30)
YELLOW: Final = _add("yellow", 226, 184, 48)
ORANGE: Final = _add("orange", 222, 120, 38)
WHITE: Final = _add("white", 232, 232, 228)
SCREEN: Final = _add("screen", 28, 60, 92)
PANE: Final = _add("pane", 120, 142, 150, GLASS)
WATER: Final = _add("water", 70, 110, 130, GLASS)
LEAVES: Final = _add("leaves", 62, 98, 42, FOLIAGE)
PALM_LEAVES: Final = _add("palm leaves", 88, 124, 52, FOLIAGE)
CYPRESS_LEAVES: Final = _add("cypress leaves", 44, 74, 40, FOLIAGE)
BARK: Final = _add("bark", 94, 74, 56)
