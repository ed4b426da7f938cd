# SPDX-License-Identifier: Apache-2.0
"""Images of any number of channels and of any depth: transformed, or refused in a sentence."""

import numpy as np
import pytest
from mmseg.registry import TRANSFORMS

pytestmark = pytest.mark.fast

KINDS = [((9, 11, 4), np.uint8), ((9, 11, 6), np.uint16), ((9, 11, 3), np.uint16),
         ((9, 11, 3), np.float32), ((9, 11, 1), np.uint8), ((9, 11), np.uint8)]  # fmt: skip


def image_of(shape, dtype) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 200, shape).astype(dtype)


@pytest.mark.parametrize(('shape', 'dtype'), KINDS)
@pytest.mark.parametrize('kind', ['ColorJitter', 'RandomOperations'])
def test_transforms_of_colour_say_what_they_need(kind, shape, dtype):
    needed = (rf'{kind} needs colour images \(H, W, 3\) of uint8, and the pipeline gives .*'
              rf'{np.dtype(dtype)}.*Take it out')  # fmt: skip
    for _ in range(4):  # whatever is drawn
        with pytest.raises(ValueError, match=needed):
            TRANSFORMS.build(dict(type=kind)).transform(dict(img=image_of(shape, dtype)))


@pytest.mark.parametrize(('shape', 'dtype'), KINDS)
def test_noise_needs_8_bits_alone(shape, dtype):
    distort = TRANSFORMS.build(dict(type='NoisyStudentDistortion', blur=3))
    image = image_of(shape, dtype)
    if dtype == np.uint8:
        for _ in range(8):
            found = distort.transform(dict(img=image))['img']
            assert found.shape == shape and found.dtype == np.uint8
            assert abs(found.astype(float) - image).mean() > 0
    else:
        with pytest.raises(ValueError, match='NoisyStudentDistortion needs images of uint8'):
            distort.transform(dict(img=image))


@pytest.mark.parametrize(
    ('shape', 'dtype'), [*KINDS, ((9, 11, 2), np.int32), ((9, 11, 5), np.float16)]
)
def test_blur_takes_any_image_channel_by_channel(shape, dtype):
    image = image_of(shape, dtype)
    blur = TRANSFORMS.build(dict(type='GaussianBlur', sigma=(1.0, 1.0)))
    found = blur.transform(dict(img=image))['img']
    assert found.shape == shape and found.dtype == dtype
    channels = image.reshape(9, 11, -1)
    for i in range(channels.shape[2]):
        alone = blur.transform(dict(img=channels[..., i].astype(np.float64)))['img']
        np.testing.assert_allclose(found.reshape(9, 11, -1)[..., i], alone, atol=1.01)
    assert found.astype(float).std() < 0.7 * image.astype(float).std()
