# SPDX-License-Identifier: Apache-2.0
"""Stands for the command ``python -u -m submitit.core._submit FOLDER``, and starts it by a fork.

Importing torch and mmseg takes a process seconds; a server that has imported them forks instead.
The process that runs this file hands on its output, environment and signals, and ends with the
job; killed, it takes the job with it.
"""

import json
import os
import signal
import socket
import sys
import threading

VARIABLE = 'FORKED_PYTHON'
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR2)


def main() -> None:
    """The client: hands on what it was given, and waits."""
    server = socket.socket(socket.AF_UNIX)
    server.connect(os.environ[VARIABLE])
    message = json.dumps([sys.argv[-2:], dict(os.environ), os.getcwd()]).encode()
    socket.send_fds(server, [len(message).to_bytes(8, 'big')], [1, 2])
    server.sendall(message)
    for number in SIGNALS:
        signal.signal(number, lambda number, _: server.send(bytes([number])))
    answer = server.recv(1)
    sys.exit(answer[0] if answer else 137)


def serve(path: str) -> None:
    """The server: forks for every client. It is itself forked from a process that imported all."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    while True:
        client, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _be_the_job(client)
        client.close()


def _be_the_job(client: socket.socket) -> None:
    import runpy

    head, fds, _, _ = socket.recv_fds(client, 8, 2)
    message = b''
    while len(message) < int.from_bytes(head, 'big'):
        message += client.recv(65536)
    (module, folder), env, cwd = json.loads(message)
    for source, target in zip(fds, (1, 2), strict=True):
        os.dup2(source, target)
        os.close(source)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    threading.Thread(target=_hand_on, args=(client,), daemon=True).start()
    sys.argv = [module, folder]
    status = 0
    try:
        runpy.run_module(module, run_name='__main__')
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    client.send(bytes([status & 255]))
    os._exit(status & 255)


def _hand_on(client: socket.socket) -> None:
    while number := client.recv(1):
        os.kill(os.getpid(), number[0])
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == '__main__':
    main()
