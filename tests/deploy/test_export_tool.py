# SPDX-License-Identifier: Apache-2.0
"""tools/export.py, and the example of the documentation on what it writes."""

import json
import re
import sys

import cv2
import export
import numpy as np
import onnx
import publish_student
import pytest
import torch
from mmengine.config import Config
from PIL import Image

from mmseg_im.deploy.difference import predicted
from tests.conftest import ROOT, tiny_model
from tests.deploy.networks import drawn_images, model_config, small_network

CLASSES = ('a', 'b', 'c', 'd')


def padded_model() -> dict:
    """A U-Net that halves sizes once, for images of any size."""
    model = tiny_model()
    model['data_preprocessor']['test_cfg'] = dict(size_divisor=2)
    return model


@pytest.fixture
def network():
    return small_network(padded_model())


@pytest.fixture
def files(tmp_path, network, monkeypatch):
    """A folder with ``run/epoch_1.pth``, its config, and images."""
    (tmp_path / 'run').mkdir()
    (tmp_path / 'images').mkdir()
    for i, image in enumerate(drawn_images(3)):
        cv2.imwrite(str(tmp_path / 'images' / f'{i}.png'), image)
    dataset = dict(data_prefix=dict(img_path=str(tmp_path / 'images')), pipeline=[
        dict(type='LoadImageFromFile'), dict(type='LoadAnnotations'), dict(type='PackSegInputs'),
    ])  # fmt: skip
    cfg = Config(dict(model=padded_model(), test_dataloader=dict(dataset=dataset)))
    cfg.dump(str(tmp_path / 'config.py'))
    meta = dict(cfg=cfg.pretty_text, epoch=1, iter=4, dataset_meta=dict(classes=CLASSES))
    torch.save(dict(meta=meta, state_dict=network.state_dict()), tmp_path / 'run/epoch_1.pth')
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(monkeypatch, capsys):
    """Runs a tool in this process and returns its output, with the sentence that ended it."""

    def start(tool, *args: str) -> str:
        monkeypatch.setattr(sys, 'argv', ['tool', *args])
        ended = ''
        try:
            tool.main()
        except SystemExit as error:
            ended = str(error.code)
        return capsys.readouterr().out + ended

    return start


def test_a_checkpoint_carries_all_that_is_needed(run, files, network):
    output = run(export, 'run/epoch_1.pth', 'model.onnx')
    assert 'the batch is free, height and width are free' in output
    assert float(re.search(r'from PyTorch: (\S+);', output)[1]) < 1e-4
    assert 'Trained on crops of 32x32' in output
    held = {p.key: p.value for p in onnx.load('model.onnx').metadata_props}
    assert json.loads(held['classes']) == list(CLASSES)


def test_a_published_student_carries_it_too_without_paths(run, files):
    run(publish_student, 'run/epoch_1.pth', 'student.pth')
    text = torch.load('student.pth', weights_only=True)['meta']['cfg']
    assert str(files) not in text and 'LoadAnnotations' not in text
    output = run(export, 'student.pth', 'drawn.onnx')
    assert 'of 3 images' in output and (files / 'drawn.onnx').exists()
    assert 'Checked on drawn images, because those of the test (not named)' in output
    output = run(export, 'student.pth', 'model.onnx', '--images', 'images')
    assert 'MiB' in output and 'drawn' not in output


def test_the_number_of_classes_is_in_the_file(run, files):
    run(export, 'run/epoch_1.pth', 'model.onnx')
    names = {}
    for output in onnx.load('model.onnx').graph.output:
        sides = output.type.tensor_type.shape.dim
        names[output.name] = [side.dim_param or side.dim_value for side in sides]
    assert names == dict(
        scores=['batch', 4, 'height', 'width'], labels=['batch', 1, 'height', 'width']
    )
    run(export, 'run/epoch_1.pth', 'one.onnx', '--size', '16', '24')
    sides = onnx.load('one.onnx').graph.output[0].type.tensor_type.shape.dim
    assert [side.dim_param or side.dim_value for side in sides] == ['batch', 4, 16, 24]


def test_a_size_far_below_that_of_training_is_said(run, files):
    said = '--size 2 40 is less than half of that'
    assert said in run(export, 'run/epoch_1.pth', 'model.onnx', '--size', '2', '40')
    assert 'less than half' not in run(
        export, 'run/epoch_1.pth', 'model.onnx', '--size', '16', '16'
    )


def test_the_example_of_the_documentation(run, files, network):
    """It is executed where a model.onnx and an image.png lie."""
    run(export, 'run/epoch_1.pth', 'model.onnx', '--config', 'config.py')
    image = drawn_images(1, (45, 77))[0]
    cv2.imwrite('image.png', image)
    execute_example()
    _, labels = predicted(network, [image])
    written = Image.open('labels.png')
    assert np.array_equal(np.asarray(written), labels[0, 0])
    colours = np.asarray(written.convert('RGB')).reshape(-1, 3)
    assert len(np.unique(colours, axis=0)) == len(np.unique(labels)) > 1
    assert colours.max() > 100


def test_the_example_shows_every_class_that_overlaps(run, files):
    model = model_config('unet_small', 'multilabel')
    network = small_network(model)
    meta = dict(cfg=Config(dict(model=model)).pretty_text, dataset_meta=dict(classes=CLASSES))
    torch.save(dict(meta=meta, state_dict=network.state_dict()), 'several.pth')
    run(export, 'several.pth', 'model.onnx')
    image = drawn_images(1, (48, 80))[0]
    cv2.imwrite('image.png', image)
    execute_example()
    _, labels = predicted(network, [image])
    for name, one in zip(CLASSES, labels[0], strict=True):
        assert np.array_equal(np.asarray(Image.open(f'labels_{name}.png')), 255 * one)
    assert not (files / 'labels.png').exists()


def execute_example() -> None:
    """Runs the Python of docs/export.md that uses onnxruntime."""
    page = (ROOT / 'docs/export.md').read_text(encoding='utf-8')
    code = [c for c in re.findall(r'```python\n(.*?)```', page, re.S) if 'onnxruntime' in c]
    exec(code[0], {})


@pytest.mark.parametrize(
    ('args', 'message'),
    [
        (['run/epoch_1.pth', 'model.pb'], 'model.pb: name the file .onnx'),
        (['none.pth', 'config.py/x/model.onnx'], 'model.onnx cannot be written (Not a directory)'),
        (['none.pth', '/proc/x/model.onnx'], 'model.onnx cannot be written (No such file'),
        (['run/epoch_1.pth', 'images'], 'images: name the file .onnx'),
        (['none.pth', 'model.onnx'], 'none.pth does not exist'),
        (['run/epoch_1.pth', 'model.onnx', '--config', 'none.py'], 'none.py does not exist'),
        (['run/epoch_1.pth', 'model.onnx', '--images', 'none'], 'none does not exist'),
        (['run/epoch_1.pth', 'model.onnx', '--images', 'run'], 'run holds no images'),
        (['run/epoch_1.pth', 'model.onnx', '--size', '0', '5'], '--size 0 5'),
        (['run/epoch_1.pth', 'none/x/model.onnx', '--images', 'gray'], 'gray'),
    ],
)
def test_mistakes_are_sentences(run, files, args, message):
    (files / 'gray').mkdir()
    (files / 'gray' / '0.png').write_text('no image')
    output = run(export, *args)
    assert message in output and output.startswith('error: ')
    assert not (files / 'model.onnx').exists() and not (files / 'none').exists()


@pytest.mark.parametrize('package', ['onnx', 'onnxruntime'])
def test_a_missing_package_is_said_first(run, files, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    output = run(export, 'none.pth', 'model.onnx')
    assert f'needs the package {package}: pip install "mmseg_im[export]"' in output
