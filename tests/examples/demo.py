# SPDX-License-Identifier: MIT
"""The example demo, against the example ten_lines. Arguments: both programs."""
import os
import re
import signal
import subprocess
import sys

import support

DEMO, BROKER = sys.argv[1:]
STEP = re.compile(r'^ *\d+\.\d{3}  (\S+) +(run_\d+|-) +(\S+)  +(.+)$', re.M)


def steps(output):
    """(who, run, deployment, what) of each line of the table."""
    return STEP.findall(output)


def processes_of(session):
    """What is left of a demo that had a session of its own."""
    left = []
    for entry in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open(f'/proc/{entry}/stat', encoding='utf-8', errors='replace') as file:
                fields = file.read().rpartition(')')[2].split()
        except OSError:
            continue # it has just ended
        if int(fields[3]) == session:
            left.append(entry)
    return left


def each_run_that_fits_is_handed_over_once():
    with support.Broker(BROKER) as broker:
        status, output, errors = support.run(DEMO, '--runs', '6', broker.url)
    assert status == 0 and errors == '', (status, output, errors)
    rows = steps(output)
    for run in range(1, 7):
        fits = run % 3 != 0
        name = f'run_{run:04d}'
        receivers = [who for who, row, _, what in rows if row == name and what.startswith('received ')]
        answers = [what for who, row, _, what in rows if row == name and who == 'supervisor']
        assert len(receivers) == fits and len(answers) == 1, output
        assert f'didWarmStart {"true" if fits else "false"}' in answers[0], output
        assert not fits or f'{receivers[0]} has it' in answers[0], output
    assert '\n4 runs went to a controller that was waiting' in output, output
    assert '\n2 runs fit none' in output and '0 went wrong' in output, output


def it_ends_early_when_it_is_told_to():
    with support.Broker(BROKER) as broker:
        demo = subprocess.Popen([DEMO, '--runs', '9999', broker.url], stdout=subprocess.PIPE, text=True,
                                start_new_session=True)
        output = ''
        while 'didWarmStart true' not in output:
            line = demo.stdout.readline()
            assert line != '', output
            output += line
        demo.send_signal(signal.SIGTERM)
        output += demo.communicate(timeout=support.DEADLINE_S)[0]
        assert demo.returncode == 0 and '0 went wrong' in output, output
        assert processes_of(demo.pid) == [], output


def a_broker_that_is_not_there_is_an_error():
    with support.Broker(BROKER) as broker:
        url = broker.url
    status, output, errors = support.run(DEMO, '--runs', '6', url)
    assert status == 1 and url in errors and 'went wrong' not in output, (status, output, errors)


def wrong_arguments_are_explained():
    for arguments in [[], ['--help'], ['--runs', '0', 'http://127.0.0.1:1'], ['--runs', '6']]:
        status, output, errors = support.run(DEMO, *arguments)
        assert status == 2 and output == '' and errors.startswith('usage: '), (arguments, output, errors)


support.run_tests(
    each_run_that_fits_is_handed_over_once,
    it_ends_early_when_it_is_told_to,
    a_broker_that_is_not_there_is_an_error,
    wrong_arguments_are_explained)
