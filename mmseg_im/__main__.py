# SPDX-License-Identifier: Apache-2.0
"""The commands of ``tools/`` from anywhere: ``mmseg-im train demo/im_generations_shapes.py``.

A config that is not a file of the working folder is looked up among those of the package.
"""

import argparse
import ast
import runpy
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def home() -> Path:
    """Returns the folder of ``configs`` and ``tools``: ``.mim`` of a wheel, or the tree."""
    installed = PACKAGE / '.mim'
    return installed if installed.is_dir() else PACKAGE.parent


def find_config(name: str, configs: Path) -> str:
    """Returns the path of a config of the package, and everything else as it is.

    Args:
        name (str): An argument of the command line.
        configs (Path): Folder of the package's configs; ``configs/`` before a name may be left out.
    """
    path = Path(name)
    if path.suffix != '.py' or path.exists():
        return name
    found = configs / (path.relative_to('configs') if path.parts[0] == 'configs' else path)
    return str(found) if found.is_file() else name


def usage(tools: Path, configs: Path) -> str:
    """Returns a line for each command, and where the configs are."""
    lines = ['usage: mmseg-im COMMAND [options]; COMMAND --help explains the options', '']
    for file in sorted(tools.glob('*.py')):
        text = ast.get_docstring(ast.parse(file.read_text(encoding='utf-8'))) or ''
        lines.append(f'  {file.stem:22} {text.partition(chr(10))[0]}')
    converters = sorted(file.stem for file in (tools / 'dataset_converters').glob('*.py'))
    lines += [f'  dataset_converters/    {", ".join(converters)}', '', f'configs: {configs}']
    return '\n'.join(lines)


@contextmanager
def called(command: str) -> Iterator[None]:
    """Lets parsers of a tool name the command that was typed, in place of the tool's file."""
    plain = argparse.ArgumentParser.__init__

    def named(self, prog=None, *args, **kwargs):
        plain(self, f'mmseg-im {command}' if prog is None else prog, *args, **kwargs)

    argparse.ArgumentParser.__init__ = named  # type: ignore[method-assign]
    try:
        yield
    finally:
        argparse.ArgumentParser.__init__ = plain  # type: ignore[method-assign]


def main() -> None:
    """Runs a command as ``python tools/COMMAND.py`` would."""
    tools, configs = home() / 'tools', home() / 'configs'
    command, *arguments = sys.argv[1:] or ['--help']
    script = tools / f'{command.replace("-", "_")}.py'
    if command in ('-h', '--help'):
        print(usage(tools, configs))
    elif not script.is_file():
        sys.exit(f'mmseg-im has no command {command!r}.\n\n{usage(tools, configs)}')
    else:
        sys.argv[1:] = [find_config(name, configs) for name in arguments]
        sys.path.insert(0, str(script.parent))
        with called(command):
            runpy.run_path(str(script), run_name='__main__')


if __name__ == '__main__':
    main()
