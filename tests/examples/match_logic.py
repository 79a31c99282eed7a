# SPDX-License-Identifier: MIT
"""The example match_logic: the core alone prints the same story each time. Argument: the program."""
import sys

import support

STORY = '''\
  0 s  controller_a waits with version 1.0
  1 s  controller_b waits with version 1.0
  2 s  controller_c waits with version 2.0
  5 s  run_1 needs version 1.0: a waiter fits
  5 s    write run_1 to controller_b: lost
  5 s    controller_b is over: lost
  5 s    write run_1 to controller_a: delivered
  5 s    run_1 is settled: delivered, waiters tried: 2
  5 s    controller_a is over: delivered
  6 s  run_2 needs version 1.0: no waiter fits
 32 s    controller_c is over: expired
 33 s  run_3 needs version 2.0: no waiter fits
in all: 3 registered, 1 delivered, 2 without a match
'''


def the_core_matches_without_a_socket_or_a_clock():
    status, output, errors = support.run(sys.argv[1])
    assert status == 0 and errors == '', errors
    assert output == STORY, output


support.run_tests(the_core_matches_without_a_socket_or_a_clock)
