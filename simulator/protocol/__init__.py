"""CARLA's wire protocol: bytes to messages and back. No socket, no clock, no thread; it knows no cars.

rpc        requests out of bytes, replies into bytes
calls      what a call is; v0_9_16 has the table of all 128
structs    the messages; commands: those of apply_batch; wire: how values lie in msgpack
stream     tokens, subscriptions, sensor messages; state: the episode state
enums      the integers' meanings
errors     who is to blame
"""
