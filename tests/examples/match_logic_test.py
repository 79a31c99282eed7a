# SPDX-License-Identifier: MIT
"""The example match_logic_test: tests of match rules pass. Argument: the program."""
import sys

import support


def rules_are_tested_with_a_fake_clock():
    status, output, errors = support.run(sys.argv[1])
    assert status == 0, errors
    assert output.splitlines()[-1] == '100%: Checks: 4, Failures: 0, Errors: 0', output


support.run_tests(rules_are_tested_with_a_fake_clock)
