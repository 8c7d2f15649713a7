"""The table rpc name -> function, filled by the modules beside this one."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from simulator.server.server import Server
    from simulator.server.session import Session

__all__ = [
    "BUTS",
    "HANDLERS",
    "REFUSED",
    "CallRefused",
    "actor_or_refuse",
    "call",
    "refuse",
    "support",
    "vehicle_or_refuse",
    "walker_or_refuse",
]


class CallRefused(Exception):
    """The call is answered with this message, which the client raises as a RuntimeError."""


Handler = Callable[..., Any]
_Handler = TypeVar("_Handler", bound=Handler)

# Every handler takes (server, session, *arguments) and returns the result, or a coroutine of it.
HANDLERS: Final[dict[str, Handler]] = {}
# What docs/protocol.md says of a call beside "yes": what is missing, and why calls are refused.
BUTS: Final[dict[str, str]] = {}
REFUSED: Final[dict[str, str]] = {}


def call(*names: str, but: str = "") -> Callable[[_Handler], _Handler]:
    """Register the handler of one or more calls; `but` tells users what of CARLA's call it does not do."""

    def register(function: _Handler) -> _Handler:
        for name in names:
            if name in HANDLERS:
                raise ValueError(f"two handlers for the call {name}")
            HANDLERS[name] = function
            if but:
                BUTS[name] = but
        return function

    return register


def refuse(*names: str, because: str, planned: bool = False) -> None:
    """Register calls that are answered at once with an error that names the call and says why."""
    words = "not supported yet" if planned else "not supported"

    @call(*names)
    def refused(server: "Server", session: "Session", *arguments: object) -> None:
        raise CallRefused(f"{session.method} is {words} by this simulator: {because}")

    REFUSED.update(dict.fromkeys(names, because))


def support() -> dict[str, str]:
    """What docs/protocol.md says of each call that is served."""
    served = HANDLERS.keys() - REFUSED.keys()
    return {name: f"yes, but {BUTS[name]}" if name in BUTS else "yes" for name in sorted(served)} | {
        name: f"no: answers at once that it is not supported ({reason})" for name, reason in sorted(REFUSED.items())
    }


def actor_or_refuse(server: "Server", session: "Session", actor_id: int) -> Any:
    """The living actor, or CARLA's words for its absence."""
    actor = server.world.get(actor_id)
    if actor is None:
        raise CallRefused(
            f"Responding error from function {session.method}: "
            f"Actor could not be found in the registry.  Actor Id: {actor_id}"
        )
    return actor


def vehicle_or_refuse(server: "Server", session: "Session", actor_id: int) -> Any:
    actor = actor_or_refuse(server, session, actor_id)
    if actor.id not in server.world.physics:
        raise CallRefused(f"Responding error from function {session.method}: actor {actor_id} is no vehicle")
    return actor


def walker_or_refuse(server: "Server", session: "Session", actor_id: int) -> Any:
    actor = actor_or_refuse(server, session, actor_id)
    if not actor.type_id.startswith("walker."):
        raise CallRefused(f"Responding error from function {session.method}: actor {actor_id} is no walker")
    return actor
