# SPDX-License-Identifier: MIT
"""The example embed_epoll_many: two brokers in one program. Arguments: the program, a realistic message."""
import sys

import support

PROGRAM, MESSAGE = sys.argv[1:]
RUN = support.Run(MESSAGE)


def a_broker_knows_nothing_of_the_other():
    with support.Broker(PROGRAM, 2) as broker:
        assert broker.ask() == '0 waiting, 0 waiting'
        controller = RUN.poll(broker, which=1)
        support.until(lambda: broker.ask() == '0 waiting, 1 waiting', 'the controller is held')
        assert RUN.post(broker, which=0) is False
        assert RUN.post(broker, which=1) is True
        controller.join(support.DEADLINE_S)
        assert controller.received == [(200, RUN.text)], controller.received


def the_same_controller_may_wait_at_both():
    with support.Broker(PROGRAM, 2) as broker:
        controllers = [RUN.poll(broker, which) for which in range(2)]
        support.until(lambda: broker.ask() == '1 waiting, 1 waiting', 'both are held')
        assert [RUN.post(broker, which) for which in range(2)] == [True, True]
        for controller in controllers:
            controller.join(support.DEADLINE_S)
            assert controller.received == [(200, RUN.text)], controller.received
        assert broker.end_input() == 0


def wrong_arguments_are_explained():
    status, output, errors = support.run(PROGRAM, '127.0.0.1:0')
    assert status == 2 and output == '' and errors.startswith('usage: '), (status, output, errors)
    status, output, errors = support.run(PROGRAM, '127.0.0.1:0', 'nonsense')
    assert status == 1 and 'nonsense' in errors, (status, output, errors)


support.run_tests(
    a_broker_knows_nothing_of_the_other,
    the_same_controller_may_wait_at_both,
    wrong_arguments_are_explained)
