# SPDX-License-Identifier: Apache-2.0
"""The layout of the package: imports run one way, and each file name says where one is.

The order is the picture in CONTRIBUTING.md. A room is a folder of ``mmseg_im`` or a file directly
in it.
"""

import ast
import re
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.fast

PACKAGE = ROOT / 'mmseg_im'
ENTRIES = ['__init__', '__main__']  # register and start everything: they may import all rooms
SAME_NAMES = {
    '__init__': 'every folder has one',
    'base': 'the class from which the files beside it inherit: of methods, of teachers',
}


class Import(NamedTuple):
    """A file that imports a module of the package, or of elsewhere (``room`` is then '')."""

    file: str
    home: str
    module: str
    room: str


def read_imports(package: Path) -> list[Import]:
    """All imports of the files of a package, also those inside functions."""
    found = []
    for path in sorted(package.rglob('*.py')):
        place = path.relative_to(package.parent)
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            for module in imported(node, place.parent.parts):
                top, *inner = module.split('.')
                room = '' if top != package.name else (inner or ['__init__'])[0]
                if room and not ((package / room).is_dir() or (package / f'{room}.py').is_file()):
                    room = '__init__'  # a name that the package itself holds
                home = place.parts[1].removesuffix('.py')
                found.append(Import(place.as_posix(), home, module, room))
    return found


def imported(node: ast.AST, folder: tuple[str, ...]) -> list[str]:
    """Full names of the modules that a statement imports; ``from . import a`` may name one."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    above = folder[: len(folder) - node.level + 1] if node.level else ()
    module = '.'.join([*above, *([node.module] if node.module else [])])
    return [module] if '.' in module else [f'{module}.{alias.name}' for alias in node.names]


def circle(imports: list[Import]) -> str:
    """A circle of rooms and the imports that make it, or ''."""
    graph = defaultdict(set)
    for one in imports:
        if one.room and one.room != one.home:
            graph[one.home].add(one.room)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        rooms = error.args[1][::-1]
        steps = set(pairwise(rooms))
        lines = [f'{i.file} imports {i.module}' for i in imports if (i.home, i.room) in steps]
        return f'{" -> ".join(rooms)} is a circle of imports:\n' + '\n'.join(lines)
    return ''


def against(imports: list[Import], order: list[str]) -> list[str]:
    """Imports of a room that stands below the one that imports it."""
    height = {room: i for i, room in enumerate([*order, *ENTRIES])}
    return [
        f'{i.file} imports {i.module}: {i.room} stands below {i.home} in the layout of '
        'CONTRIBUTING.md, where a line imports from those above it only'
        for i in imports
        if i.room and height[i.room] > height[i.home]
    ]


def layout() -> list[str]:
    """The rooms in the order of the picture."""
    picture = (ROOT / 'CONTRIBUTING.md').read_text(encoding='utf-8').split('```')[1]
    package = picture.partition('\nmmseg_im/')[2].partition('\nconfigs/')[0]
    return re.findall(r'^  (\w+)(?:/|\.py) ', package, re.M)


def test_the_picture_shows_every_room():
    there = {
        path.stem for path in PACKAGE.iterdir() if path.suffix == '.py' or list(path.glob('*.py'))
    }
    assert sorted(layout()) == sorted(there - set(ENTRIES))


def test_no_circle_of_rooms():
    assert circle(read_imports(PACKAGE)) == ''


def test_imports_run_in_the_order_of_the_picture():
    assert '\n'.join(against(read_imports(PACKAGE), layout())) == ''


def test_the_package_needs_no_tool_and_no_project():
    """Neither the folders nor what a script there imports from beside it."""
    outside = {'tools', 'projects', 'tests'}
    for folder in ('tools', 'tools/dataset_converters', 'projects/im_study'):
        outside |= {p.stem for p in (ROOT / folder).iterdir() if p.suffix in ('', '.py')}
    wrong = [
        f'{i.file} imports {i.module}, which is not part of the package'
        for i in read_imports(PACKAGE)
        if i.module.split('.')[0] in outside
    ]
    assert '\n'.join(wrong) == ''


def test_no_two_files_have_one_name():
    """A file and a folder neither: an open file says by its name where one is."""
    places = defaultdict(list)
    for path in sorted(PACKAGE.rglob('*')):
        if path.suffix == '.py' or (path.is_dir() and list(path.glob('*.py'))):
            places[path.stem].append(path.relative_to(ROOT).as_posix())
    twice = {name: found for name, found in places.items() if len(found) > 1}
    wrong = [
        f'{" and ".join(found)} have one name: rename one, or say in SAME_NAMES why not'
        for name, found in twice.items()
        if name not in SAME_NAMES
    ]
    assert '\n'.join(wrong) == ''
    assert set(SAME_NAMES) <= set(twice), 'SAME_NAMES holds a name that occurs once'


@pytest.fixture
def package(tmp_path) -> Path:
    """Three rooms; ``low`` is imported by both others."""
    files = {
        'pkg/__init__.py': 'from . import high\n__version__ = 1\n',
        'pkg/low.py': 'import os\n',
        'pkg/middle/__init__.py': '',
        'pkg/middle/one.py': 'from ..low import x\nfrom . import two\n',
        'pkg/middle/two.py': 'from .one import y\n',
        'pkg/high/__init__.py': 'from .. import low\nimport pkg.middle.one\n',
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path / 'pkg'


def test_what_is_right_is_not_refused(package):
    imports = read_imports(package)
    assert circle(imports) == '' and against(imports, ['low', 'middle', 'high']) == []
    assert ('pkg/high/__init__.py', 'high', 'pkg.low', 'low') in imports
    assert ('pkg/low.py', 'low', 'os', '') in imports


@pytest.mark.parametrize(
    ('text', 'module'),
    [
        ('from ..high.inner import z', 'pkg.high.inner'),
        ('def f():\n    import pkg.high', 'pkg.high'),
        ('from .. import high', 'pkg.high'),
        ('from pkg import high', 'pkg.high'),
    ],
)
def test_a_circle_and_a_wrong_direction_are_named(package, text, module):
    (package / 'middle/two.py').write_text(text)
    imports = read_imports(package)
    assert f'pkg/middle/two.py imports {module}' in circle(imports)
    assert 'pkg/high/__init__.py imports pkg.middle.one' in circle(imports)
    (wrong,) = against(imports, ['low', 'middle', 'high'])
    assert wrong.startswith(f'pkg/middle/two.py imports {module}: high stands below middle')


def test_a_room_does_not_import_the_package_itself(package):
    (package / 'low.py').write_text('from . import __version__')
    (wrong,) = against(read_imports(package), ['low', 'middle', 'high'])
    assert '__init__ stands below low' in wrong
