"""A simulator that somebody else has started: which one it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from leaderboard.errors import InfrastructureError
from leaderboard.launch.embedded import shipped_maps

__all__ = ["Answer", "ask"]

_ANSWER_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What it says of itself."""

    kind: str
    """"embedded", wherever it was started, or "CARLA"."""
    version: str
    client_version: str
    town: str
    maps: frozenset[str]
    """What it can load."""

    @property
    def fits(self) -> bool:
        """Nothing in CARLA's protocol negotiates a version, so those of client and server must be the same."""
        return self.version == self.client_version


def ask(host: str, port: int) -> Answer:
    """Leaves the world alone. Raises InfrastructureError when it does not answer."""
    from leaderboard.launch.client import connect

    client = connect(host, port, _ANSWER_S)
    try:
        maps = frozenset(name.rpartition("/")[2] for name in client.get_available_maps())
        return Answer(
            # Its towns are its own: no CARLA has them all, unless somebody has built them in.
            kind="embedded" if maps.issuperset(shipped_maps()) else "CARLA",
            version=client.get_server_version(),
            client_version=client.get_client_version(),
            town=client.get_world().get_map().name.rpartition("/")[2],
            maps=maps,
        )
    except RuntimeError as error:
        raise InfrastructureError(f"no simulator answers at {host}:{port}: {' '.join(str(error).split())}") from error
