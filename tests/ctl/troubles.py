# SPDX-License-Identifier: MIT
"""warmstartctl when something goes wrong. Arguments: warmstartctl, warmstartd."""
import socket
import subprocess
import sys

import support

CTL, SERVER = sys.argv[1:]
# Time enough for a machine that stands still: what the client asks for counts, not the server's own.
DISPATCH = ['dispatch', '--timeout-ms', '60000']


def start(server, *arguments, **files):
    return subprocess.Popen([CTL, '--socket', server.socket, *arguments], stderr=subprocess.PIPE, **files)


def run(server, *arguments, **files):
    files.setdefault('stdout', subprocess.PIPE)
    process = start(server, *arguments, **files)
    output, errors = process.communicate(timeout=support.DEADLINE_S)
    return process.returncode, output, errors.decode()


def held(server):
    return int(run(server, 'count', '--subset')[1])


def wait(server, *arguments, **files):
    """A wait that is held."""
    before = held(server)
    files.setdefault('stdout', subprocess.PIPE)
    process = start(server, 'wait', *arguments, **files)
    support.until(lambda: held(server) > before, 'it waits')
    return process


def a_long_run_is_read_from_standard_input_whole():
    with support.Warmstartd(SERVER) as server:
        waiting = wait(server, 'a=b')
        payload = 'payload '.encode() * 50000
        dispatching = start(server, *DISPATCH, 'a=b', stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        output = dispatching.communicate(payload, timeout=support.DEADLINE_S)[0]
        assert (dispatching.returncode, output) == (0, b'delivered attempts=1\n'), output
        assert waiting.communicate(timeout=support.DEADLINE_S)[0] == payload


def standard_input_that_cannot_be_read_is_said():
    with support.Warmstartd(SERVER) as server:
        with open('/proc/self/mem', 'rb') as unreadable:
            status, _, errors = run(server, *DISPATCH, 'a=b', stdin=unreadable)
        assert status == 2 and 'standard input cannot be read' in errors, (status, errors)


def standard_output_that_is_full_is_said():
    with support.Warmstartd(SERVER) as server, open('/dev/full', 'wb') as full:
        for arguments in (['stats'], ['ping'], ['top', '--count', '1'], ['count', 'a=b']):
            status, _, errors = run(server, *arguments, stdout=full)
            assert status == 4 and 'cannot write to standard output' in errors, (arguments, status, errors)
        waiting = wait(server, 'a=b', stdout=full)
        assert run(server, *DISPATCH, '--payload', 'x', 'a=b')[0] == 0
        errors = waiting.communicate(timeout=support.DEADLINE_S)[1]
        assert waiting.returncode == 4 and b'cannot write to standard output' in errors, errors


def control_characters_cannot_be_sent():
    with support.Warmstartd(SERVER) as server:
        for arguments in (['cordon', 'a\1'], ['count', 'a=\1'], ['wait', 'a=\1'], ['wait', '--id', '\1', 'a=b'],
                          [*DISPATCH, '--payload', 'x', 'a=\1']):
            status, _, errors = run(server, *arguments)
            assert status == 2 and 'control characters' in errors, (arguments, status, errors)


def what_the_server_refuses_is_said_with_its_reason():
    with support.Warmstartd(SERVER) as server:
        for arguments in (['count', 'a:=['], ['list', 'a:=['], ['wait', 'a:=['],
                          [*DISPATCH, '--payload', 'x', 'a:=[']):
            status, output, errors = run(server, *arguments)
            assert status == 1 and output == b'' and errors.startswith('warmstartctl: '), (arguments, status, errors)


def a_run_that_nobody_acknowledges_is_lost():
    with support.Warmstartd(SERVER) as server, socket.socket(socket.AF_UNIX) as waiter:
        waiter.connect(server.socket)
        waiter.sendall(b'wait w1 -- a=b\n')
        support.until(lambda: held(server) == 1, 'it waits')
        # A second for each attempt, and much more for all of them: only one of the two may be over.
        dispatching = start(server, 'dispatch', '--retry-uncertain', '--attempts', '50', '--timeout-ms', '50000',
                            '--payload', 'x', 'a=b', stdout=subprocess.PIPE)
        seen = b''
        while not seen.endswith(b'x\n'):  # the whole payload, which is never acknowledged
            seen += waiter.recv(4096)
        output = dispatching.communicate(timeout=support.DEADLINE_S)[0]
        assert (dispatching.returncode, output) == (1, b'lost attempts=1\n'), (dispatching.returncode, output)


def a_server_that_goes_away_under_a_wait_is_status_4():
    with support.Warmstartd(SERVER) as server:
        waiting = wait(server, 'a=b')
        server.process.kill()
        errors = waiting.communicate(timeout=support.DEADLINE_S)[1]
        assert waiting.returncode == 4 and b'no server' in errors, errors


support.run_tests(
    a_long_run_is_read_from_standard_input_whole,
    standard_input_that_cannot_be_read_is_said,
    standard_output_that_is_full_is_said,
    control_characters_cannot_be_sent,
    what_the_server_refuses_is_said_with_its_reason,
    a_run_that_nobody_acknowledges_is_lost,
    a_server_that_goes_away_under_a_wait_is_status_4)
