# SPDX-License-Identifier: Apache-2.0
"""What tools/predict.py leaves out, and what it says meanwhile."""

import os
import subprocess
import sys

import cv2
import pytest
import torch
from mmcv.transforms import Resize
from mmengine import Config
from PIL import Image, TiffImagePlugin, TiffTags

from mmseg_im.inconsistency.voting import Aggregate
from mmseg_im.own_data import gathered
from mmseg_im.own_data.pages import has_more_pages
from tests.conftest import ROOT
from tests.prediction.test_predict_tool import draw, project


def test_what_is_not_predicted_is_said(run, tmp_path):
    new = project(tmp_path) / 'new'
    cv2.imwrite(str(new / 'a.png'), draw())
    pages = [Image.fromarray(draw(seed=i)) for i in range(3)]
    pages[0].save(new / 'pages.tif', save_all=True, append_images=pages[1:])
    for name in ('b.HEIC', 'c.heic', 'd.avif', 'e.npy', 'notes.txt', 'a.xml'):
        (new / name).write_bytes(b'x')
    *_, first, avif, heic, npy, further = run('net.py', '0.pth', 'new').strip().splitlines()
    assert first == 'error: Left out:'
    assert avif == '1 file *.avif, such as new/d.avif: this format is not read. ' + (
        'Save them as PNG or TIFF.'
    )
    assert heic.startswith('2 files *.heic, such as new/b.HEIC')
    assert npy.startswith('1 file *.npy')
    assert further.startswith('new/pages.tif has further pages; only the first is predicted.')
    assert {path.name for path in (tmp_path / 'predicted').iterdir()} == {'a.png', 'pages.png'}


def test_smaller_copies_within_a_tiff_are_no_pages(tmp_path):
    tifffile = pytest.importorskip('tifffile')
    with tifffile.TiffWriter(tmp_path / 'a.tif') as writer:
        writer.write(draw(64, 64), photometric='rgb')
        writer.write(draw(32, 32), photometric='rgb', subfiletype=1)
    assert not has_more_pages(tmp_path / 'a.tif')


def test_a_file_in_place_of_a_folder(run, tmp_path):
    cv2.imwrite(str(project(tmp_path) / 'new/a.png'), draw())
    said = run('net.py', '0.pth', 'new/a.png')
    assert 'new/a.png is a file, and a folder of images is needed: name the folder' in said


def test_an_image_that_cannot_be_loaded_ends_nothing(run, tmp_path, monkeypatch):
    """A narrow one, and one on which a step fails; those after it are predicted."""
    new = project(tmp_path) / 'new'
    cfg = Config.fromfile(tmp_path / 'net.py')
    cfg.test_dataloader.dataset.pipeline[1].keep_ratio = True
    cfg.test_dataloader.num_workers = 1
    cfg.dump(str(tmp_path / 'net.py'))
    cv2.imwrite(str(new / 'b.png'), draw(3, 1500))
    cv2.imwrite(str(new / 'c.png'), draw(1500, 3))
    for name in ('a', 'z'):
        cv2.imwrite(str(new / f'{name}.png'), draw())
    said = run('net.py', '0.pth', 'new', '--show-dir', 'shown').strip().splitlines()
    assert any(line.startswith('Predicted: 2 images, in predicted') for line in said)
    assert said[-3] == 'error: Left out:'
    assert said[-2].startswith('new/b.png is so narrow (1500x3 pixels) that the pipeline')
    assert said[-1].startswith('new/c.png is so narrow (3x1500 pixels)')
    assert {path.name for path in (tmp_path / 'predicted').iterdir()} == {'a.png', 'z.png'}
    *_, first, second = run('net.py', '0.pth', 'new', '--no-resize').strip().splitlines()
    assert first.startswith('new/b.png (1500x3 pixels) makes the network fail (AssertionError: ')
    assert second.startswith('new/c.png (3x1500 pixels) makes the network fail')

    fail = Resize.transform

    def broken(self, results):
        if results['img_path'].endswith('a.png'):
            raise RuntimeError('no such mood')
        return fail(self, results)

    monkeypatch.setattr(Resize, 'transform', broken)
    *_, first, _, _ = run('net.py', '0.pth', 'new').strip().splitlines()
    assert first.startswith('new/a.png cannot be loaded: Resize of the pipeline of the test fails')
    assert 'RuntimeError: no such mood' in first


def test_a_network_that_returns_nan_names_the_image_of_the_user(run, tmp_path, monkeypatch):
    cv2.imwrite(str(project(tmp_path) / 'new/a.png'), draw())
    never = property(lambda self: torch.tensor(False), lambda self, value: None)
    monkeypatch.setattr(Aggregate, 'finite', never, raising=False)
    said = run('net.py', '0.pth', 'new')
    assert 'Predicted: 0 images' in said and '\nnew/a.png makes a network return NaN' in said


def test_no_image_is_a_sentence_without_a_blank_at_its_end(run, tmp_path):
    project(tmp_path)
    assert run('net.py', '0.pth', 'new').endswith('.webp).')


def test_opencv_says_nothing_about_a_geotiff(tmp_path):
    """In a process of its own: a worker prints to the terminal and not to Python."""
    new = project(tmp_path) / 'new'
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[33550] = (1.0, 1.0, 0.0)
    tags.tagtype[33550] = TiffTags.DOUBLE
    Image.fromarray(draw()).save(new / 'a.tif', tiffinfo=tags)
    cfg = Config.fromfile(tmp_path / 'net.py')
    cfg.test_dataloader.num_workers = 1
    cfg.dump(str(tmp_path / 'net.py'))
    command = [sys.executable, str(ROOT / 'tools/predict.py'), 'net.py', '0.pth', 'new']
    env = {key: value for key, value in os.environ.items() if key != 'OPENCV_LOG_LEVEL'}
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=300, env=env
    )
    assert done.returncode == 0 and 'Predicted: 1 image' in done.stdout
    assert 'TIFF' not in done.stderr


def test_a_bar_shows_that_many_images_are_read(tmp_path, monkeypatch):
    cv2.imwrite(str(project(tmp_path) / 'new/a.png'), draw())
    seen = []

    def tracked(items, what, disable, **_):
        seen.append((what, len(items), disable))
        return items

    monkeypatch.setattr(gathered, 'track', tracked)
    monkeypatch.setattr('sys.stdout.isatty', lambda: True)
    gathered.gather(tmp_path / 'new', tmp_path / 'aside')
    assert seen == [('Reading images', 1, False), ('Preparing images', 1, False)]
