# SPDX-License-Identifier: Apache-2.0
"""tools/test.py and tools/predict.py in every label space: augmentation, files, pictures."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine import Config
from mmseg.apis import inference_model
from mmseg.registry import MODELS
from PIL import Image

from mmseg_im.datasets.annotation_steps import loads_annotations
from mmseg_im.generations.configs import nodes
from mmseg_im.own_data.label_files.labelme import read_labelme
from tests.conftest import ROOT, retarget, shrink
from tests.tool_runs import Ended, run_tool

TASKS = dict(
    multiclass='1xb4-5e_camvid-1_8-160x120',
    binary='1xb8-5e_wbc-binary-1_10-96x96',
    multilabel='1xb8-5e_wbc-1_10-96x96',
)


def tool(name: str, folder: Path, *args: str) -> Ended:
    return run_tool(name, *args, cwd=folder, log=folder / 'log')


@pytest.mark.parametrize('task', TASKS)
def test_images_without_annotations_are_predicted(task, mini_camvid, mini_wbc, tmp_path):
    """The files are what the network says of each image, also in a folder within the folder."""
    cfg = Config.fromfile(ROOT / f'configs/generational/im_unet-half_{TASKS[task]}.py')
    shrink(cfg)
    data = tmp_path / 'data'
    shutil.copytree(mini_camvid if task == 'multiclass' else mini_wbc, data)
    retarget(cfg, dict(data_root=str(data)))
    cfg.test_dataloader.batch_size = 1
    cfg.pop('generations'), cfg.pop('runner_type')
    cfg.dump(str(tmp_path / 'config.py'))
    torch.manual_seed(0)
    network = MODELS.build(cfg.model)
    torch.nn.init.normal_(network.decode_head.conv_seg.weight)
    torch.save(dict(state_dict=network.state_dict()), tmp_path / 'net.pth')
    suffix = '.jpg' if task == 'multiclass' else '.png'
    (tmp_path / 'new' / 'more').mkdir(parents=True)
    images = sorted((data / 'images' / 'test').glob(f'*{suffix}'))[:2]
    for source, name in zip(images, ('a', 'more/b'), strict=True):
        shutil.copy(source, tmp_path / 'new' / f'{name}{suffix}')
    shutil.rmtree(data / 'annotations')

    found = tool('predict.py', tmp_path, 'config.py', 'net.pth', 'new', '--out', 'out',
                 '--show-dir', 'shown', '--labelme')  # fmt: skip
    assert found.status == 0, found.output
    network.cfg = cfg
    cfg.test_pipeline = [s for s in cfg.test_pipeline if 'Annotations' not in s['type']]
    for name in ('a', 'more/b'):
        image = str(tmp_path / 'new' / f'{name}{suffix}')
        expected = inference_model(network.eval(), image).pred_sem_seg.data.numpy()
        assert len(np.unique(expected)) > 1
        for i, folder in enumerate(['cell', 'nucleus'] if task == 'multilabel' else ['.']):
            written = np.array(Image.open(tmp_path / 'out' / folder / f'{name}.png'))
            np.testing.assert_array_equal(written, expected[i] * (255 if folder != '.' else 1))
        [entry] = read_labelme(tmp_path / 'out/labelme' / f'{name}.json').entries
        folder = (tmp_path / 'out/labelme' / f'{name}.json').parent
        assert (folder / entry.image).samefile(image) and entry.size == expected.shape[1:]
        assert entry.shapes
    shown = {
        p.relative_to(tmp_path / 'shown').as_posix() for p in (tmp_path / 'shown').rglob('*.*')
    }
    assert shown == {'a.png', 'more/b.png'}
    assert not (tmp_path / 'out-unsure').exists()  # one voter is never in two minds


def test_images_of_every_format_are_predicted_or_listed(mini_wbc, tmp_path):
    """In every case and depth; the folder of predictions holds predictions alone.

    The config is of generations and has no test images, as init_project writes it.
    """
    cfg = Config.fromfile(ROOT / f'configs/generational/im_unet-half_{TASKS["multilabel"]}.py')
    shrink(cfg)
    retarget(cfg, dict(data_root=str(mini_wbc)))
    cfg.model.label_space = dict(type='multilabel', threshold=0.4)  # a name or a dict
    cfg.val_dataloader.batch_size = 1
    cfg.merge_from_dict(dict(test_dataloader=None, test_cfg=None, test_evaluator=None))
    cfg.dump(str(tmp_path / 'config.py'))
    torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict()), tmp_path / 'net.pth')
    image = np.random.default_rng(0).integers(0, 256, (32, 40, 3), np.uint8)
    new = tmp_path / 'new'
    (new / 'deep/er').mkdir(parents=True)
    for name in ('a.jpg', 'b.JPG', 'c.png', 'd.bmp', 'deep/er/e.webp', 'f.TIFF'):
        cv2.imwrite(str(new / name), image)
    cv2.imwrite(str(new / 'g.png'), image.astype(np.uint16) * 16)
    Image.fromarray(image).save(new / 'h.gif')
    (new / 'broken.jpg').write_bytes(b'no image')
    found = tool('predict.py', tmp_path, 'config.py', 'net.pth', 'new', '--out', 'out')
    assert found.status == 1 and 'Predicted: 8 images, in out' in found.output
    assert found.output.strip().splitlines()[-1].startswith('new/broken.jpg cannot be decoded')
    names = {'a', 'b', 'c', 'd', 'deep/er/e', 'f', 'g', 'h'}
    written = {p.relative_to(tmp_path / 'out').as_posix() for p in (tmp_path / 'out').rglob('*.*')}
    assert written == {f'{cls}/{name}.png' for cls in ('cell', 'nucleus') for name in names}
    found = tool('test.py', tmp_path, 'config.py', 'net.pth')
    assert found.status == 1 and 'config.py has no test images' in found.output


def test_mistakes_of_a_prediction(tmp_path):
    config = str(ROOT / 'configs/generational/im_unet-half_1xb4-5e_camvid-1_8-160x120.py')
    (tmp_path / 'new').mkdir()
    (tmp_path / 'net.pth').touch()
    for checkpoint, message in (
        ('net.pth', 'new holds no image'),
        ('no.pth', 'no.pth does'),
    ):
        found = tool('predict.py', tmp_path, config, checkpoint, 'new', '--out', 'out')
        assert found.status > 0 and message in found.output
        assert 'Traceback' not in found.output and not (tmp_path / 'out').exists()


@pytest.mark.parametrize('task', TASKS)
def test_augmented_test_writes_all_files_and_pictures(task, mini_camvid, mini_wbc, tmp_path):
    """Without a tta_pipeline, with a list of metrics, and with two images of one name."""
    cfg = Config.fromfile(ROOT / f'configs/generational/im_unet-half_{TASKS[task]}.py')
    shrink(cfg)
    shutil.copytree(mini_camvid if task == 'multiclass' else mini_wbc, tmp_path / 'data')
    retarget(cfg, dict(data_root=str(tmp_path / 'data')))
    suffix = '.jpg' if task == 'multiclass' else '.png'
    for file in [p for p in (tmp_path / 'data').rglob('0.*') if 'test' in p.parts]:
        again = file.parent / 'again'
        again.mkdir()
        shutil.copy(file, again / file.name)
    cfg.test_dataloader.batch_size = 1  # images of several sizes
    cfg.test_evaluator = [cfg.test_evaluator, dict(type='PerImageIoUMetric')]
    cfg.pop('generations'), cfg.pop('runner_type')
    cfg.dump(str(tmp_path / 'config.py'))
    torch.manual_seed(0)
    torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict()), tmp_path / 'net.pth')
    found = tool('test.py', tmp_path, 'config.py', 'net.pth', '--tta', '--out', 'out',
                 '--show-dir', 'shown', '--work-dir', 'work')  # fmt: skip
    assert found.status == 0, found.output
    assert 'mIoU' in found.output and 'per_image_mIoU' in found.output
    names = {'0.png', '1.png', 'again/0.png'}
    folders = ['cell', 'nucleus'] if task == 'multilabel' else ['.']
    for folder in folders:
        out = tmp_path / 'out' / folder
        written = {p.relative_to(out).as_posix() for p in out.rglob('*.png')}
        assert written == names
        values = set(np.unique(np.array(Image.open(out / '0.png'))))
        assert values <= ({0, 255} if task == 'multilabel' else set(range(11)))
        size = cv2.imread(str(next((tmp_path / 'data/images/test').glob(f'0{suffix}')))).shape[:2]
        assert cv2.imread(str(out / '0.png'), 0).shape == size
    shown = {
        p.relative_to(tmp_path / 'shown').as_posix() for p in (tmp_path / 'shown').rglob('*.*')
    }
    assert shown == names


def test_the_mirror_image_comes_before_the_annotations():
    """Predictions are flipped back, annotations never."""
    namespace = dict(loads_annotations=loads_annotations, nodes=nodes)
    source = Path(ROOT / 'tools/test.py').read_text()
    start, end = source.index('def flipped'), source.index('def main')
    exec(source[start:end], namespace)
    load, resize, label, pack = (
        dict(type=t) for t in ('Load', 'Resize', 'LoadAnnotations', 'Pack')
    )
    first, tta = namespace['flipped']([load, resize, label, pack])
    assert first == load
    kinds = [[step['type'] for step in group] for group in tta['transforms']]
    assert kinds == [['Resize'], ['RandomFlip', 'RandomFlip'], ['LoadAnnotations'], ['Pack']]
