"""What sensors see: triangles of the town and of all that moves, with materials and names, as arrays.

The town's triangles are made once (simulator.scene.town), those of movers once a tick (simulator.scene.movers);
`simulator.scene.scene.Scene` holds both. No pixels here, no sockets, no clocks.
"""
