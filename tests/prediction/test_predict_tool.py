# SPDX-License-Identifier: Apache-2.0
"""tools/predict.py with several voters, on images of all kinds."""

import csv
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine import Config
from mmseg.registry import MODELS
from PIL import Image

from mmseg_im.datasets.image_files import class_ids, is_set
from mmseg_im.evaluation import ClassIoUMetric
from mmseg_im.prediction import folder, georeference
from mmseg_im.prediction.folder_config import training_crop
from mmseg_im.prediction.image_prediction import Prediction, predict_image
from mmseg_im.prediction.unsure_report import UnsureReport
from tests.conftest import tiny_model

PALETTE = [[10, 20, 30], [200, 0, 0], [0, 200, 0], [0, 0, 200]]
CLASSES = ('ground', 'road', 'tree', 'car')


def project(path: Path, task: str = 'multiclass', scale=(32, 24), **head) -> Path:
    """Config and two checkpoints of networks that nobody trained."""
    model = dict(tiny_model(**head), label_space=task)
    pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='Resize', scale=scale, keep_ratio=False),
        dict(type='LoadAnnotations'),
        dict(type='PackSegInputs'),
    ]
    count = head.get('num_classes', 4)
    metainfo = dict(classes=CLASSES[:count], palette=PALETTE[:count])
    dataset = dict(type='BaseSegDataset', metainfo=metainfo, pipeline=pipeline)
    cfg = Config(dict(
        custom_imports=dict(imports=['mmseg_im']), default_scope='mmseg', model=model,
        test_dataloader=dict(batch_size=1, num_workers=0, dataset=dataset),
    ))  # fmt: skip
    cfg.dump(str(path / 'net.py'))
    for seed in range(2):
        torch.manual_seed(seed)
        network = MODELS.build(model)
        torch.nn.init.normal_(network.decode_head.conv_seg.weight)
        torch.save(dict(state_dict=network.state_dict()), path / f'{seed}.pth')
    (path / 'new').mkdir()
    return path


def draw(height: int = 48, width: int = 64, seed: int = 0) -> np.ndarray:
    small = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def test_images_of_all_kinds_with_two_networks_and_two_views(run, tmp_path):
    """The agreed label, the mask, their numbers, and the page with the least certain first."""
    new = project(tmp_path) / 'new'
    images = {name: draw(seed=i) for i, name in enumerate(('plain', 'deep', 'alpha', 'turned'))}
    cv2.imwrite(str(new / 'plain.png'), images['plain'])
    cv2.imwrite(str(new / 'deep.tif'), images['deep'].astype(np.uint16) * 257)
    cv2.imwrite(
        str(new / 'alpha.png'), np.dstack([images['alpha'], np.full((48, 64), 9, np.uint8)])
    )
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(images['turned'][..., ::-1]).save(new / 'turned.jpg', exif=exif)
    cv2.imwrite(str(new / 'twice.png'), images['plain'])
    cv2.imwrite(str(new / 'twice.jpg'), images['plain'])
    said = run('net.py', '0.pth', '1.pth', 'new', '--views', '2', '--show-dir', 'shown')
    assert 'Predicted: 4 images, in predicted, pictures in shown' in said
    assert 'new/twice.jpg and new/twice.png have one name without suffix. Rename one.' in said
    unsure = tmp_path / 'predicted-unsure'
    with (unsure / 'images.csv').open() as file:
        rows = list(csv.DictReader(file))
    assert {row['name'] for row in rows} == set(images)
    shares = [float(row['masked']) for row in rows]
    assert shares == sorted(shares, reverse=True) and 0 < shares[0] < 1
    for row in rows:
        label = class_ids(f'predicted/{row["name"]}.png')
        mask = cv2.imread(str(unsure / f'masks/{row["name"]}.png'), -1)
        size = (64, 48) if row['name'] == 'turned' else (48, 64)
        assert label.shape == mask.shape == size
        assert (mask == 255).mean() == pytest.approx(float(row['masked']), abs=1e-5)
        for i, cls in enumerate(CLASSES):
            assert (label == i).mean() == pytest.approx(float(row[cls]), abs=1e-5)
        assert 0.25 < float(row['confidence']) < 1
        with Image.open(f'predicted/{row["name"]}.png') as written:
            assert written.mode == 'P' and written.getpalette()[:12] == [
                c for rgb in PALETTE for c in rgb
            ]
    page = (unsure / 'index.html').read_text()
    order = re.findall(r'<h3>\d+\. (\w+)</h3>', page)
    assert order == [row['name'] for row in rows] and page.count('<img') == 12
    assert not re.search('(src|href)="(?!data:)', page)
    assert '2 networks, 4 votes (identity, hflip)' in page
    assert sorted(p.name for p in (tmp_path / 'shown').iterdir()) == sorted(
        f'{name}.png' for name in images
    )


def test_large_images_are_said_and_predicted(run, tmp_path, monkeypatch):
    monkeypatch.setattr(folder, 'LARGE', 1000)
    new = project(tmp_path, scale=(16, 12)) / 'new'
    cv2.imwrite(str(new / 'mosaic.png'), draw(96, 128))
    said = run('net.py', '0.pth', 'new', '--show-dir', 'shown')
    assert 'makes 128x96 pixels 16x12, as in training' in said and '--no-resize' in said
    assert cv2.imread('shown/mosaic.png').shape[1] % 36 == 0  # made smaller, then enlarged
    coarse = class_ids('predicted/mosaic.png')
    said = run('net.py', '0.pth', 'new', '--no-resize', '--out', 'full')
    assert 'A window of 32x32, as training saw, slides over' in said and '--no-resize' not in said
    fine = class_ids('full/mosaic.png')
    assert fine.shape == coarse.shape == (96, 128) and (fine != coarse).any()
    assert not list(tmp_path.glob('*-unsure'))


def test_a_geotiff_keeps_its_place(run, tmp_path, monkeypatch):
    rasterio = pytest.importorskip('rasterio', reason='pip install rasterio')
    new = project(tmp_path) / 'new'
    place = dict(crs='EPSG:32632', transform=rasterio.Affine(0.2, 0, 5e5, 0, -0.2, 5.4e6))
    image = draw()
    with rasterio.open(
        new / 'field.tif', 'w', driver='GTiff', height=48, width=64, count=3, dtype='uint8', **place
    ) as file:
        file.write(image[..., ::-1].transpose(2, 0, 1))
    cv2.imwrite(str(new / 'plain.tif'), image)
    run('net.py', '0.pth', '1.pth', 'new')
    names = {p.name for p in (tmp_path / 'predicted').iterdir()}
    assert names == {'field.tif', 'plain.png'}
    for path in ('predicted/field.tif', 'predicted-unsure/masks/field.tif'):
        with rasterio.open(path) as file:
            assert file.crs == place['crs'] and file.transform == place['transform']
            values = file.read(1)
            assert values.shape == (48, 64) and file.count == 1
            if path.startswith('predicted/'):
                assert [list(file.colormap(1)[i][:3]) for i in range(4)] == PALETTE
                np.testing.assert_array_equal(values, class_ids('predicted/plain.png'))
    monkeypatch.setattr(folder, 'can_georeference', lambda: False)
    said = run('net.py', '0.pth', 'new', '--out', 'without')
    assert 'new/field.tif: GeoTIFF. Predictions are PNG' in said and 'pip install rasterio' in said
    assert (tmp_path / 'without/field.png').is_file()
    assert not georeference.is_geotiff(new / 'plain.tif')


def test_foreground_is_read_from_the_palette_file_by_every_reader(run, tmp_path):
    """The first of two classes is black, whatever its colour is elsewhere."""
    new = project(tmp_path, 'binary', num_classes=2, out_channels=1, threshold=0.5) / 'new'
    cv2.imwrite(str(new / 'a.png'), draw())
    run('net.py', '0.pth', 'new')
    ids = class_ids('predicted/a.png')
    assert set(np.unique(ids)) == {0, 1}
    np.testing.assert_array_equal(is_set('predicted/a.png'), ids == 1)


def test_a_test_writes_the_palette_and_ids_that_begin_with_one(tmp_path):
    metric = ClassIoUMetric(output_dir=str(tmp_path), format_only=True)
    metric.dataset_meta = dict(classes=CLASSES, palette=PALETTE)
    data = torch.arange(4).view(1, 2, 2)
    for name, reduced in (('a', False), ('b', True)):
        pred = dict(img_path=f'{name}.jpg', pred_sem_seg=dict(data=data), reduce_zero_label=reduced)
        metric.process({}, [pred])
        path = tmp_path / f'{name}.png'
        np.testing.assert_array_equal(class_ids(str(path)), data[0].numpy() + reduced)
        colours = np.array(Image.open(path).convert('RGB')).reshape(4, 3)
        assert colours.tolist() == PALETTE


def test_the_page_shows_the_least_certain_of_many():
    report = UnsureReport(CLASSES, PALETTE, shown=3)
    order = np.random.default_rng(0).permutation(20)
    for i in order:
        mask = np.zeros((10, 20), bool)
        mask.flat[:i] = True
        found = Prediction(np.zeros((1, 10, 20), np.uint8), mask, i / 200, 0.9, np.eye(4)[0])
        report.add(f'image<{i}>', torch.zeros((3, 10, 20), dtype=torch.uint8), found)
    page = report.page('Two networks.')
    assert re.findall(r'\d\. image&lt;(\d+)&gt;', page) == ['19', '18', '17']
    assert 'The 3 least certain of 20 images; all are in images.csv' in page
    names = [line.split(',')[0] for line in report.table().splitlines()[1:]]
    assert names == [f'image<{i}>' for i in range(19, -1, -1)]


def test_the_window_is_what_training_saw(tmp_path):
    cfg = Config.fromfile(str(project(tmp_path) / 'net.py'))
    assert training_crop(cfg) == (32, 32)
    cfg.model.data_preprocessor.size = None
    assert training_crop(cfg) == (512, 512)
    cfg.train_dataloader = dict(dataset=dict(pipeline=[dict(type='RandomCrop', crop_size=(8, 9))]))
    assert training_crop(cfg) == (8, 9)


def test_images_are_read_as_the_test_of_the_config_reads_them(run, tmp_path, monkeypatch):
    """All 16 bits, and four channels."""
    new = project(tmp_path) / 'new'
    cfg = Config.fromfile(tmp_path / 'net.py')
    cfg.model.backbone.in_channels = 4
    cfg.model.data_preprocessor.update(mean=[900.0], std=[500.0], bgr_to_rgb=False)
    load = dict(type='LoadImageFromFile', color_type='unchanged')
    cfg.test_dataloader.dataset.pipeline[:2] = [load]
    cfg.dump(str(tmp_path / 'net.py'))
    torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict()), tmp_path / '0.pth')
    image = np.random.default_rng(0).integers(0, 2000, (32, 32, 4), np.uint16)
    cv2.imwrite(str(new / 'deep.png'), image)
    seen = []

    def predicted(ensemble, image, *args):
        seen.append(image)
        return predict_image(ensemble, image, *args)

    monkeypatch.setattr(folder, 'predict_image', predicted)
    said = run('net.py', '0.pth', 'new', '--show-dir', 'shown')
    assert 'Predicted: 1 image' in said
    np.testing.assert_array_equal(seen[0].permute(1, 2, 0).numpy(), image)
    assert cv2.imread(str(tmp_path / 'shown/deep.png')).any()
