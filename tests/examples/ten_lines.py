# SPDX-License-Identifier: MIT
"""The example ten_lines: a broker in one's own program. Arguments: the program, a realistic message."""
import json
import sys

import support

PROGRAM, MESSAGE = sys.argv[1:]
RUN = support.Run(MESSAGE)


def it_tells_controllers_how_long_to_wait():
    with support.Broker(PROGRAM) as broker:
        status, answer = broker.request('GET', '/connect')
        assert status == 200 and json.loads(answer)['connectionTimeoutMs'] == 30000, answer


def a_run_goes_to_the_controller_that_waits_and_nothing_stays_open():
    with support.Broker(PROGRAM) as broker:
        before = broker.descriptors()
        assert RUN.post(broker) is False
        controller = RUN.poll(broker)
        support.until(lambda: RUN.post(broker), 'a waiting controller is found')
        controller.join(support.DEADLINE_S)
        assert controller.received == [(200, RUN.text)], controller.received
        assert RUN.post(broker) is False
        support.until(lambda: broker.descriptors() <= before + 1, 'all connections are closed')


def an_address_that_is_none_ends_it():
    status, output, errors = support.run(PROGRAM, 'nonsense')
    assert status == 1 and output == '' and 'nonsense' in errors, (status, output, errors)


support.run_tests(
    it_tells_controllers_how_long_to_wait,
    a_run_goes_to_the_controller_that_waits_and_nothing_stays_open,
    an_address_that_is_none_ends_it)
