# SPDX-License-Identifier: MIT
"""The example ten_lines: a broker in one's own program. Arguments: the program, a realistic message."""
import json
import sys
import threading

import support

PROGRAM, MESSAGE = sys.argv[1:]
with open(MESSAGE, encoding='utf-8') as file:
    TEXT = file.read().strip()


def poll_headers():
    message = json.loads(TEXT)
    machine = message['run']['machine']
    return {
        'x-trigger-workload-controller-id': 'controller_1',
        'x-trigger-deployment-id': message['deployment']['friendlyId'],
        'x-trigger-deployment-version': message['backgroundWorker']['version'],
        'x-trigger-machine-cpu': str(machine['cpu']),
        'x-trigger-machine-memory': str(machine['memory']),
        'x-trigger-worker-instance-name': 'here',
    }


def request(broker, method, path, body=None, headers=None):
    connection = broker.connection()
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def post(broker):
    status, answer = request(broker, 'POST', '/warm-start', '{"dequeuedMessage":' + TEXT + '}')
    assert status == 200, answer
    return json.loads(answer)['didWarmStart']


def it_tells_controllers_how_long_to_wait():
    with support.Broker(PROGRAM) as broker:
        status, answer = request(broker, 'GET', '/connect')
        assert status == 200 and json.loads(answer)['connectionTimeoutMs'] == 30000, answer


def a_run_goes_to_the_controller_that_waits_and_nothing_stays_open():
    with support.Broker(PROGRAM) as broker:
        before = broker.descriptors()
        assert post(broker) is False
        received = []
        controller = threading.Thread(
            target=lambda: received.append(request(broker, 'GET', '/warm-start', headers=poll_headers())))
        controller.start()
        support.until(lambda: post(broker), 'a waiting controller is found')
        controller.join(support.DEADLINE_S)
        assert received == [(200, TEXT)], received
        assert post(broker) is False
        support.until(lambda: broker.descriptors() <= before + 1, 'all connections are closed')


def an_address_that_is_none_ends_it():
    status, output, errors = support.run(PROGRAM, 'nonsense')
    assert status == 1 and output == '' and 'nonsense' in errors, (status, output, errors)


support.run_tests(
    it_tells_controllers_how_long_to_wait,
    a_run_goes_to_the_controller_that_waits_and_nothing_stays_open,
    an_address_that_is_none_ends_it)
