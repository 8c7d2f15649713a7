"""The enumerations that travel as plain integers, with the values of client 0.9.16."""

from enum import IntEnum, IntFlag


class AttributeType(IntEnum):
    BOOL = 1
    INT = 2
    FLOAT = 3
    STRING = 4
    RGB_COLOR = 5


class AttachmentType(IntEnum):
    RIGID = 0
    SPRING_ARM = 1
    SPRING_ARM_GHOST = 2


class ActorState(IntEnum):
    INVALID = 0
    ACTIVE = 1
    DORMANT = 2
    PENDING_KILL = 3


class TrafficLightState(IntEnum):
    RED = 0
    YELLOW = 1
    GREEN = 2
    OFF = 3
    UNKNOWN = 4


class VehicleFailureState(IntEnum):
    NONE = 0
    ROLLOVER = 1
    ENGINE = 2
    TIRE_PUNCTURE = 3


class WheelLocation(IntEnum):
    FRONT_LEFT = 0
    FRONT_RIGHT = 1
    BACK_LEFT = 2
    BACK_RIGHT = 3


class VehicleDoor(IntEnum):
    FRONT_LEFT = 0
    FRONT_RIGHT = 1
    REAR_LEFT = 2
    REAR_RIGHT = 3
    HOOD = 4
    TRUNK = 5
    ALL = 6


class VehicleLights(IntFlag):
    NONE = 0
    POSITION = 1
    LOW_BEAM = 2
    HIGH_BEAM = 4
    BRAKE = 8
    RIGHT_BLINKER = 16
    LEFT_BLINKER = 32
    REVERSE = 64
    FOG = 128
    INTERIOR = 256
    SPECIAL_1 = 512
    SPECIAL_2 = 1024


class MapLayer(IntFlag):
    NONE = 0
    BUILDINGS = 1
    DECALS = 2
    FOLIAGE = 4
    GROUND = 8
    PARKED_VEHICLES = 16
    PARTICLES = 32
    PROPS = 64
    STREET_LIGHTS = 128
    WALLS = 256
    ALL = 0xFFFF


class LightGroup(IntEnum):
    """Groups of street lights (LightState.group)."""

    NONE = 0
    VEHICLE = 1
    STREET = 2
    BUILDING = 3
    OTHER = 4


class Label(IntEnum):
    """Semantic labels (carla.CityObjectLabel)."""

    NONE = 0
    ROADS = 1
    SIDEWALKS = 2
    BUILDINGS = 3
    WALLS = 4
    FENCES = 5
    POLES = 6
    TRAFFIC_LIGHT = 7
    TRAFFIC_SIGNS = 8
    VEGETATION = 9
    TERRAIN = 10
    SKY = 11
    PEDESTRIANS = 12
    RIDER = 13
    CAR = 14
    TRUCK = 15
    BUS = 16
    TRAIN = 17
    MOTORCYCLE = 18
    BICYCLE = 19
    STATIC = 20
    DYNAMIC = 21
    OTHER = 22
    WATER = 23
    ROAD_LINES = 24
    GROUND = 25
    BRIDGE = 26
    RAIL_TRACK = 27
    GUARD_RAIL = 28
    ANY = 255


class StateFlags(IntFlag):
    """Flags of an episode state message."""

    NONE = 0
    MAP_CHANGE = 1
    PENDING_LIGHT_UPDATE = 2
