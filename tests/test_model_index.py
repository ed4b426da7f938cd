# SPDX-License-Identifier: Apache-2.0
"""The model index names what is there, with the numbers of the page that it points to."""

import pytest
import yaml

from tests.conftest import ROOT

pytestmark = pytest.mark.fast
INDEX = yaml.safe_load((ROOT / 'model-index.yml').read_text())['Import']
METAFILES = {path: yaml.safe_load((ROOT / path).read_text()) for path in INDEX}
MODELS = [model for metafile in METAFILES.values() for model in metafile['Models']]


def test_the_index_imports_every_metafile():
    files = {str(f.relative_to(ROOT)) for f in (ROOT / 'configs').rglob('metafile.yaml')}
    assert set(INDEX) == files and len(files) >= 10


@pytest.mark.parametrize('path', INDEX)
def test_collections_and_names_fit(path):
    collections = {c['Name']: c for c in METAFILES[path]['Collections']}
    for model in METAFILES[path]['Models']:
        assert model['In Collection'] in collections
    for collection in collections.values():
        assert (ROOT / collection['README']).is_file()


def test_names_are_unique():
    names = [model['Name'] for model in MODELS]
    assert len(names) == len(set(names)) >= 32


@pytest.mark.parametrize('model', MODELS, ids=lambda model: model['Name'])
def test_the_number_of_a_config_stands_in_the_page_that_is_named(model):
    assert (ROOT / model['Config']).is_file()
    page = (ROOT / model['Metadata']['Measured'].partition('#')[0]).read_text()
    for result in model['Results']:
        assert f'{result["Metrics"]["mIoU"]:.2f} ±' in page
