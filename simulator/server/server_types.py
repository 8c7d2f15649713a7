"""Names of the server's classes for the handlers' annotations, without an import cycle at run time."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.server.server import Server
    from simulator.server.session import Session
else:
    Server = Session = Any

__all__ = ["Server", "Session"]
