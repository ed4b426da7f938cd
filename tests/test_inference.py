# SPDX-License-Identifier: Apache-2.0
"""MMSegmentation's inference on the configs of every label space, and what it draws."""

import numpy as np
import pytest
import torch
from mmengine import Config
from mmengine.structures import PixelData
from mmseg.apis import MMSegInferencer, inference_model, init_model
from mmseg.registry import MODELS

from mmseg_im.engine import LabelSpaceVisualizer
from tests.conftest import ROOT, shrink

CONFIGS = {
    'im_unet-half_1xb4-5e_camvid-1_8-160x120.py': (1, 11),
    'im_unet-half_1xb8-5e_wbc-binary-1_10-96x96.py': (1, 2),
    'im_unet-half_1xb8-5e_wbc-1_10-96x96.py': (2, 2),
}


@pytest.fixture(params=CONFIGS, ids=lambda p: p.split('_')[3])
def trained(request, tmp_path):
    """Config and checkpoint of a network, and maps and labels of its task."""
    cfg = Config.fromfile(ROOT / 'configs' / 'generational' / request.param)
    shrink(cfg)
    cfg.visualizer.name = f'visualizer_{tmp_path.name}'
    cfg.visualizer.save_dir = str(tmp_path)
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    classes = cfg.get('metainfo', {}).get('classes') or tuple('abcdefghijk')
    palette = [[20 * i, 255 - 20 * i, 100] for i in range(len(classes))]
    meta = dict(dataset_meta=dict(classes=classes, palette=palette))
    torch.save(dict(state_dict=model.state_dict(), meta=meta), tmp_path / 'net.pth')
    return cfg, str(tmp_path / 'net.pth'), CONFIGS[request.param], tmp_path


IMAGE = np.random.default_rng(0).integers(0, 255, (50, 70, 3), dtype=np.uint8)


def test_inference_model(trained):
    cfg, checkpoint, (maps, labels), _ = trained
    model = init_model(cfg, checkpoint, device='cpu')
    result = inference_model(model, IMAGE)
    pred = result.pred_sem_seg.data
    assert pred.shape == (maps, 50, 70) and set(pred.unique().tolist()) <= set(range(labels))
    if maps > 1:
        expected = (result.seg_logits.data.sigmoid() > 0.5).long()
        assert torch.equal(pred, expected)


def test_inferencer_predicts_and_draws(trained):
    cfg, checkpoint, (maps, _), folder = trained
    inferencer = MMSegInferencer(cfg, checkpoint, device='cpu')
    result = inferencer([IMAGE], return_datasamples=True, out_dir=str(folder / 'out'))
    assert result.pred_sem_seg.data.shape == (maps, 50, 70)
    assert len(list((folder / 'out').rglob('*_vis.jpg'))) == 1


def test_overlapping_classes_are_all_seen(tmp_path):
    """The inner class does not hide the outer one, whichever comes first."""
    outer, inner = np.zeros((2, 60, 80), np.uint8)
    outer[5:55, 10:70], inner[20:40, 30:50] = 1, 1
    image = np.full((60, 80, 3), 200, np.uint8)
    palette = [[255, 0, 0], [0, 0, 255]]
    for order in ((outer, inner), (inner, outer)):
        visualizer = LabelSpaceVisualizer(save_dir=str(tmp_path), alpha=0.5)
        data = PixelData(data=torch.from_numpy(np.stack(order)))
        colours = palette if order[0] is outer else palette[::-1]
        drawn = visualizer._draw_sem_seg(image, data, ['a', 'b'], colours, with_labels=False)
        assert drawn[30, 40].tolist() == [100, 100, 228]  # half of blue on gray
        assert drawn[10, 60].tolist() == [228, 100, 100]
        assert drawn[0, 0].tolist() == [200, 200, 200]
        assert drawn[20, 40].tolist() == [0, 0, 255]  # outlines
        assert drawn[5, 40].tolist() == [255, 0, 0]
    labelled = visualizer._draw_sem_seg(image, data, ['a', 'b'], colours)
    assert labelled.shape == (392, 480, 3)  # enlarged, with the legend below
    assert labelled[180, 240].tolist() == [100, 100, 228]
