# SPDX-License-Identifier: MIT
"""The example custom_transport: the same story each time. Argument: the program."""
import sys

import support

STORY = '''\
controller_a waits
controller_b waits
  controller_b is over: cancelled
run_1: a waiter fits
  the run is settled: delivered, waiters tried: 1
  controller_a is over: delivered
controller_a has read run_1
run_2: no waiter fits
'''


def a_run_goes_through_a_pipe():
    status, output, errors = support.run(sys.argv[1])
    assert status == 0 and errors == '', errors
    assert output == STORY, output


support.run_tests(a_run_goes_through_a_pipe)
