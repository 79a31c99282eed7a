# SPDX-License-Identifier: MIT
"""The examples controller and supervisor, over warmstartd's Unix socket. Arguments: the two, and warmstartd."""
import subprocess
import sys

import support

CONTROLLER, SUPERVISOR, SERVER = sys.argv[1:]


def supervise(server, *runs):
    return support.run(SUPERVISOR, server.socket, 'deployment=d1', *runs)


def runs_are_warm_while_a_controller_waits_and_cold_after_it():
    with support.Warmstartd(SERVER) as server:
        controller = subprocess.Popen([CONTROLLER, server.socket, 'c1', 'deployment=d1'], stdout=subprocess.PIPE,
                                      text=True)
        support.until(lambda: supervise(server, 'run_1')[0] == 0, 'a controller waits')
        support.until(lambda: supervise(server, 'run_2')[0] == 0, 'it waits again')
        status, output, errors = support.until(
            lambda: (lambda done: done if done[0] == 0 else None)(supervise(server, 'stop')), 'and again')
        assert (status, output, errors) == (0, 'stop: warm, c1 has it\n', '')
        assert controller.communicate(timeout=support.DEADLINE_S)[0] == 'c1 does run_1\nc1 does run_2\nc1 does stop\n'
        assert controller.returncode == 0
        status, output, errors = supervise(server, 'run_3', 'run_4')
        assert status == 1 and sorted(output.splitlines()) == ['run_3: cold, no_match', 'run_4: cold, no_match'], output


def a_controller_outlives_its_broker():
    with support.Warmstartd(SERVER) as server:
        controller = subprocess.Popen([CONTROLLER, server.socket, 'c1', 'deployment=d1'], stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True)
        support.until(lambda: supervise(server, 'run_1')[0] == 0, 'a controller waits')
        server.process.kill()
        server.process.wait(support.DEADLINE_S)
        assert 'no broker' in controller.stderr.readline()
        again = subprocess.Popen([SERVER, '--http', '127.0.0.1:0', '--unix', server.socket, *support.PATIENT],
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        support.until(lambda: supervise(server, 'stop')[0] == 0, 'it is back')
        assert controller.communicate(timeout=support.DEADLINE_S)[0] == 'c1 does run_1\nc1 does stop\n'
        again.kill()
        again.communicate(timeout=support.DEADLINE_S)


def wrong_arguments_are_explained():
    for program in CONTROLLER, SUPERVISOR:
        status, output, errors = support.run(program, '/tmp/x')
        assert status == 2 and output == '' and errors.startswith('usage: '), errors
        status, output, errors = support.run(program, 200 * 'x', 'a', 'b')
        assert status == 2 and 'no path of a socket' in errors, errors


support.run_tests(
    runs_are_warm_while_a_controller_waits_and_cold_after_it,
    a_controller_outlives_its_broker,
    wrong_arguments_are_explained)
