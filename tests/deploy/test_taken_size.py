# SPDX-License-Identifier: Apache-2.0
"""A size that a network does not take is refused with one that it takes."""

import pytest

from mmseg_im.deploy import taken_size
from mmseg_im.deploy.taken_size import check_takes
from mmseg_im.deploy.writing import write
from mmseg_im.errors import UserError
from tests.conftest import tiny_model
from tests.deploy.networks import drawn_images, model_config, small_network


@pytest.mark.parametrize(
    ('model', 'multiple', 'size'),
    [(tiny_model(), 2, '34 40'), (model_config('unet_small'), 16, '48 48')],
    ids=['tiny', 'unet_small'],
)
def test_the_multiple_is_named(model, multiple, size, tmp_path):
    model['data_preprocessor'].pop('test_cfg', None)  # which pads to a multiple
    unet = small_network(model)
    path, images = tmp_path / 'model.onnx', drawn_images(1)
    with pytest.raises(UserError) as raised:
        write(str(path), unet, images, (33, 40), None, {})
    assert str(raised.value).startswith('--size 33 40: the network does not take images of this')
    assert str(raised.value).endswith(f' It takes multiples of {multiple}: --size {size}.')
    assert not path.exists()
    check_takes(unet, images[0], (48, 48))


def test_a_network_that_takes_any_size():
    lite = small_network(model_config('lite0_fpn'))
    for size in ((33, 40), (57, 96)):
        check_takes(lite, drawn_images(1)[0], size)


def test_a_network_that_takes_no_multiple(monkeypatch):
    def refuse(*_):
        raise RuntimeError('one size\nalone.')

    monkeypatch.setattr(taken_size, 'predicted', refuse)
    with pytest.raises(UserError) as raised:
        check_takes(None, drawn_images(1)[0], (33, 40))
    assert str(raised.value) == (
        '--size 33 40: the network does not take images of this size (one size alone). Try that of '
        'training, or a larger one.'
    )
