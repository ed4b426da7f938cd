# SPDX-License-Identifier: Apache-2.0
"""A large image is predicted in rows of windows, with the result of mmseg's own inference."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmengine import ConfigDict
from mmengine.runner import save_checkpoint
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from mmseg_im.prediction import rows_of_voters, sliding
from mmseg_im.prediction.image_prediction import predict_image
from mmseg_im.prediction.row_reading import RowStream, resampled
from mmseg_im.prediction.rows_of_voters import voters_in_rows, windows_of
from mmseg_im.prediction.sliding import Windows, slide, window_starts
from tests.conftest import tiny_model

TASKS = dict(
    multiclass={}, binary=dict(num_classes=2, out_channels=1, threshold=0.5), multilabel={}
)
WINDOWS = [
    ((37, 53), (16, 16), (16, 16)),
    ((37, 53), (16, 24), (7, 11)),
    ((33, 40), (16, 16), (11, 13)),
    ((20, 50), (32, 16), (13, 5)),  # higher than the image
    ((12, 10), (32, 32), (20, 20)),
]


def model_of(task: str, **test_cfg) -> dict:
    model = dict(tiny_model(**TASKS[task]), label_space=task)
    model['test_cfg'] = ConfigDict(**(test_cfg or dict(mode='whole')))
    return model


def ensemble_of(folder, model: dict, views=('identity',), members: int = 1):
    """Networks with random weights that find every class somewhere."""
    paths = []
    for i in range(members):
        torch.manual_seed(i)
        network = MODELS.build(model)
        torch.nn.init.normal_(network.decode_head.conv_seg.weight)
        paths.append(str(folder / f'{i}.pth'))
        save_checkpoint(dict(state_dict=network.state_dict()), paths[-1])
    members = [dict(checkpoint=path, config=model, views=list(views)) for path in paths]
    voter = 'mean' if len(paths) * len(views) == 1 else 'agreement'
    return MODELS.build(dict(type='EnsembleSegmentor', members=members, voter=voter))


def packed(size, original=None) -> tuple[torch.Tensor, SegDataSample]:
    rng = torch.Generator().manual_seed(1)
    coarse = torch.rand((1, 3, size[0] // 4 + 1, size[1] // 4 + 1), generator=rng) * 255
    image = F.interpolate(coarse, size, mode='bilinear')[0].byte()
    meta = dict(
        ori_shape=tuple(original or size), img_shape=tuple(size), pad_shape=tuple(size),
        img_path='some.png',
    )  # fmt: skip
    return image, SegDataSample(metainfo=meta)


def in_rows(ensemble, image, sample, crop=(16, 16)) -> list[torch.Tensor]:
    """The logits of each voter, put together of their rows."""
    with torch.no_grad():
        found = [list(r.voters) for r in voters_in_rows(ensemble, image, sample, crop, 0)]
    return [torch.cat(parts, dim=2) for parts in zip(*found, strict=True)]


@pytest.mark.parametrize('at_once', [0, 2**18])
@pytest.mark.parametrize(('size', 'crop', 'stride'), WINDOWS)
def test_windows_are_those_of_mmseg(size, crop, stride, at_once, monkeypatch):
    """Bit for bit where the network predicts one window after another, as mmseg lets it."""
    monkeypatch.setattr(sliding, 'PIXELS', at_once)
    network = MODELS.build(model_of('multiclass', mode='slide', crop_size=crop, stride=stride))
    network.eval()
    image = torch.randn(1, 3, *size)
    with torch.no_grad():
        expected = network.slide_inference(image, [{}])

        def decode(crops):
            return network.encode_decode(crops, [dict(img_shape=crops.shape[2:])])

        found = list(slide(lambda a, b: image[:, :, a:b], size, Windows(crop, stride), decode))
    rows = torch.cat(found, dim=2)
    assert rows.shape == expected.shape
    if not at_once:
        assert torch.equal(rows, expected)
    torch.testing.assert_close(rows, expected, atol=1e-5, rtol=1e-5)
    if size[0] > crop[0]:
        assert len(found) > 1 and max(part.shape[2] for part in found) <= crop[0]


def test_windows_cover_everything_from_either_end():
    for size, crop, stride in [(37, 16, 7), (16, 16, 5), (9, 16, 5), (100, 30, 20)]:
        starts = window_starts(size, crop, stride)
        length = min(crop, size)
        assert starts[0] == 0 and starts[-1] + length == size and starts == sorted(starts)
        mirrored = window_starts(size, crop, stride, mirrored=True)
        assert mirrored == sorted(size - length - start for start in starts)


@pytest.mark.parametrize('align_corners', [False, True])
@pytest.mark.parametrize('new_size', [(50, 61), (7, 90), (13, 9), (120, 17), (30, 17)])
def test_rows_are_resized_as_whole_maps_are(new_size, align_corners):
    maps = torch.randn(1, 3, 13, 17)
    parts = RowStream(iter(maps.split(4, dim=2)))
    read = resampled(parts, (13, 17), new_size, align_corners)
    rows = [read(i, min(i + 5, new_size[0])) for i in range(0, new_size[0], 5)]
    expected = F.interpolate(maps, new_size, mode='bilinear', align_corners=align_corners)
    torch.testing.assert_close(torch.cat(rows, dim=2), expected, atol=1e-5, rtol=1e-5)


def test_a_stream_keeps_no_row_that_is_read_no_more():
    stream = RowStream(iter(torch.arange(40.0).view(1, 1, 40, 1).split(3, dim=2)))
    for first in range(0, 36, 4):
        assert stream(first, first + 4).flatten().tolist() == list(range(first, first + 4))
        assert stream._kept.untyped_storage().nbytes() <= 7 * 4


VIEWS = ('identity', 'hflip', 'vflip', 'scale0.75', 'scale1.5')


@pytest.mark.parametrize('task', TASKS)
@pytest.mark.parametrize('mode', ['slide', 'whole'])
@pytest.mark.parametrize('original', [None, (53, 90), (19, 31)])
def test_every_view_of_every_task_is_as_before(tmp_path, monkeypatch, task, mode, original):
    """Padded to a multiple, of another size than the file, in windows and as a whole."""
    monkeypatch.setattr(rows_of_voters, 'AT_ONCE', 2000)
    slides = dict(mode='slide', crop_size=(16, 18), stride=(9, 13))
    model = model_of(task, **(slides if mode == 'slide' else {}))
    model['data_preprocessor'].update(test_cfg=dict(size_divisor=16), pad_val=7)
    ensemble = ensemble_of(tmp_path, model, VIEWS)
    image, sample = packed((37, 62), original)
    expected = list(ensemble.logits([image], [sample]))
    if mode == 'whole':  # of what the network gets, as it is
        monkeypatch.setattr(rows_of_voters, 'windows_of', lambda *args: None)
    found = in_rows(ensemble, image, sample)
    assert len(found) == len(expected) == 5
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize('task', TASKS)
def test_label_and_mask_of_rows_are_those_of_the_whole(tmp_path, monkeypatch, task):
    monkeypatch.setattr(rows_of_voters, 'AT_ONCE', 700)
    model = model_of(task, mode='slide', crop_size=(16, 18), stride=(9, 13))
    ensemble = ensemble_of(tmp_path, model, VIEWS[:3])
    image, sample = packed((37, 62), (45, 70))
    found = predict_image(ensemble, image, sample, (16, 16), 0)
    whole = predict_image(ensemble, image, sample, (16, 16))
    (voted,) = ensemble([image], [sample])
    label, mask = voted.pred_sem_seg.data.numpy(), voted.inconsistent.data.numpy().any(axis=0)
    np.testing.assert_array_equal(whole.label, label)
    np.testing.assert_array_equal(whole.mask, mask)
    assert (found.label != label).mean() < 1e-3 and (found.mask != mask).mean() < 1e-3
    assert 0 < mask.mean() < 1 and whole.masked == mask.mean()
    space = ensemble.label_space
    maps = space.class_maps(torch.from_numpy(label)[None])[0]
    np.testing.assert_allclose(whole.shares, maps.double().mean(dim=(1, 2)))
    assert found.confidence == pytest.approx(whole.confidence, abs=1e-4)
    assert (1 / space.num_classes if task == 'multiclass' else 0.5) < whole.confidence < 1


def test_one_voter_is_the_network(tmp_path):
    model = model_of('multiclass')
    ensemble = ensemble_of(tmp_path, model)
    image, sample = packed((38, 62), (45, 70))
    found = predict_image(ensemble, image, sample, (16, 16))
    network = ensemble.networks[0]
    with torch.no_grad():
        (alone,) = network.test_step(dict(inputs=[image], data_samples=[sample]))
    np.testing.assert_array_equal(found.label, alone.pred_sem_seg.data.numpy())
    assert not found.mask.any() and found.masked == 0


def test_a_large_image_slides_although_the_config_predicts_whole_ones(tmp_path):
    network = MODELS.build(model_of('multiclass'))
    assert windows_of(network, (2048, 2048), (96, 128)) is None
    assert windows_of(network, (2049, 2048), (96, 128)) == Windows((96, 128), [64, 85])
    slides = MODELS.build(model_of('multiclass', mode='slide', crop_size=(9, 9), stride=(5, 5)))
    for size in ((8, 8), (9000, 9000)):
        assert windows_of(slides, size, (96, 128)) == Windows((9, 9), (5, 5))
    ensemble = ensemble_of(tmp_path, model_of('multiclass'))
    image, sample = packed((37, 62))
    (found,) = in_rows(ensemble, image, sample, (16, 16))
    slides = ensemble_of(
        tmp_path, model_of('multiclass', mode='slide', crop_size=(16, 16), stride=(10, 10))
    )
    (expected,) = slides.logits([image], [sample])
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_memory_does_not_grow_with_the_height(tmp_path, monkeypatch):
    """What a stream keeps is a row of windows and the rows at once."""
    monkeypatch.setattr(rows_of_voters, 'AT_ONCE', 4 * 62 * 8)
    ensemble = ensemble_of(tmp_path, model_of('multiclass'), ('identity', 'vflip'))
    sizes = {}
    for height in (64, 640):
        image, sample = packed((height, 62))
        most = 0
        with torch.no_grad():
            for rows in voters_in_rows(ensemble, image, sample, (16, 16), 0):
                most = max(most, *(one.untyped_storage().nbytes() for one in rows.voters))
        sizes[height] = most
    assert sizes[64] == sizes[640] < 4 * 62 * 40 * 4
