# SPDX-License-Identifier: Apache-2.0
"""model-index.yml and the metafiles: what was trained here, as MMSegmentation lists its models."""

from importlib.util import find_spec
from pathlib import Path

import mmengine
import pytest
from mmengine.infer import BaseInferencer

from tests.conftest import ROOT

INDEX = mmengine.load(ROOT / 'model-index.yml')['Import']
METAFILES = {path: mmengine.load(ROOT / path) for path in INDEX}
MODELS = [(path, model) for path, meta in METAFILES.items() for model in meta['Models']]
MODELS_WITH_NUMBERS = {model['Config'] for _, model in MODELS}


def test_the_index_names_every_metafile():
    files = sorted(p.relative_to(ROOT).as_posix() for p in ROOT.glob('configs/*/metafile.yaml'))
    assert files == INDEX
    names = [model['Name'] for _, model in MODELS]
    assert len(set(names)) == len(names) >= 26
    assert list(BaseInferencer._get_models_from_metafile(str(ROOT))) == [m for _, m in MODELS]


def keys_of_mmseg() -> dict[str, set]:
    """Keys that MMSegmentation's own metafiles use, by section."""
    root = Path(find_spec('mmseg').submodule_search_locations[0], '.mim')
    known: dict[str, set] = dict(Collections=set(), Models=set(), Results=set())
    for path in mmengine.load(root / 'model-index.yml')['Import']:
        meta = mmengine.load(root / path)
        for section in ('Collections', 'Models'):
            for entry in meta.get(section) or []:
                known[section] |= set(entry)
                results = entry.get('Results', {})
                for result in results if isinstance(results, list) else [results]:
                    known['Results'] |= set(result)
    return known


def test_keys_are_those_of_mmseg():
    known = keys_of_mmseg()
    assert len(known['Models']) > 5
    for path, meta in METAFILES.items():
        assert set(meta) == {'Collections', 'Models'}, path
        (collection,) = meta['Collections']
        assert set(collection) <= known['Collections'], path
        assert (ROOT / collection['README']).is_file()
        for model in meta['Models']:
            assert set(model) <= known['Models'], path
            assert set(model['Results']) <= known['Results'], path
            assert model['In Collection'] == collection['Name']
            assert model['Results']['Dataset'] in collection['Metadata']['Training Data']


@pytest.mark.parametrize(
    ('path', 'model'), MODELS, ids=lambda v: v['Name'] if isinstance(v, dict) else ''
)
def test_a_model_is_a_config_with_the_number_of_its_page(path, model):
    """docs/results.md itself is tested against the results of the runs."""
    assert Path(model['Config']) == Path(path).with_name(f'{model["Name"]}.py')
    assert (ROOT / model['Config']).is_file()
    source = model['Metadata']
    table = table_of(source['Source'], source['Section'])
    (row,) = (row for row in table if row[0] == source['Row'])
    number = row[table[0].index(source['Column'])].strip('*').partition(' ')[0]
    assert model['Results']['Metrics'] == dict(mIoU=float(number))
    if 'Options' in source:
        study = (ROOT / source['Options']).read_text(encoding='utf-8')
        assert source['Row'].removesuffix(' + IM') in study
    batch = int(model['Name'].split('_')[2].split('-')[0].partition('xb')[2])
    assert source['Batch Size'] == batch


def table_of(page: str, section: str) -> list[list[str]]:
    """Cells of the last table below a heading, or below 'heading / heading of the third level'."""
    text = (ROOT / page).read_text(encoding='utf-8')
    heading, _, third = section.partition(' / ')
    part = text.partition(f'\n## {heading}\n')[2].partition('\n## ')[0]
    if third:
        part = part.partition(f'\n### {third}\n')[2].partition('\n### ')[0]
    lines = [line for line in part.splitlines() if line.startswith('|')]
    return [[cell.strip() for cell in line.strip('|').split('|')] for line in lines]
