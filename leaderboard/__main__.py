"""`python -m leaderboard`: the console script, for where this package is the one that Python finds."""

import sys

from carla_closed_loop.__main__ import main

sys.exit(main())
