"""Types of lanes, as Lanes.kind has them: bits of carla.LaneType. Here, because who only draws lanes loads no carla."""

from typing import Final

NO_TYPE: Final = 1
DRIVING: Final = 2
SHOULDER: Final = 8
BIKING: Final = 16
SIDEWALK: Final = 32
PARKING: Final = 256
BIDIRECTIONAL: Final = 512
MEDIAN: Final = 1024
