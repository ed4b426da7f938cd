# SPDX-License-Identifier: Apache-2.0
"""Plots and tables of a page say what the numbers say."""

import re

import numpy as np
import pytest

from mmseg_im.report.class_bars import class_bars
from mmseg_im.report.confusion_plot import confusion_plot, largest_confusions, overlap_table
from mmseg_im.report.html_page import is_jpeg, jpeg
from mmseg_im.report.line_plot import Line, line_plot, thinned

pytestmark = pytest.mark.fast


def texts(svg: str, part: str = '') -> list[str]:
    """The texts of a plot, or those of one of its axes (``'x'``, ``'y'``)."""
    if part:
        begin = svg.index(f'id="matplotlib.axis_{"xy".index(part) + 1}"')
        end = svg.find('id="matplotlib.axis_2"', begin + 1)
        svg = svg[begin : end if part == 'x' else None]
    return re.findall(r'<text[^>]*>([^<]*)</text>', svg)


@pytest.mark.parametrize('last', [1, 2, 3, 5, 24, 300])
def test_ticks_are_whole_numbers(last):
    x = list(range(1, last + 1))
    svg = line_plot([Line('a', x, [float(value) for value in x])], 'epoch', 'mIoU')
    *ticks, label = texts(svg, 'x')
    assert label == 'epoch' and ticks and all(re.fullmatch(r'\d+', tick) for tick in ticks)


def test_a_legend_names_the_lines_and_no_line_needs_one():
    lines = [Line('loss', [1, 2], [0.5, float('nan')]), Line(None, [1, 2], [1.0, 2.0])]
    assert 'loss' in texts(line_plot(lines, 'iteration', 'y'))
    assert 'loss' not in texts(line_plot(lines[1:], 'iteration', 'y'))


def test_long_lines_are_thinned_to_means():
    x, y = thinned(range(1, 1001), [float(i % 10) for i in range(1000)], most=100)
    assert x == list(range(10, 1001, 10)) and y == [4.5] * 100
    assert thinned([1, 2, 3, 4, 5], [1.0, 3.0, 5.0, 7.0, 9.0], 2) == ([3, 5], [3.0, 8.0])
    assert thinned([3], [2.0]) == ([3], [2.0])


def test_the_cells_of_a_matrix():
    matrix = np.array([[90, 10, 0], [1, 299, 0], [0, 0, 0]])
    found = texts(confusion_plot(matrix, ['sky', 'road', 'car']))
    # of a class that nobody annotated nothing is known
    assert found[-6:] == ['90', '10', '0', '<1'.replace('<', '&lt;'), '100', '0']
    assert largest_confusions(matrix, ['sky', 'road', 'car']) == ['10% of sky is taken for road']
    many = np.eye(30, dtype=int)
    assert '100' not in texts(confusion_plot(many, [f'c{i}' for i in range(30)]))


def test_the_table_of_classes_that_overlap():
    matrices = np.array([[[80, 20], [5, 15]], [[10, 0], [0, 0]]])
    cells = re.findall(r'<td>(.*?)</td>', overlap_table(matrices, ['ce<ll', 'core']))
    assert cells == [
        'ce&lt;ll',
        '75.0%',
        '25.0%',
        '20.0%',
        '80.0%',
        'core',
        '',
        '',
        '0.0%',
        '100.0%',
    ]


def test_bars_of_one_network_have_their_values():
    found = texts(class_bars([('', dict(a=12.34, b=None, c=0.0))], 'IoU', ['k']))
    assert '12.3' in found and '0.0' in found and found.count('a') == 1
    two = class_bars([('first', dict(a=12.34)), ('second', dict(a=1.0))], 'IoU', ['k', 'r'])
    assert {'first', 'second'} <= set(texts(two)) and '12.3' not in texts(two)


def test_what_is_a_jpeg():
    assert is_jpeg(jpeg(np.zeros((3, 4, 3), np.uint8), 8))
    for text in ('', '">', 'AAAA', '/9j/">', 'é'):
        assert not is_jpeg(text)
