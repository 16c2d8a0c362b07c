"""What no stepsize schedule of N steps can do: lower bounds for all schedules at once, with proof.

R^N is split into boxes of steps. For each box a mixture of functions of one variable is looked for in floats and
checked exactly by the kernel; a box without one is halved. `pepkit.kernel.schedule_cover` has the argument.
"""

from pepkit.schedule_bounds.cover import certify_every_schedule

__all__ = ["certify_every_schedule"]
