# SPDX-License-Identifier: MIT
"""The example unreliable_transport: the same story each time. Argument: the program."""
import sys

import support

STORY = '''\
lost: the next one gets it
  write run to controller_b: its connection was reset
  controller_b is over: lost
  write run to controller_a: it says that it has it
  settled: delivered, waiters tried: 2
  controller_a is over: delivered
lost twice: nobody has it
  write run to controller_b: its connection was reset
  controller_b is over: lost
  write run to controller_a: its connection was reset
  controller_a is over: lost
  settled: lost, waiters tried: 2
silence: nobody else is tried
  write run to controller_b: nothing is heard of it
  settled: uncertain, waiters tried: 1
  controller_b is over: uncertain
  controller_a is over: cancelled
silence, and the risk is taken
  write run to controller_b: nothing is heard of it
  controller_b is over: uncertain
  write run to controller_a: it says that it has it
  settled: delivered, waiters tried: 2
  controller_a is over: delivered
back again: the same one is tried
  write run to controller_b: nothing is heard of it, but it waits again
  controller_b is over: uncertain
  write run to controller_b: it says that it has it
  settled: delivered, waiters tried: 2
  controller_b is over: delivered
  controller_a is over: cancelled
'''


def what_is_lost_goes_on_and_what_is_uncertain_does_not():
    status, output, errors = support.run(sys.argv[1])
    assert status == 0 and errors == '', errors
    assert output == STORY, output


support.run_tests(what_is_lost_goes_on_and_what_is_uncertain_does_not)
