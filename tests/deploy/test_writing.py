# SPDX-License-Identifier: Apache-2.0
"""A written file predicts what mmseg's own test predicts, at sizes that it was not made with."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from mmseg_im.deploy.difference import as_input, predicted
from mmseg_im.deploy.graph import PredictionGraph
from mmseg_im.deploy.writing import notes_of, write
from mmseg_im.errors import UserError
from tests.conftest import tiny_model
from tests.deploy.networks import drawn_images, model_config, small_network

KINDS = [
    ('unet_small', 'binary', True),
    ('lite0_fpn', 'multilabel', True),
    ('deeplabv3plus_r50', 'multiclass', True),
    ('dinov2-s_dpt', 'multiclass', False),
]


@pytest.mark.filterwarnings('ignore:When align_corners=True:UserWarning')  # mmseg's, of odd sizes
@pytest.mark.parametrize(('name', 'space', 'free'), KINDS)
def test_the_file_predicts_as_mmseg_does(tmp_path, name, space, free):
    classes = 2 if space == 'binary' else 4
    network = small_network(model_config(name, space, classes))
    size = (56, 70)  # of the trace; multiples of 14
    done = write(str(tmp_path / 'm.onnx'), network, drawn_images(), None, size, {})
    assert done.free == free and done.size == size and done.found.score < 1e-4
    assert ('multiples of 14' in done.reason) == (not free)
    session = onnxruntime.InferenceSession((tmp_path / 'm.onnx').read_bytes())
    for shape in [(61, 83), (97, 66)] if free else [size]:
        for number in (1, 3):
            images = drawn_images(number, shape)
            scores, labels = session.run(None, {'image': as_input(images)})
            wanted, expected = predicted(network, images)
            assert labels.dtype == np.uint8 and scores.dtype == np.float32
            np.testing.assert_allclose(scores, wanted, atol=1e-4)
            assert (labels != expected).mean() < 1e-3
            assert scores.std(axis=(2, 3)).max() > 0.01  # not all alike


def test_a_program_of_torch_export(tmp_path):
    model = tiny_model()
    model['data_preprocessor']['test_cfg'] = dict(size_divisor=8)
    network = small_network(model)
    done = write(str(tmp_path / 'm.pt2'), network, drawn_images(), (45, 67), None, {})
    assert not done.free and done.reason == '' and done.found.score < 1e-4
    images = drawn_images(3, (45, 67))
    scores, labels = torch.export.load(tmp_path / 'm.pt2').module()(torch.tensor(as_input(images)))
    wanted, expected = predicted(network, images)
    np.testing.assert_allclose(scores.detach(), wanted, atol=1e-4)
    assert (labels.numpy() != expected).mean() < 1e-3


@pytest.mark.parametrize(
    'change',
    [
        dict(bgr_to_rgb=False),
        dict(mean=None, std=None),
        dict(test_cfg=dict(size_divisor=8), pad_val=3),
        dict(mean=[100.0], std=[50.0], bgr_to_rgb=False, bands=1),
        dict(mean=[100.0], std=[50.0], bgr_to_rgb=False, bands=4),
        dict(mean=[90.0, 5.0, 7.0, 9.0], std=[50.0] * 4, bgr_to_rgb=False, bands=4),
    ],
    ids=['BGR', 'no normalisation', 'padding', 'one channel', 'one for all', 'four channels'],
)
def test_the_data_preprocessor_is_in_the_graph(change):
    model = tiny_model()
    channels = change.get('bands', 3)
    model['data_preprocessor'].update({k: v for k, v in change.items() if k != 'bands'})
    model['backbone']['in_channels'] = channels
    network = small_network(model)
    images = drawn_images(2, (42, 50), channels)
    with torch.no_grad():
        scores, labels = PredictionGraph(network)(torch.from_numpy(as_input(images)))
    wanted, expected = predicted(network, images)
    np.testing.assert_allclose(scores, wanted, atol=1e-5)
    assert np.array_equal(labels, expected) and len(labels.unique()) > 1


def test_scores_are_softmax_or_sigmoid_of_the_logits():
    """Computed with NumPy from the network's own logits."""
    images = drawn_images(2, (32, 48))
    for space, classes in (('multiclass', 4), ('multilabel', 4), ('binary', 2)):
        network = small_network(model_config('unet_small', space, classes))
        image = torch.from_numpy(as_input(images))
        with torch.no_grad():
            scores, labels = PredictionGraph(network)(image)
            pre = network.data_preprocessor
            logits = network.logits((image - pre.mean) / pre.std).numpy()
        powers = np.exp(logits)
        sigmoid = powers / (1 + powers)
        softmax = powers / powers.sum(1, keepdims=True)
        right = softmax if space == 'multiclass' else sigmoid
        np.testing.assert_allclose(scores, right, atol=1e-5)
        wanted = right.argmax(1)[:, None] if space == 'multiclass' else right > 0.5
        assert np.array_equal(labels, wanted) and labels.dtype == torch.uint8


def test_a_stock_binary_network_keeps_its_threshold():
    model = tiny_model(num_classes=2, out_channels=1, threshold=0.7)
    model['decode_head']['loss_decode'] = dict(type='CrossEntropyLoss', use_sigmoid=True)
    model.update(type='EncoderDecoder')
    model.pop('semi')
    network = small_network(model)
    images = drawn_images(2, (32, 48))
    with torch.no_grad():
        _, labels = PredictionGraph(network)(torch.from_numpy(as_input(images)))
    assert np.array_equal(labels, predicted(network, images)[1])


def test_the_network_itself_is_left_alone():
    network = small_network(model_config('unet_small'))
    before = [type(module) for module in network.modules()]
    PredictionGraph(network)
    assert [type(module) for module in network.modules()] == before


def test_a_file_that_predicts_otherwise_is_not_written(tmp_path, monkeypatch):
    network = small_network(tiny_model())
    right = PredictionGraph.forward
    monkeypatch.setattr(PredictionGraph, 'forward', lambda self, x: right(self, x.flip(1)))
    with pytest.raises(UserError, match=r'not written: its scores differ .* by 0\.\d+, more than'):
        write(str(tmp_path / 'm.onnx'), network, drawn_images(), (32, 32), None, {})
    assert list(tmp_path.iterdir()) == []


class _Strange(torch.nn.ReLU):
    def forward(self, x):
        return super().forward(torch.special.bessel_j0(x))


def test_an_operator_without_counterpart_is_named(tmp_path):
    network = small_network(tiny_model())
    network.decode_head.convs[0].activate = _Strange()
    with pytest.raises(UserError, match='uses the operator aten::special_bessel_j0'):
        write(str(tmp_path / 'm.onnx'), network, drawn_images(), (32, 32), None, {})
    assert list(tmp_path.iterdir()) == []


def test_the_file_says_what_it_is(tmp_path):
    network = small_network(tiny_model())
    notes = notes_of(['a', 'b', 'c', 'd'], network, ['Trained on crops.'])
    write(str(tmp_path / 'm.onnx'), network, drawn_images(), (32, 48), None, notes)
    held = {p.key: p.value for p in onnx.load(tmp_path / 'm.onnx').metadata_props}
    assert json.loads(held['classes']) == ['a', 'b', 'c', 'd']
    assert held['label_space'] == 'multiclass' and held['size'] == '32x48'
    assert 'RGB' in held['input'] and held['remarks'] == 'Trained on crops.'
