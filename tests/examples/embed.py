# SPDX-License-Identifier: MIT
"""The examples that embed a broker into an event loop of their own. Arguments: the program, a realistic message."""
import sys

import support

PROGRAM, MESSAGE = sys.argv[1:]
RUN = support.Run(MESSAGE)


def both_the_broker_and_the_programs_own_work_are_served():
    with support.Broker(PROGRAM) as broker:
        assert broker.ask() == '0 waiting'
        assert RUN.post(broker) is False
        controller = RUN.poll(broker)
        support.until(lambda: broker.ask() == '1 waiting', 'the controller is held')
        assert RUN.post(broker) is True
        controller.join(support.DEADLINE_S)
        assert controller.received == [(200, RUN.text)], controller.received
        assert broker.ask() == '0 waiting'


def the_end_of_its_input_ends_it():
    with support.Broker(PROGRAM) as broker:
        controller = RUN.poll(broker)
        support.until(lambda: broker.ask() == '1 waiting', 'the controller is held')
        assert broker.end_input() == 0
        controller.join(support.DEADLINE_S)
        assert controller.received == [None], controller.received


def an_address_that_is_none_ends_it():
    status, output, errors = support.run(PROGRAM, 'nonsense')
    assert status == 1 and output == '' and 'nonsense' in errors, (status, output, errors)


support.run_tests(
    both_the_broker_and_the_programs_own_work_are_served,
    the_end_of_its_input_ends_it,
    an_address_that_is_none_ends_it)
