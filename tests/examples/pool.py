# SPDX-License-Identifier: MIT
"""The example pool: workers that were forked beforehand. Argument: the program."""
import sys

import support

PROGRAM = sys.argv[1]


def each_job_is_done_once():
    jobs = [f'job {number}' for number in range(100)]
    status, output, errors = support.run(PROGRAM, *jobs)
    assert status == 0 and errors == '', errors
    expected = [job.upper() for job in jobs] + [f'{job}: delivered' for job in jobs]
    assert sorted(output.splitlines()) == sorted(expected), output


def a_worker_that_dies_takes_one_job_with_it_and_is_replaced():
    status, output, errors = support.run(PROGRAM, 'one', *(5 * ['die']), 'two')
    assert status == 0 and errors == '', errors
    expected = ['ONE', 'one: delivered', 'TWO', 'two: delivered'] + 5 * ['die: uncertain']
    assert sorted(output.splitlines()) == sorted(expected), output


def jobs_that_are_none_are_refused():
    for job in ['', 'x' * 257]:
        status, output, errors = support.run(PROGRAM, job)
        assert status == 2 and output == '' and '1 to 256 bytes' in errors, (status, output, errors)


support.run_tests(
    each_job_is_done_once,
    a_worker_that_dies_takes_one_job_with_it_and_is_replaced,
    jobs_that_are_none_are_refused)
