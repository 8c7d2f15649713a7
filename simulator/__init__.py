"""A light world that speaks CARLA's wire protocol, for the official `carla` client.

    with simulator.serve(town="Harbor") as server:
        client = carla.Client(server.host, server.port)

or, from a shell, `python -m simulator --town Harbor`.
"""

from simulator.launch import Running, serve

__version__ = "0.1.0"
__all__ = ["Running", "__version__", "serve"]
