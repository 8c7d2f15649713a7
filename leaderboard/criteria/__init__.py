"""World to facts: each rule of the public leaderboards, one in a file. Nothing here imports carla.

`suite.CriteriaSuite` holds those of a profile; `view` is what they see.
"""
