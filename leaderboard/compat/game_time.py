"""The clock that agents ask: the names of srunner.scenariomanager.timer.GameTime."""

from __future__ import annotations

import datetime

import carla

__all__ = ["GameTime"]


class GameTime:
    """Simulation time since restart(), for the whole process, because agents ask the class itself."""

    _current_game_time = 0.0
    _carla_time = 0.0
    _last_frame = 0
    _platform_timestamp: datetime.datetime | None = None
    _init = False

    @staticmethod
    def on_carla_tick(timestamp: carla.Timestamp) -> None:
        """Count the frames up to this one; a frame that is not newer changes nothing."""
        if timestamp.frame <= GameTime._last_frame:
            return
        frames = timestamp.frame - GameTime._last_frame if GameTime._init else 1
        GameTime._current_game_time += timestamp.delta_seconds * frames
        GameTime._last_frame = timestamp.frame
        GameTime._platform_timestamp = datetime.datetime.now()
        GameTime._carla_time = timestamp.elapsed_seconds
        GameTime._init = True

    @staticmethod
    def restart() -> None:
        GameTime._current_game_time = 0.0
        GameTime._carla_time = 0.0
        GameTime._last_frame = 0
        GameTime._init = False

    @staticmethod
    def get_time() -> float:
        """Seconds in the simulation since restart()."""
        return GameTime._current_game_time

    @staticmethod
    def get_carla_time() -> float:
        """Seconds since the simulator started its episode."""
        return GameTime._carla_time

    @staticmethod
    def get_wallclocktime() -> datetime.datetime | None:
        """When the last frame came."""
        return GameTime._platform_timestamp

    @staticmethod
    def get_frame() -> int:
        """The simulator's number of the last frame."""
        return GameTime._last_frame
