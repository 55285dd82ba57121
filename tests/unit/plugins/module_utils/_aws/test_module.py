# Copyright: (c) 2026, incident_manager.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A test of signals at the edges of a module's run."""

from __future__ import annotations

import signal
import sys
import threading
import time

import pytest
from ansible_collections.incident_manager.aws.plugins.module_utils._aws.module import ModuleRun


@pytest.mark.slow
def test_no_signal_escapes_from_the_with_block() -> None:
    """Of 1,000 runs, about one is hit right at an edge."""
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    main, is_over, interval = threading.get_ident(), threading.Event(), sys.getswitchinterval()

    def send_signals() -> None:
        while not is_over.is_set():
            signal.pthread_kill(main, signal.SIGTERM)
            time.sleep(0.00003)

    has_escaped = False
    sender = threading.Thread(target=send_signals)
    sys.setswitchinterval(1e-6)
    sender.start()
    try:
        for _run in range(100_000):
            with ModuleRun(None):
                pass
    except KeyboardInterrupt:
        has_escaped = True  # pytest would end all tests.
    finally:
        is_over.set()
        sender.join()
        sys.setswitchinterval(interval)
        for number, handler in handlers.items():
            signal.signal(number, handler)
    assert not has_escaped
