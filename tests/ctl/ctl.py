# SPDX-License-Identifier: MIT
"""warmstartctl against warmstartd. Arguments: both programs."""
import os
import pty
import select
import signal
import subprocess
import sys

import support

CTL, SERVER = sys.argv[1:]


def ctl(server, *arguments, text=''):
    return support.run(CTL, '--socket', server.socket, *arguments, text=text)


def dispatch(server, *arguments, text=''):
    """With time enough for a machine that stands still: what the client asks for counts, not the server's own."""
    return ctl(server, 'dispatch', '--timeout-ms', '60000', *arguments, text=text)


def wait(server, *arguments):
    """A wait that is held."""
    before = count(server)
    process = subprocess.Popen([CTL, '--socket', server.socket, 'wait', *arguments], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    support.until(lambda: count(server) > before, 'it waits')
    return process


def end(process):
    output, errors = process.communicate(timeout=support.DEADLINE_S)
    return process.returncode, output, errors.decode()


def count(server, *metadata):
    status, output, errors = ctl(server, 'count', '--subset', *metadata)
    assert status == 0, errors
    return int(output)


def a_run_goes_from_one_to_the_other():
    with support.Warmstartd(SERVER) as server:
        waiting = wait(server, '--id', 'c1', '--instance', 'node-1', 'deployment=d1', 'cpu:=0.5')
        status, output, errors = dispatch(server, 'deployment=d1', 'cpu:=5e-1', text='hello\nworld')
        assert (status, output, errors) == (0, 'delivered attempts=1 controller=c1\n', ''), (output, errors)
        assert end(waiting) == (0, b'hello\nworld', '')


def nobody_fits_is_status_1():
    with support.Warmstartd(SERVER) as server:
        waiting = wait(server, 'deployment=d1', 'version=1')
        for metadata in (['deployment=d1'], ['deployment=d1', 'version:=1'], ['{"deployment":"d1","version":1}']):
            status, output, _ = dispatch(server, '--payload', 'x', *metadata)
            assert (status, output) == (1, 'no_match attempts=0\n'), output
        status, output, _ = dispatch(server, '--payload', 'x', '--subset', 'deployment=d1')
        assert (status, output) == (0, 'delivered attempts=1\n'), output
        assert end(waiting)[1] == b'x'


def waits_end_when_their_time_is_over_and_go_on_for_as_many_as_are_wanted():
    with support.Warmstartd(SERVER) as server:
        status, output, errors = ctl(server, 'wait', '--timeout-ms', '20', 'a=b')
        assert (status, output) == (1, '') and 'timeout' in errors, errors
        waiting = wait(server, '--count', '3', 'a=b')
        for run in 'one', 'two', 'three':
            support.until(lambda: count(server) == 1, 'it waits again')
            status, output, _ = dispatch(server, '--payload', run, 'a=b')
            assert status == 0, output
        assert end(waiting) == (0, b'one\ntwo\nthree\n', '')


def a_waiter_that_is_killed_with_its_run_is_not_delivered():
    with support.Warmstartd(SERVER) as server:
        waiting = wait(server, 'a=b')
        waiting.send_signal(signal.SIGSTOP)
        dispatching = subprocess.Popen([CTL, '--socket', server.socket, 'dispatch', '--payload', 'x',
                                        '--timeout-ms', '50000', 'a=b'], stdout=subprocess.PIPE)
        support.until(lambda: count(server) == 0, 'the run is out')
        waiting.kill()
        output = dispatching.communicate(timeout=support.DEADLINE_S)[0]
        assert dispatching.returncode in (1, 3) and output in (b'lost attempts=1\n', b'uncertain attempts=1\n'), output
        end(waiting)


def who_waits_is_listed_cordoned_and_retired():
    with support.Warmstartd(SERVER) as server:
        one = wait(server, '--id', 'c1', '--instance', 'node-1', 'a=b', 'n:=1.0')
        two = wait(server, '--id', 'c2', '--instance', 'node-2', 'a=b', 'n:=1')
        rows = sorted(ctl(server, 'list')[1].splitlines())
        assert rows == ['1\t1\tnode-1\t{"a":"b","n":1}', '1\t1\tnode-2\t{"a":"b","n":1}'], rows
        assert ctl(server, 'list', '--instance', 'node-1')[1].count('\n') == 1
        assert ctl(server, 'list', '--exact', 'a=b')[1] == ''
        assert ctl(server, 'list', 'a=b')[1].count('\n') == 2
        assert ctl(server, 'cordon', '--for-ms', '60000', 'node-1')[0] == 0
        assert count(server, 'a=b') == 1
        assert ctl(server, 'uncordon', 'node-1')[0] == 0
        assert count(server, 'a=b') == 2
        assert ctl(server, 'retire', 'c2')[1] == '1\n'
        status, _, errors = end(two)
        assert status == 1 and 'retired' in errors, errors
        assert ctl(server, 'retire', 'c2')[1] == '0\n'
        status, _, errors = ctl(server, 'wait', '--id', 'c2', 'a=b')
        assert status == 1 and 'retired' in errors, errors
        one.kill()
        end(one)


def figures_are_shown_once_and_live():
    with support.Warmstartd(SERVER) as server:
        waiting = wait(server, 'a=b')
        output = ctl(server, 'stats')[1]
        assert 'waiters_waiting 1\n' in output and 'registered_total 1\n' in output, output
        status, output, errors = ctl(server, 'top', '--count', '2', '--interval-ms', '10')
        assert status == 0 and output.count('waiting 1 of 1') == 2 and '{"a":"b"}' in output, (output, errors)
        assert ctl(server, 'ping')[1].startswith('1 '), output
        waiting.kill()
        end(waiting)


def a_live_view_on_a_terminal_ends_with_q_and_leaves_it_as_it_was():
    with support.Warmstartd(SERVER) as server:
        ours, theirs = pty.openpty()
        process = subprocess.Popen([CTL, '--socket', server.socket, 'top'], stdin=theirs, stdout=theirs,
                                   stderr=theirs)
        seen = b''
        while b'metadata' not in seen:
            assert select.select([ours], [], [], support.DEADLINE_S)[0], seen
            seen += os.read(ours, 4096)
        assert b'\033[2J' in seen, seen
        os.write(ours, b'q')
        assert process.wait(support.DEADLINE_S) == 0
        echoes = subprocess.run(['stty', '-a'], stdin=theirs, capture_output=True, text=True, check=True).stdout
        assert ' echo ' in echoes and ' icanon ' in echoes, echoes
        os.close(ours)
        os.close(theirs)


def a_server_is_stopped_in_good_order():
    with support.Warmstartd(SERVER) as server:
        waiting = wait(server, 'a=b')
        status, output, errors = ctl(server, 'drain', '--timeout-ms', '5000', '--spread-ms', '10')
        assert status == 0, (output, errors)
        status, _, errors = end(waiting)
        assert status in (1, 4) and ('draining' in errors or 'no server' in errors), errors
        assert server.process.wait(support.DEADLINE_S) == 0


def no_server_is_status_4():
    with support.Warmstartd(SERVER) as server:
        path = server.socket + '-of-nobody'
    for command in (['ping'], ['wait', 'a=b'], ['stats'], ['top'],
                    ['dispatch', '--timeout-ms', '30', '--payload', 'x', 'a=b']):
        status, output, errors = support.run(CTL, '--socket', path, *command)
        assert status == 4 and 'no server: No such file' in errors, (command, status, output, errors)


def wrong_usage_is_explained():
    for arguments, why in (([], 'a command is expected'), (['frob'], 'no such command'),
                           (['wait', '--payload', 'x'], 'not an option of this command'),
                           (['--count', '3', 'wait'], 'goes behind the command'),
                           (['wait', '--count', 'x'], 'whole number from 0'),
                           (['dispatch', '--attempts', '101'], 'from 1 to 100'), (['cordon'], 'usage:'),
                           (['cordon', 'a', 'b'], 'usage:'), (['wait', 'a b'], 'no spaces'),
                           (['wait', 'a=b', '--id', 'w'], 'options stand before words'),
                           (['wait', '--id', 'a b'], 'no spaces'), (['--socket', 200 * 'x', 'ping'], '1 to 107'),
                           (['ping', '--frob'], 'unrecognized option')):
        status, output, errors = support.run(CTL, *arguments)
        assert status == 2 and output == '' and why in errors, (arguments, status, output, errors)


def help_and_version_are_complete():
    status, output, _ = support.run(CTL, '--help')
    assert status == 0
    for word in ('wait', 'dispatch', 'count', 'list', 'stats', 'top', 'cordon', 'uncordon', 'retire', 'drain', 'ping',
                 '--socket', '--id', '--instance', '--timeout-ms', '--count', '--payload', '--attempts', '--subset',
                 '--exact', '--retry-uncertain', '--for-ms', '--spread-ms', '--interval-ms'):
        assert word in output, word
    assert support.run(CTL, '--version')[1].startswith('warmstartctl ')


support.run_tests(
    a_run_goes_from_one_to_the_other,
    nobody_fits_is_status_1,
    waits_end_when_their_time_is_over_and_go_on_for_as_many_as_are_wanted,
    a_waiter_that_is_killed_with_its_run_is_not_delivered,
    who_waits_is_listed_cordoned_and_retired,
    figures_are_shown_once_and_live,
    a_live_view_on_a_terminal_ends_with_q_and_leaves_it_as_it_was,
    a_server_is_stopped_in_good_order,
    no_server_is_status_4,
    wrong_usage_is_explained,
    help_and_version_are_complete)
