# SPDX-License-Identifier: MIT
"""warmstartd with TLS, seen by OpenSSL, which is not what it is made with. Prints TAP.

Usage: tls.py WARMSTARTD [NAME]...
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True

import process
from process import Client, Daemon, check, closed_without_answer, deliver, equal, finish, message, poll, poll_headers
from process import until

process.TESTS.clear()
test = process.test

LISTEN = "--http=127.0.0.1:0"


def make(directory):
    """Certificates: of the server, of an authority and a client that it vouches for, of one that it does not."""

    def run(*arguments):
        subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True, timeout=60)

    def certificate(name, *more, ca=None):
        run("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")
        run("req", "-new", "-key", f"{name}.key", "-subj", f"/CN={name}", "-out", f"{name}.csr")
        with open(os.path.join(directory, "extensions"), "w") as file:
            file.write("\n".join(more))
        signed_by = ["-CA", f"{ca}.pem", "-CAkey", f"{ca}.key"] if ca else ["-signkey", f"{name}.key"]
        run("x509", "-req", "-in", f"{name}.csr", *signed_by, "-set_serial", str(abs(hash(name)) % 10**9), "-days", "2",
            "-extfile", "extensions", "-out", f"{name}.pem")

    certificate("server", "subjectAltName=DNS:localhost,IP:127.0.0.1", "basicConstraints=CA:TRUE")
    certificate("successor", "subjectAltName=DNS:localhost,IP:127.0.0.1", "basicConstraints=CA:TRUE")
    certificate("authority", "basicConstraints=critical,CA:TRUE")
    certificate("client", "extendedKeyUsage=clientAuth", ca="authority")
    certificate("for_servers", "extendedKeyUsage=serverAuth", ca="authority")
    certificate("stranger", "basicConstraints=CA:TRUE")


def path(name):
    return os.path.join(CERTIFICATES, name)


def secure(*more, cert="server", key="server"):
    return [LISTEN, f"--tls-cert={path(cert + '.pem')}", f"--tls-key={path(key + '.key')}", *more]


def context(client=None, server="server"):
    made = ssl.create_default_context(cafile=path(server + ".pem"))
    if client:
        made.load_cert_chain(path(client + ".pem"), path(client + ".key"))
    return made


def raw(daemon):
    """A TCP connection to the first listener, with no TLS yet."""
    port = int(daemon.urls[0].rsplit(":", 1)[1])
    return socket.create_connection(("127.0.0.1", port), process.DEADLINE_S)


def hello():
    """What a client sends first."""
    outgoing = ssl.MemoryBIO()
    client = context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


def metric(daemon, name, listener=0):
    text = daemon.request("GET", "/metrics", listener=listener)[1]
    return float(re.search(rb"^%s (\S+)$" % name.encode(), text, re.M)[1])


def read_all(connection):
    """What comes until the end, even if that is a reset."""
    data = b""
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while more := connection.recv(65536):
            data += more
    return data


def settled_descriptors(daemon):
    """How many are open when no connection is but the one that asks."""
    until(lambda: metric(daemon, "warmstart_http_connections") == 1, "all connections are closed")
    return daemon.descriptors()


@test
def a_run_reaches_a_held_poll():
    with Daemon(*secure()) as daemon:
        check(daemon.urls[0].startswith("https://127.0.0.1:"), daemon.urls)
        for _ in range(3):
            deliver(daemon)
        equal(daemon.request("GET", "/healthz")[0], 200)
        daemon.stop()


@test
def both_kinds_of_listener_speak_it_and_unix_sockets_do_not():
    with process.directory() as directory:
        options = secure("--http-poll=127.0.0.1:0", "--http-dispatch=127.0.0.1:0", f"--http=unix:{directory}/socket")
        with Daemon(*options[1:], listeners=3) as daemon:
            equal([url.split(":")[0] for url in daemon.urls], ["https", "https", "unix"])
            deliver(daemon, 0, 1)
            deliver(daemon, 2, 1)
            deliver(daemon, 0, 2)
            daemon.stop()


@test
def tls_1_2_and_1_3_are_spoken():
    with Daemon(*secure()) as daemon:
        for version in [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]:
            made = context()
            made.minimum_version = made.maximum_version = version
            with made.wrap_socket(raw(daemon), server_hostname="localhost") as connection:
                equal(connection.version(), version.name.replace("_", "."))
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                check(read_all(connection).startswith(b"HTTP/1.1 200 "), "no answer")
        daemon.stop()


@test
def messages_of_megabytes_pass_both_ways():
    with Daemon(*secure()) as daemon, contextlib.closing(poll(daemon)) as client:
        until(lambda: daemon.held() == 1, "the poll is held")
        sent = message(filler="x" * (4 << 20))
        got = []
        reader = threading.Thread(target=lambda: got.append(client.getresponse().read()), daemon=True)
        reader.start()
        check(daemon.post(sent), "the run was not delivered")
        reader.join(process.DEADLINE_S)
        check(got == [sent], "another message")
        daemon.stop()


@test
def a_controller_that_reads_and_closes_at_once_has_received():
    def read_and_close(client):
        got.append(client.getresponse().read())
        client.close()

    with Daemon(*secure()) as daemon:
        for i in range(100):
            got = []
            client = poll(daemon)
            until(lambda: daemon.held() == 1, "the poll is held")
            reader = threading.Thread(target=read_and_close, args=[client], daemon=True)
            reader.start()
            sent = message(run=f"run_{i}")
            equal(daemon.post(sent), True, f"answer {i}")
            reader.join(process.DEADLINE_S)
            equal(got, [sent])
        daemon.stop()


@test
def a_request_behind_a_held_poll_waits_for_it_and_is_not_forgotten():
    with Daemon(*secure()) as daemon, contextlib.closing(Client(daemon.urls[0])) as client:
        client.connect()
        headers = "".join(f"{name}: {value}\r\n" for name, value in poll_headers().items())
        # One record, so that GnuTLS has all of it when the first request is held.
        client.sock.sendall(f"GET /warm-start HTTP/1.1\r\nHost: x\r\n{headers}\r\n"
                            "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        until(lambda: daemon.held() == 1, "the poll is held")
        sent = message()
        check(daemon.post(sent), "the run was not delivered")
        # Then it is answered, or, if the message is not acknowledged yet, the connection is closed: it ends.
        data = read_all(client.sock)
        check(data.endswith((sent, b'{"status":"ok"}')) and data.count(sent) == 1, data)
        daemon.stop()


@test
def a_peer_that_leaves_is_noticed_however_it_leaves():
    def shut(client):
        # Says that it will send no more; an answer to that does not come while the poll is held.
        client.sock.setblocking(False)
        client.sock.unwrap()

    def reset(client):
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.sock.close()

    def close(client):
        client.sock.close()

    with Daemon(*secure()) as daemon:
        for leave in [close, reset, shut]:
            client = poll(daemon)
            until(lambda: daemon.held() == 1, "the poll is held")
            with contextlib.suppress(OSError):
                leave(client)
            client.close()
            until(lambda: daemon.held() == 0, "it is noticed")
            check(not daemon.post(message()), "nobody is there")
        daemon.stop()


@test
def held_polls_are_closed_without_an_answer():
    with Daemon(*secure()) as daemon:
        clients = [poll(daemon, controller=f"c{i}") for i in range(20)]
        until(lambda: daemon.held() == 20, "they are held")
        daemon.stop()
        for client in clients:
            with contextlib.suppress(ssl.SSLEOFError):
                closed_without_answer(client)
            client.close()


@test
def more_connections_than_a_cell_has():
    with Daemon(*secure()) as daemon:
        clients = [poll(daemon, controller=f"c{i}", deployment=f"d{i}") for i in range(300)]
        until(lambda: daemon.held() == 300, "they are held")
        for i in range(0, 300, 37):
            sent = message(deployment=f"d{i}")
            check(daemon.post(sent), "delivered")
            equal(clients[i].getresponse().read(), sent)
        for client in clients:
            client.close()
        until(lambda: daemon.held() == 0, "they are gone")
        daemon.stop()


@test
def a_handshake_that_stalls_costs_nothing_and_ends():
    first = hello()
    with Daemon(*secure("--http=unix:" + path("socket"), "--header-timeout-ms=3000"), listeners=2) as daemon:
        daemon.request("GET", "/healthz", listener=1)
        before = settled_descriptors(daemon)
        stalled = []
        for cut in [0, 1, 3, 5, 6, 50, len(first) - 1, len(first)]:
            connection = raw(daemon)
            connection.sendall(first[:cut])
            stalled.append(connection)
        # The last one is answered, and does not go on after that.
        check(stalled[-1].recv(1), "an answer to the hello")
        rounds = metric(daemon, "warmstart_loop_rounds_total", 1)
        for _ in range(50):
            daemon.request("GET", "/healthz", listener=1)
        done = metric(daemon, "warmstart_loop_rounds_total", 1) - rounds
        check(done < 1000, f"{done} rounds for 50 requests")
        deliver(daemon)
        for connection in stalled:
            read_all(connection)
            connection.close()
        until(lambda: settled_descriptors(daemon) == before, "all are closed")
        daemon.stop()


@test
def a_handshake_byte_by_byte_succeeds():
    with Daemon(*secure()) as daemon:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = context().wrap_bio(incoming, outgoing, server_hostname="localhost")
        with contextlib.closing(raw(daemon)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

            def send():
                for byte in outgoing.read():
                    connection.sendall(bytes([byte]))

            while True:
                try:
                    client.do_handshake()
                    break
                except ssl.SSLWantReadError:
                    send()
                    incoming.write(connection.recv(65536))
            client.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            send()
            answer = b""
            while b"ok" not in answer:
                try:
                    answer += client.read(65536)
                except ssl.SSLWantReadError:
                    incoming.write(connection.recv(65536))
            check(answer.startswith(b"HTTP/1.1 200 "), answer)
        daemon.stop()


@test
def what_is_no_tls_is_closed_and_harms_nobody():
    first = hello()
    junk = [b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"\0" * 5000, b"\x16\x03\x01\xff\xff" + b"x" * 70000,
            b"\x80\x2e\x01\x00\x02", first[:40] + b"\xff" * 200, first[:5] + first, b"\x15\x03\x03\x00\x02\x02\x28"]
    junk += [first[:at] + bytes([first[at] ^ 0xff]) + first[at + 1 :] for at in range(0, 80, 3)]
    with Daemon(*secure("--header-timeout-ms=1000")) as daemon:
        before = settled_descriptors(daemon)
        for data in junk:
            with contextlib.closing(raw(daemon)) as connection:
                with contextlib.suppress(OSError):
                    connection.sendall(data)
                    connection.shutdown(socket.SHUT_WR)
                check(b"HTTP/1.1" not in read_all(connection), "an answer without TLS")
        for cut in range(0, len(first), 7):
            with contextlib.closing(raw(daemon)) as connection:
                connection.sendall(first[:cut])
        deliver(daemon)
        until(lambda: settled_descriptors(daemon) == before, "no descriptor is left")
        daemon.stop()


@test
def an_error_in_the_middle_of_a_body_is_told_by_tls():
    with Daemon(*secure("--max-body-bytes=1KiB")) as daemon:
        with context().wrap_socket(raw(daemon), server_hostname="localhost") as connection:
            connection.sendall(b"POST /warm-start HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                               b"800\r\n" + b"x" * 2048 + b"\r\n")
            check(read_all(connection).startswith(b"HTTP/1.1 413 "), "no answer")
        daemon.stop()


@test
def a_connection_over_the_limit_is_closed_and_nothing_is_said_in_plain():
    with Daemon(*secure("--max-connections=1")) as daemon, contextlib.closing(poll(daemon)):
        with contextlib.closing(raw(daemon)) as connection:
            equal(read_all(connection), b"")


@test
def a_client_ca_lets_only_its_own_in():
    def status(client):
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            with context(client).wrap_socket(raw(daemon), server_hostname="localhost") as connection:
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                return int((read_all(connection).split() or [b"", b"0"])[1])
        return 0

    with Daemon(*secure(f"--tls-client-ca={path('authority.pem')}")) as daemon:
        equal(status("client"), 200, "its own")
        equal(status(None), 0, "none")
        equal(status("stranger"), 0, "another's")
        equal(status("server"), 0, "the server's")
        equal(status("for_servers"), 0, "one for servers")
        process.tls_context = context("client")
        deliver(daemon)
        process.tls_context = context()
        daemon.stop()


def shown(daemon):
    """The name in the certificate that the next connection sees."""
    for name in ("server", "successor"):
        with contextlib.suppress(ssl.SSLError):
            with context(server=name).wrap_socket(raw(daemon), server_hostname="localhost"):
                return name
    return None


def reload(daemon, wanted):
    seen = daemon.log.count(b"event=" + wanted)
    daemon.send_signal(signal.SIGHUP)
    until(lambda: daemon.log.count(b"event=" + wanted) > seen, f"the log says {wanted}")


@test
def a_new_certificate_is_shown_after_sighup_and_connections_stay():
    def become(name):
        for kind in ("pem", "key"):
            shutil.copy(path(f"{name}.{kind}"), path(f"present.{kind}"))

    become("server")
    # On a slow machine so many handshakes take as long as a poll may last.
    arguments = [*secure(cert="present", key="present"), "--connection-timeout-ms=600000"]
    with Daemon(*arguments) as daemon, contextlib.ExitStack() as stack:
        # More than a cell has, so that some are full and one is not. The last one is the newest for certain.
        polls = []
        for last in (259, 260):
            while len(polls) < last:
                held = contextlib.closing(poll(daemon, controller=f"controller_{len(polls)}"))
                polls.append(stack.enter_context(held))
            until(lambda count=last: daemon.held() == count, "the polls are held")
        become("successor")
        reload(daemon, b"reloaded")
        equal(shown(daemon), "successor")
        process.tls_context = context(server="successor")
        equal(daemon.held(), 260, "polls that are held")
        check(daemon.post(message()), "a poll on an old connection gets a run")
        equal(polls[-1].getresponse().read(), message(), "what it got")

        shutil.copy(path("server.key"), path("present.key"))
        reload(daemon, b"reload_failed")
        equal(shown(daemon), "successor")
        become("successor")
        reload(daemon, b"reloaded")
        cells = metric(daemon, "warmstart_http_cells")
        for _ in range(3):
            reload(daemon, b"reloaded")
        equal(metric(daemon, "warmstart_http_cells"), cells, "cells after nothing has changed")

        for one in polls:
            one.close()
        until(lambda: metric(daemon, "warmstart_http_cells") == 1, "the old cells are gone")
        become("server")
        reload(daemon, b"reloaded")
        process.tls_context = context()
        equal(shown(daemon), "server")
        deliver(daemon)
        until(lambda: metric(daemon, "warmstart_http_cells") == 1, "the old cells are gone again")
        daemon.stop()


@test
def a_reload_that_fails_for_its_secrets_changes_no_certificate():
    def write(name, text):
        with open(path(name), "w", opener=lambda file, flags: os.open(file, flags, 0o600)) as file:
            file.write(text)

    for kind in ("pem", "key"):
        shutil.copy(path(f"server.{kind}"), path(f"present.{kind}"))
    write("secret", "a secret of controllers")
    write("config", f"token-mode enforce\ntoken-secret-file {path('secret')}\n")
    with Daemon(*secure("--config", path("config"), cert="present", key="present")) as daemon:
        for kind in ("pem", "key"):
            shutil.copy(path(f"successor.{kind}"), path(f"present.{kind}"))
        write("config", "token-mode disabled\n")
        reload(daemon, b"reload_failed")
        equal(shown(daemon), "server")
        daemon.stop()


@test
def a_reload_may_bring_a_client_ca_but_takes_none_away():
    with process.directory() as folder:
        config = os.path.join(folder, "config")

        def configure(more):
            with open(config, "w") as file:
                file.write(f"http = 127.0.0.1:0\ntls-cert = {path('server.pem')}\ntls-key = {path('server.key')}\n{more}")

        def answered(client):
            with contextlib.suppress(ssl.SSLError, ConnectionError):
                with context(client).wrap_socket(raw(daemon), server_hostname="localhost") as connection:
                    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    return b" 200 " in read_all(connection)
            return False

        configure("")
        with Daemon("--config", config) as daemon:
            equal((answered(None), answered("client")), (True, True))
            configure(f"tls-client-ca = {path('authority.pem')}\n")
            reload(daemon, b"reloaded")
            equal((answered(None), answered("client")), (False, True))
            configure("")
            reload(daemon, b"reload_failed")
            equal((answered(None), answered("client")), (False, True))
            daemon.stop()


@test
def wrong_files_exit_with_2_and_say_why():
    with open(path("empty"), "w"), open(path("junk"), "w") as junk, open(path("zero"), "wb") as zero:
        junk.write("no certificate\n")
        zero.write(b"-----BEGIN\0")
    cert, key = f"--tls-cert={path('server.pem')}", f"--tls-key={path('server.key')}"
    for options, wanted in [
        ([cert], "--tls-cert: expected --tls-cert and --tls-key"),
        ([key], "--tls-key: expected --tls-cert and --tls-key"),
        ([f"--tls-client-ca={path('authority.pem')}"], "--tls-client-ca: expected --tls-cert and --tls-key"),
        ([f"--tls-cert={path('missing')}", key], "--tls-cert: '"),
        ([cert, f"--tls-key={path('missing')}"], "No such file"),
        ([cert, key, f"--tls-client-ca={path('missing')}"], "--tls-client-ca: '"),
        ([cert, f"--tls-key={path('empty')}"], "is empty"),
        ([cert, f"--tls-key={path('zero')}"], "has a zero byte"),
        ([cert, f"--tls-key={path('client.key')}"], "do not match"),
        ([cert, f"--tls-key={path('junk')}"], "options --tls-cert and --tls-key cannot be used: "),
        ([f"--tls-cert={path('junk')}", key], "options --tls-cert and --tls-key cannot be used: "),
        ([key, f"--tls-cert={path('server.key')}"], "options --tls-cert and --tls-key cannot be used: "),
        ([cert, key, f"--tls-client-ca={path('junk')}"], "--tls-client-ca: '"),
    ]:
        status, out, error = finish(LISTEN, *options)
        equal((status, out, error.count("\n")), (2, "", 1), f"{options}: {error}")
        check(wanted in error, f"{wanted!r} is not in {error!r}")


@test
def a_key_that_everybody_can_read_is_warned_of():
    for mode, wanted in [(0o600, 0), (0o644, 1)]:
        os.chmod(path("server.key"), mode)
        with Daemon(*secure()) as daemon:
            daemon.stop()
        equal(daemon.log.count(b"event=secret_file_exposed"), wanted, oct(mode))
    os.chmod(path("server.key"), 0o600)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="warmstartd-tls-") as CERTIFICATES:
        make(CERTIFICATES)
        process.tls_context = context()
        sys.exit(process.main())
