# SPDX-License-Identifier: Apache-2.0
"""Many files in threads: in order, without keeping them, and with a bar."""

import threading

import pytest
from rich.console import Console

from mmseg_im.datasets import in_threads as module
from mmseg_im.datasets.in_threads import in_threads


@pytest.mark.parametrize('count', [0, 1, 7, 5000])
def test_results_are_in_order_and_several_threads_work(count):
    threads = set()

    def call(item: int) -> int:
        threads.add(threading.get_ident())
        return -item

    assert list(in_threads(call, iter(range(count)), count, '')) == [-i for i in range(count)]
    assert threading.get_ident() not in threads
    assert len(threads) > 1 or count < 5000


def test_items_are_taken_when_they_are_needed():
    taken = []
    results = in_threads(str, (taken.append(i) or i for i in range(10**6)), 10**6, '')
    assert next(results) == '0'
    assert len(taken) <= 20 * module.PORTION
    results.close()
    assert len(taken) <= 20 * module.PORTION


def test_the_first_error_ends_the_others():
    seen = []

    def call(item: int) -> None:
        seen.append(item)
        if item == 3:
            raise ValueError('item 3')

    with pytest.raises(ValueError, match='item 3'):
        list(in_threads(call, range(10**5), 10**5, ''))
    assert len(seen) < 3000


@pytest.mark.parametrize(('count', 'shown'), [(module.MANY - 1, False), (module.MANY, True)])
def test_a_bar_is_shown_of_many(monkeypatch, capsys, count, shown):
    console = Console(force_terminal=True, width=80)
    monkeypatch.setattr('rich.progress.get_console', lambda: console)
    list(in_threads(abs, range(count), count, 'Checking the.key'))
    assert ('Checking the.key' in capsys.readouterr().out) == shown
