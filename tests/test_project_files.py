# SPDX-License-Identifier: Apache-2.0
"""Files for those who carry on: they can be read, and what stands in two places is the same."""

import re

import pytest
import yaml

from mmseg_im import __version__
from tests.conftest import ROOT

pytestmark = pytest.mark.fast
GITHUB = ROOT / '.github'


def pinned(package: str) -> str:
    """The version of a package in constraints.txt."""
    return re.search(rf'^{package}==(.+)$', (ROOT / 'constraints.txt').read_text(), re.M)[1]


def test_pre_commit_runs_the_pinned_ruff():
    (ruff,) = yaml.safe_load((ROOT / '.pre-commit-config.yaml').read_text())['repos']
    assert ruff['rev'] == f'v{pinned("ruff")}'
    assert [hook['id'] for hook in ruff['hooks']] == ['ruff-check', 'ruff-format']


def test_changelog_and_citation_know_the_version():
    assert f'\n## [{__version__}] - 20' in (ROOT / 'CHANGELOG.md').read_text()
    assert yaml.safe_load((ROOT / 'CITATION.cff').read_text())['version'] == __version__


def test_hosted_ci_tests_every_python_and_both_stacks():
    jobs = yaml.safe_load((GITHUB / 'workflows/ci.yml').read_text())['jobs']
    matrix = jobs['tests']['strategy']['matrix']
    assert matrix['python'] == ['3.10', '3.11', '3.12', '3.13']
    assert matrix['stack'] == jobs['wheel']['strategy']['matrix']['stack'] == ['openmmlab', 'onedl']
    assert 'windows-latest' in jobs['wheel']['strategy']['matrix']['os']
    commands = {step.get('run') for step in jobs['checks']['steps']}
    assert {'ruff check .', 'ruff format --check .', 'mypy', 'mkdocs build --strict'} <= commands


@pytest.mark.parametrize('name', ['bug', 'method', 'question'])
def test_issue_forms_ask_for_something(name):
    form = yaml.safe_load((GITHUB / f'ISSUE_TEMPLATE/{name}.yml').read_text())
    assert form['name'] and form['description']
    assert any(field.get('validations', {}).get('required') for field in form['body'])
    if name == 'bug':
        ids = {field['id'] for field in form['body']}
        assert {'stack', 'versions', 'how', 'log'} <= ids
