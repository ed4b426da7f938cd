# SPDX-License-Identifier: Apache-2.0
"""The plot of a study, from results that are made up."""

from fractions import Fraction

import matplotlib
import pytest
from im_study.plot import apart, share_figure, share_of, share_plot
from mmengine import Config

from mmseg_im.report.svg import STYLE
from tests.study.test_study_page import finish, make_study

NAMES = ('labeled only', 'FixMatch', 'FixMatch + IM', 'UniMatch', 'UniMatch + IM', 'IM', 'IM+')


@pytest.fixture
def shares(tmp_path) -> Config:
    """Three shares and all labels; UniMatch + IM is not finished at 1/4."""
    study = make_study(NAMES, ['1/16', '1/8', '1/4'])
    study.rows.append(dict(name='all labels', group='1/1'))
    for g, group in enumerate(('1/16', '1/8', '1/4')):
        for i, name in enumerate(NAMES):
            if (name, group) != ('UniMatch + IM', '1/4'):
                finish(tmp_path, name, group, [30.0 + 5 * g + i, 31.0 + 5 * g + i])
    finish(tmp_path, 'all labels', '1/1', [50.0, 52.0])
    return study


@pytest.mark.parametrize(
    ('group', 'share'),
    [('1/16', Fraction(1, 16)), ('1/1', 1), ('0.5', Fraction(1, 2)), ('binary', None), (None, None),
     ('1/0', None), ('3/2', None)],
)  # fmt: skip
def test_shares(group, share):
    assert share_of(group) == share


def test_names_are_moved_apart():
    assert apart([0.0, 30.0], 10) == [0.0, 30.0]
    assert apart([0.0, 4.0, 30.0], 10) == [-3.0, 7.0, 30.0]
    # the third touches the moved second: all around their mean 10 / 3
    places = apart([0.0, 0.0, 10.0], 10)
    assert places == pytest.approx([-20 / 3, 10 / 3, 40 / 3])


def test_panels_of_a_plot(shares, tmp_path):
    with matplotlib.rc_context(STYLE):
        figure = share_figure(shares, tmp_path, [0, 1, 2])
    assert [a.get_title(loc='left') for a in figure.axes] == ['FixMatch', 'UniMatch', 'IM, IM+', '']
    fixmatch, unimatch, others, empty = figure.axes
    assert not empty.get_visible()
    for axis in (unimatch, others):  # the lowest of their columns
        assert [t.get_text() for t in axis.get_xticklabels()] == ['1/16', '1/8', '1/4']
        assert axis.get_xlabel() == 'share of labeled images'
    base, plain, masked = (c.lines[0] for c in fixmatch.containers)
    assert list(base.get_ydata()) == [30.5, 35.5, 40.5]
    assert list(masked.get_ydata()) == [32.5, 37.5, 42.5]
    assert (plain.get_linestyle(), masked.get_linestyle()) == ('--', '-')
    assert plain.get_markerfacecolor() == 'white' != masked.get_markerfacecolor()
    assert plain.get_color() == masked.get_color() != unimatch.containers[1].lines[0].get_color()
    assert list(unimatch.containers[2].lines[0].get_ydata()) == [34.5, 39.5]
    assert len(others.containers) == 3
    dodged = [c.lines[0].get_xdata()[0] for c in others.containers]
    assert dodged[1] - dodged[0] == pytest.approx(dodged[2] - dodged[1]) and dodged[1] > dodged[0]
    bars = masked.axes.containers[2].lines[2][0].get_segments()
    assert bars[0][1][1] - bars[0][0][1] == pytest.approx(2 * 0.5**0.5)  # of 32 and 33
    for axis in (fixmatch, unimatch, others):
        assert any(list(line.get_ydata()) == [51.0, 51.0] for line in axis.lines)
        assert {'labeled only', 'all labels'} <= {t.get_text() for t in axis.texts}


def test_names_do_not_overlap(shares, tmp_path):
    with matplotlib.rc_context(STYLE):
        figure = share_figure(shares, tmp_path, [0, 1, 2])
        figure.draw_without_rendering()
        for axis in figure.axes:
            boxes = [text.get_window_extent() for text in axis.texts]
            assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
            assert all(box.x1 <= figure.bbox.x1 for box in boxes)


def test_rows_that_others_begin_with_are_not_drawn(shares, tmp_path):
    shares.rows.append(dict(name='first networks', group='1/8'))
    shares.rows[0].start = 'first networks'
    before = share_plot(shares, tmp_path, [0, 1])
    finish(tmp_path, 'first networks', '1/8', [90.0])
    assert share_plot(shares, tmp_path, [0, 1]) == before


def test_shares_without_a_run_have_no_place(tmp_path):
    """And half of a pair is still of that pair."""
    study = make_study(['labeled only', 'F', 'F + IM', 'U', 'U + IM', 'IM'], ['1/16', '1/8'])
    finish(tmp_path, 'F + IM', '1/16', [30.0])
    figure = share_figure(study, tmp_path, [0])
    (axis,) = figure.axes
    assert axis.get_title(loc='left') == 'F'
    assert [t.get_text() for t in axis.get_xticklabels()] == ['1/16']
    assert [t.get_text() for t in axis.texts] == ['with IM']
    assert axis.containers[0].lines[0].get_linestyle() == '-'


def test_no_plot_without_shares_or_results(tmp_path):
    tasks = make_study(['A'], ['binary'])
    finish(tmp_path, 'A', 'binary', [1.0])
    assert share_plot(tasks, tmp_path, [0]) is None
    assert share_plot(make_study(['A'], ['1/8']), tmp_path, [0]) is None
    without_baseline = make_study(['A'], ['1/8', '1/4'])
    finish(tmp_path, 'A', '1/8', [1.0])
    assert share_plot(without_baseline, tmp_path, [0]) is None
