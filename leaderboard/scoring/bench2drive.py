"""Bench2Drive's other numbers: abilities, driving efficiency and comfort, as published, and comfort with right units.

Sources: tools/ability_benchmark.py and tools/efficiency_smoothness_benchmark.py of Bench2Drive 0.0.4. What is odd there
is odd here, and said; `comfort_physical` is ours.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from leaderboard.profiles import Infraction
from leaderboard.scoring.results import RouteResult
from leaderboard.scoring.statistics import mean

Floats = npt.NDArray[np.float64]

_JUNCTIONS: Final = (
    "NonSignalizedJunctionLeftTurn",
    "NonSignalizedJunctionRightTurn",
    "NonSignalizedJunctionLeftTurnEnterFlow",
    "SignalizedJunctionLeftTurn",
    "SignalizedJunctionRightTurn",
    "SignalizedJunctionLeftTurnEnterFlow",
)
_SIGNS_AND_BRAKES: Final = (
    "BlockedIntersection",
    "OppositeVehicleTakingPriority",
    "OppositeVehicleRunningRedLight",
    "PedestrianCrossing",
    "VehicleTurningRoute",
    "VehicleTurningRoutePedestrian",
)
ABILITIES: Final[Mapping[str, frozenset[str]]] = {
    "Overtaking": frozenset(
        {
            "Accident",
            "AccidentTwoWays",
            "ConstructionObstacle",
            "ConstructionObstacleTwoWays",
            "HazardAtSideLane",
            "HazardAtSideLaneTwoWays",
            "ParkedObstacle",
            "ParkedObstacleTwoWays",
            "VehicleOpensDoorTwoWays",
        }
    ),
    "Merging": frozenset(
        {
            "CrossingBicycleFlow",
            "EnterActorFlow",
            "HighwayExit",
            "InterurbanActorFlow",
            "HighwayCutIn",
            "InterurbanAdvancedActorFlow",
            "MergerIntoSlowTraffic",
            "MergerIntoSlowTrafficV2",
            "ParkingExit",
            "SequentialLaneChange",
            *_JUNCTIONS,
        }
    ),
    "Emergency_Brake": frozenset(
        {
            "DynamicObjectCrossing",
            "HardBreakRoute",
            "ParkingCutIn",
            "ParkingCrossingPedestrian",
            "StaticCutIn",
            "ControlLoss",
            *_SIGNS_AND_BRAKES,
        }
    ),
    "Give_Way": frozenset({"InvadingTurn", "YieldToEmergencyVehicle"}),
    "Traffic_Signs": frozenset(
        {
            "EnterActorFlow",
            "CrossingBicycleFlow",
            "T_Junction",
            "VanillaNonSignalizedTurn",
            "VanillaNonSignalizedTurnEncounterStopsign",
            "VanillaSignalizedTurnEncounterGreenLight",
            "VanillaSignalizedTurnEncounterRedLight",
            *_JUNCTIONS,
            *_SIGNS_AND_BRAKES,
        }
    ),
}
SIGNS: Final = "Traffic_Signs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    shares: Mapping[str, float | None]
    """0 to 1 for each ability; None without a route for it."""
    mean: float | None
    """Of the five; None unless there are all."""
    routes: Mapping[str, int]
    """How many routes each rests on: a route without a score is not among them, as in the tool."""


def abilities(results: Iterable[RouteResult]) -> Abilities:
    """The five shares of success, by a route's first scenario.

    Odd, and as published: a failed route of Traffic_Signs counts as a success there if the ego came past its first
    junction without running a light or a stop sign; routes without a result are left out here, but count 0 in the
    driving score.
    """
    won = dict.fromkeys(ABILITIES, 0)
    total = dict.fromkeys(ABILITIES, 0)
    for result in results:
        if result.score is None or not result.scenario_types:
            continue
        for name, types in ABILITIES.items():
            if result.scenario_types[0] in types:
                total[name] += 1
                won[name] += result.score.success or (name == SIGNS and _passed_the_signs(result))
    shares = {name: won[name] / total[name] if total[name] else None for name in ABILITIES}
    known = [share for share in shares.values() if share is not None]
    return Abilities(shares=shares, mean=mean(known) if len(known) == len(shares) else None, routes=total)


def _passed_the_signs(result: RouteResult) -> bool:
    score, share = result.score, result.junction_share
    if score is None or share is None:
        return False
    ran = score.infractions[Infraction.STOP] or score.infractions[Infraction.RED_LIGHT]
    return score.completion / 100.0 > share and not ran


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """All that Bench2Drive publishes of a run."""

    driving_score: float
    """Over all planned drives: what is missing counts 0."""
    success_rate: float
    """0 to 1, likewise."""
    abilities: Abilities
    efficiency: float | None
    comfort_published: float | None
    """0 to 1."""
    comfort_physical: float | None


def numbers(results: Sequence[RouteResult], total: int, motions: Iterable[Motion]) -> Numbers:
    """Of a run of `total` planned drives; `motions` are those of the drives that have a trace."""
    moved = list(motions)
    scores = [result.score for result in results if result.score is not None]
    return Numbers(
        driving_score=math.fsum(score.driving_score for score in scores) / total,
        success_rate=sum(score.success for score in scores) / total,
        abilities=abilities(results),
        efficiency=driving_efficiency(results),
        comfort_published=comfort(comfort_published(motion) for motion in moved),
        comfort_physical=comfort(comfort_physical(motion) for motion in moved),
    )


# --- driving efficiency -----------------------------------------------------------------------------------------------

_PERCENTAGE: Final = re.compile(r"\b\d+\.?\d*%")
_LARGEST_PERCENTAGE: Final = 1000.0


def driving_efficiency(results: Iterable[RouteResult]) -> float | None:
    """The ego's speed in per cent of the traffic's: the mean over routes of the mean over their checkpoints.

    Checkpoints above 1000 % are dropped, and so is a route that has none left (the tool divides by zero then).
    """
    means: list[float] = []
    for result in results:
        if result.score is None:
            continue
        value = mean(_percentages(result.score.infractions[Infraction.MIN_SPEED]))
        if value is not None:
            means.append(value)
    return mean(means)


def _percentages(texts: Sequence[str]) -> list[float]:
    """Read from the official texts, as the tool does."""
    found = [match for match in map(_PERCENTAGE.search, texts) if match is not None]
    values = [float(match.group().rstrip("%")) for match in found]
    return [value for value in values if value <= _LARGEST_PERCENTAGE]


# --- comfort ----------------------------------------------------------------------------------------------------------

SAMPLES_A_PIECE: Final = 20
_WINDOW: Final = 7
_ORDER: Final = 2
PUBLISHED_STEP_S: Final = 0.1
"""The tool's time between samples; they are taken at 20 Hz."""
TICK_S: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The limits of comfort, from nuPlan's metric."""

    lon_accel_mps2: tuple[float, float] = (-4.05, 2.40)
    lat_accel_mps2: float = 4.89
    jerk_mps3: float = 8.37
    lon_jerk_mps3: float = 4.13
    yaw_accel_radps2: float = 1.93
    yaw_rate_radps: float = 0.95


BOUNDS: Final = Bounds()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Motion:
    """How the ego moved: one row a tick."""

    acceleration: Floats
    """(n, 2) or more, m/s^2, world axes."""
    yaw_rate_degps: Floats
    """(n,), as get_angular_velocity().z gives it."""
    forward: Floats
    """(n, 2) or more: the ego's forward vector."""
    right: Floats
    """(n, 2) or more: the ego's right vector."""

    def __len__(self) -> int:
        return len(self.yaw_rate_degps)

    def piece(self, start: int, stop: int) -> Motion:
        return Motion(
            acceleration=self.acceleration[start:stop],
            yaw_rate_degps=self.yaw_rate_degps[start:stop],
            forward=self.forward[start:stop],
            right=self.right[start:stop],
        )


def comfort_published(motion: Motion) -> float | None:
    """The share of comfortable pieces of a route, by the published code.

    Not physical: the yaw rate is in degrees per second and held against a limit in radians, jerk is derived as if
    samples were 0.1 s apart, and "yaw acceleration" is the smoothed yaw rate again. None for fewer than 7 samples.
    """
    return _share(motion, _published)


def comfort_physical(motion: Motion) -> float | None:
    """The same limits with the right units: samples 0.05 s apart, yaw in radians, yaw acceleration a derivative."""
    return _share(motion, _physical)


def comfort(routes: Iterable[float | None]) -> float | None:
    """The mean over the routes that have a value."""
    return mean([value for value in routes if value is not None])


def _share(motion: Motion, judge: Callable[[Motion], bool]) -> float | None:
    count = len(motion)
    if count < _WINDOW:
        return None
    if count <= SAMPLES_A_PIECE:
        return float(judge(motion))
    # A last piece that is not full is left out.
    starts = range(0, count - SAMPLES_A_PIECE + 1, SAMPLES_A_PIECE)
    return sum(judge(motion.piece(start, start + SAMPLES_A_PIECE)) for start in starts) / len(starts)


def _published(motion: Motion) -> bool:
    rate = savgol(_unwrapped(motion.yaw_rate_degps))
    return _comfortable(motion, PUBLISHED_STEP_S, yaw_rate=rate, yaw_accel=rate)


def _physical(motion: Motion) -> bool:
    rate = savgol(np.radians(motion.yaw_rate_degps))
    return _comfortable(motion, TICK_S, yaw_rate=rate, yaw_accel=savgol(rate, derivative_step_s=TICK_S))


def _comfortable(motion: Motion, step_s: float, *, yaw_rate: Floats, yaw_accel: Floats) -> bool:
    acceleration = motion.acceleration[:, :2]
    lon_accel = savgol(np.einsum("ij,ij->i", acceleration, motion.forward[:, :2]))
    lat_accel = savgol(np.einsum("ij,ij->i", acceleration, motion.right[:, :2]))
    magnitude = savgol(np.hypot(acceleration[:, 0], acceleration[:, 1]))
    low, high = BOUNDS.lon_accel_mps2
    return (
        _within(lon_accel, low, high)
        and _within(lat_accel, -BOUNDS.lat_accel_mps2, BOUNDS.lat_accel_mps2)
        and _within(savgol(magnitude, derivative_step_s=step_s), -BOUNDS.jerk_mps3, BOUNDS.jerk_mps3)
        and _within(savgol(lon_accel, derivative_step_s=step_s), -BOUNDS.lon_jerk_mps3, BOUNDS.lon_jerk_mps3)
        and _within(yaw_accel, -BOUNDS.yaw_accel_radps2, BOUNDS.yaw_accel_radps2)
        and _within(yaw_rate, -BOUNDS.yaw_rate_radps, BOUNDS.yaw_rate_radps)
    )


def _within(values: Floats, low: float, high: float) -> bool:
    return bool(np.all((values > low) & (values < high)))


def _unwrapped(values: Floats) -> Floats:
    """The tool unwraps rates as if they were angles."""
    turns = np.zeros_like(values)
    turns[1:] = np.cumsum(np.round(np.diff(values) / (2 * math.pi)))
    return values - 2 * math.pi * turns


def savgol(values: Floats, derivative_step_s: float | None = None) -> Floats:
    """A Savitzky-Golay filter of window 7 and order 2, or its first derivative: scipy's savgol_filter, mode "interp".

    Each value is that of the parabola through the 7 samples around it; near an end, of the one through the last 7.
    """
    offsets = np.arange(_WINDOW) - _WINDOW // 2
    powers = np.vander(offsets.astype(np.float64), _ORDER + 1, increasing=True)
    fit = np.linalg.pinv(powers)
    if derivative_step_s is not None:
        # d/dt of 1, t, t^2 at each offset.
        powers = np.stack([np.zeros(_WINDOW), np.ones(_WINDOW), 2.0 * offsets], axis=1) / derivative_step_s
    weights = powers @ fit
    half = _WINDOW // 2
    middle = np.lib.stride_tricks.sliding_window_view(values, _WINDOW) @ weights[half]
    first, last = weights[:half] @ values[:_WINDOW], weights[half + 1 :] @ values[-_WINDOW:]
    return np.concatenate([first, middle, last])
