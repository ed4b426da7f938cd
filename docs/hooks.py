# SPDX-License-Identifier: Apache-2.0
"""Makes a site of the repository as it is: its pages are written for a reader of the tree.

Pages outside ``docs`` become pages of the site, folders of the package pages of its API, and
every link is pointed at where its file went. A linked file that is no page gets one, with its text.
"""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / 'mmseg_im'
PAGES = {
    'README.md': 'index.md',
    'CONTRIBUTING.md': 'contributing.md',
    'CHANGELOG.md': 'changelog.md',
}
LINK = re.compile(r'\]\(([^)\s#]+)(#[^)\s]*)?\)')
ROLE = re.compile(r':(?:attr|class|func|math|meth|mod):<code>~?')
FORMULA = re.compile(r'<p>\.\. math:: (.*?)</p>', re.DOTALL)


def folders() -> list[str]:
    """Names of the package's folders."""
    return sorted(file.parent.name for file in PACKAGE.glob('*/__init__.py'))


def site_uri(path: str) -> tuple[str, str]:
    """Where the site has a file of the repository.

    Args:
        path (str): The file, from the root of the repository.

    Returns:
        tuple[str, str]: Source of its page in the site, and the anchor in it, mostly empty.
    """
    if path in PAGES:
        return PAGES[path], ''
    if path.startswith('docs/'):
        return path.removeprefix('docs/'), ''
    if path.startswith('configs/') and path.endswith('/README.md'):
        return f'{posixpath.dirname(path)}.md', ''
    parts = Path(path).parts
    if parts[0] == PACKAGE.name and path.endswith('.py'):
        room = parts[1] if len(parts) > 2 else 'index'
        return f'api/{room}.md', '#' + '.'.join([*parts[:-1], Path(path).stem])
    return f'source/{path}.md', ''


def repository_path(page: str, link: str) -> str | None:
    """The file of the repository that a link of a page means, or None."""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(page), link))
    return path if (ROOT / path).is_file() else None


def api_page(room: str) -> str:
    """The page of a folder of the package; ``index`` has the modules beside the folders."""
    if room != 'index':
        files = sorted((PACKAGE / room).rglob('*.py'))
        names = ['.'.join(f.relative_to(ROOT).with_suffix('').parts) for f in files]
        modules = [name for name in names if not name.endswith('.__init__')]
        return f'# {room}\n' + ''.join(f'\n::: {name}\n' for name in modules)
    modules = sorted(f.stem for f in PACKAGE.glob('*.py') if not f.stem.startswith('__'))
    links = ', '.join(f'[{name}]({name}.md)' for name in folders())
    text = ''.join(f'\n::: {PACKAGE.name}.{name}\n' for name in modules)
    return f'# API\n\nThe folders of the package: {links}. Beside them:\n{text}'


def config_page() -> str:
    """The page of all configs, by folder, with their first comment."""
    text = '# Configs\n\n`mmseg-im train CONFIG` trains one, from any folder.\n'
    for folder in sorted({f.parent for f in (ROOT / 'configs').rglob('*.py')}):
        if '_base_' in folder.parts:
            continue
        name = folder.relative_to(ROOT).as_posix()
        text += f'\n## {name}\n\n'
        if (folder / 'README.md').is_file():
            text += f'[The method and its published numbers]({folder.name}.md)\n\n'
        for file in sorted(folder.glob('*.py')):
            comment = re.match(r'(# .+\n)*', file.read_text(encoding='utf-8'))[0]
            about = ' '.join(line.removeprefix('# ') for line in comment.splitlines())
            text += f'- `{file.name}`' + (f': {about}' if about else '') + '\n'
    return text


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Fills the parts of the navigation that follow the tree."""
    readmes = sorted((ROOT / 'configs').glob('*/README.md'))
    filled = {
        'api': ['api/index.md', *(f'api/{name}.md' for name in folders())],
        'configs': ['configs/index.md', *(site_uri(str(f.relative_to(ROOT)))[0] for f in readmes)],
    }
    for part in config.nav:
        for title, pages in part.items():
            part[title] = filled.get(pages, pages) if isinstance(pages, str) else pages
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages that do not lie in ``docs``."""
    texts = {'api/index.md': api_page('index'), 'configs/index.md': config_page()}
    texts.update({f'api/{room}.md': api_page(room) for room in folders()})
    sources = {f'docs/{file.src_uri}' for file in files.documentation_pages()}
    sources |= {*PAGES, *(f.relative_to(ROOT).as_posix() for f in ROOT.glob('configs/*/README.md'))}
    for source in sorted(sources):
        text = (ROOT / source).read_text(encoding='utf-8')
        if not source.startswith('docs/'):
            texts[site_uri(source)[0]] = f'<!-- {source} -->\n{text}'
        for link, _ in LINK.findall(text):
            path = repository_path(source, link)
            if path is not None and site_uri(path)[0].startswith('source/'):
                code = (ROOT / path).read_text(encoding='utf-8')
                texts[site_uri(path)[0]] = f'# {path}\n\n````{Path(path).suffix[1:]}\n{code}````\n'
    for uri, text in texts.items():
        files.append(File.generated(config, uri, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Points links at the site."""
    marked = re.match(r'<!-- (\S+) -->\n', markdown)
    source = marked[1] if marked else f'docs/{page.file.src_uri}'
    here = posixpath.dirname(page.file.src_uri) or '.'

    def moved(match: re.Match) -> str:
        path = repository_path(source, match[1])
        if path is None:
            return match[0]
        uri, anchor = site_uri(path)
        return f']({posixpath.relpath(uri, here)}{match[2] or anchor})'

    return LINK.sub(moved, markdown[marked.end() :] if marked else markdown)


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Takes away the marks that docstrings have for another reader; a deviation keeps its line."""
    html = ROLE.sub('<code>', html).replace('::</p>', ':</p>')
    html = FORMULA.sub(r'<pre><code>\1</code></pre>', html)
    return html.replace(' ± ', '\u00a0±\u00a0')
