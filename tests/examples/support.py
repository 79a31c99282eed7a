# SPDX-License-Identifier: MIT
"""What the tests of the examples share: TAP, waiting with a deadline, a broker in a process of its own."""
import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import traceback

DEADLINE_S = 60
# A server that gives nobody up because the machine stands still for seconds.
PATIENT = ['--dispatch-timeout-ms', '60000', '--confirm-timeout-ms', '20000', '--ack-timeout-ms', '20000',
           '--unix-lease-ms', '60000']


def run_tests(*tests):
    """Runs functions and prints TAP; each is named after the behaviour that it shows."""
    failed = 0
    print(f'1..{len(tests)}')
    for number, test in enumerate(tests, 1):
        try:
            test()
            print(f'ok {number} - {test.__name__}', flush=True)
        except Exception:
            failed += 1
            print(f'not ok {number} - {test.__name__}', flush=True)
            traceback.print_exc()
    sys.exit(1 if failed else 0)


def until(condition, what):
    """The condition's first true value."""
    give_up = time.monotonic() + DEADLINE_S
    while time.monotonic() < give_up:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f'not within {DEADLINE_S} s: {what}')


def run(*command, text=None):
    """A program that ends by itself, with a text to read: status, standard output, standard error."""
    done = subprocess.run(command, capture_output=True, input=text, text=True, timeout=DEADLINE_S, check=False)
    return done.returncode, done.stdout, done.stderr


class Warmstartd:
    """The server, on a free port and on a Unix socket in a folder of its own."""

    def __init__(self, program, *options):
        self.folder = tempfile.TemporaryDirectory()
        self.socket = os.path.join(self.folder.name, 'socket')
        self.log = open(os.path.join(self.folder.name, 'log'), 'w+', encoding='utf-8')
        command = [program, '--http', '127.0.0.1:0', '--unix', self.socket, *PATIENT, *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True)
        lines = [self.process.stdout.readline() for _ in range(2)]
        assert all(line.startswith('listening on ') for line in lines), lines
        self.host = [line.split('//')[1].strip() for line in lines if '//' in line][0]

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(DEADLINE_S)
        self.process.stdout.close()
        self.log.close()
        self.folder.cleanup()


class Run:
    """A realistic message, and how a controller polls that it fits."""

    def __init__(self, path):
        with open(path, encoding='utf-8') as file:
            self.text = file.read().strip()
        self.body = '{"dequeuedMessage":' + self.text + '}'

    def headers(self, controller='controller_1'):
        message = json.loads(self.text)
        machine = message['run']['machine']
        return {
            'x-trigger-workload-controller-id': controller,
            'x-trigger-deployment-id': message['deployment']['friendlyId'],
            'x-trigger-deployment-version': message['backgroundWorker']['version'],
            'x-trigger-machine-cpu': str(machine['cpu']),
            'x-trigger-machine-memory': str(machine['memory']),
            'x-trigger-worker-instance-name': 'here',
        }

    def post(self, broker, which=0):
        """didWarmStart"""
        status, answer = broker.request('POST', '/warm-start', self.body, which=which)
        assert status == 200, answer
        return json.loads(answer)['didWarmStart']

    def poll(self, broker, which=0):
        """A controller that waits, as a thread; what it gets will be in its `received`: None is no answer."""
        received = []

        def wait():
            try:
                received.append(broker.request('GET', '/warm-start', headers=self.headers(), which=which))
            except (http.client.HTTPException, OSError):
                received.append(None)

        thread = threading.Thread(target=wait)
        thread.received = received
        thread.start()
        return thread


class Broker:
    """An example that serves HTTP, on a free port, or on several."""

    def __init__(self, program, brokers=1):
        self.process = subprocess.Popen([program] + brokers * ['127.0.0.1:0'], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        lines = [self.process.stdout.readline() for _ in range(brokers)]
        assert all(line.startswith('listening on http://127.0.0.1:') for line in lines), lines
        self.urls = [line.split()[-1] for line in lines]
        self.url = self.urls[0]

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.terminate()
        self.process.wait(DEADLINE_S)
        self.process.stdin.close()
        self.process.stdout.close()

    def connection(self, which=0):
        return http.client.HTTPConnection(self.urls[which].removeprefix('http://'), timeout=DEADLINE_S)

    def request(self, method, path, body=None, headers=None, which=0):
        """Status and body of the answer."""
        connection = self.connection(which)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def ask(self):
        """The answer to one line of input, for the examples that read lines."""
        self.process.stdin.write('\n')
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def end_input(self):
        """Closes the input; the exit status."""
        self.process.stdin.close()
        return self.process.wait(DEADLINE_S)

    def descriptors(self):
        return len(os.listdir(f'/proc/{self.process.pid}/fd'))
