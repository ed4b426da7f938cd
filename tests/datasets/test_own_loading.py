# SPDX-License-Identifier: Apache-2.0
"""Files that only a transform of the user's own reads are checked, and blamed, through it."""

import cv2
import numpy as np
import pytest
from mmcv.transforms import BaseTransform
from mmseg.registry import TRANSFORMS

from mmseg_im.datasets import SemiDataset, checks
from mmseg_im.datasets.checks import build_checked, build_evaluation, check_evaluation
from mmseg_im.report.loaded_picture import loaded_picture
from tests.datasets.conftest import naming

WHERE = 'the.key'
PACK = dict(type='PackSegInputs')


@TRANSFORMS.register_module()
class LoadArrayForTest(BaseTransform):
    """An image from a .npy file."""

    def transform(self, results):
        results['img'] = np.load(results['img_path'])
        results['img_shape'] = results['ori_shape'] = results['img'].shape[:2]
        return results


@TRANSFORMS.register_module()
class LabelFromArrayForTest(BaseTransform):
    """An annotation from a .npy file."""

    def transform(self, results):
        results['gt_seg_map'] = np.load(results['seg_map_path'])
        results['seg_fields'].append('gt_seg_map')
        return results


@TRANSFORMS.register_module()
class FailForTest(BaseTransform):
    """A step that is wrong, whatever the file."""

    def transform(self, results):
        raise ZeroDivisionError('my own mistake')


ARRAY, LABEL = dict(type='LoadArrayForTest'), dict(type='LabelFromArrayForTest')
PIPELINE = [ARRAY, LABEL, PACK]


@pytest.fixture
def arrays(mini):
    """Turns all images (six bands of 16 bits) and annotations into arrays."""
    for names in mini.names.values():
        for name in names:
            image = np.zeros((12, 16, 6), np.uint16)
            np.save(mini.image(name).with_suffix('.npy'), image)
            label = cv2.imread(str(mini.annotation(name)), -1)
            np.save(mini.annotation(name).with_suffix('.npy'), label)
            mini.image(name).unlink()
            mini.annotation(name).unlink()
    return mini


def cfg_of(mini, kind='labeled', pipeline=PIPELINE, **changes) -> dict:
    changes = dict(img_suffix='.npy', seg_map_suffix='.npy', type='BaseSegDataset') | changes
    classes = [f'c{i}' for i in range(11)]
    return mini.cfg(kind, pipeline=pipeline, metainfo=dict(classes=classes), **changes)


def evaluate(cfg: dict):
    dataset = build_evaluation(cfg, WHERE)
    check_evaluation(dataset, WHERE)
    return dataset


def labeled(cfg: dict):
    return build_checked(cfg, WHERE, labeled=True)


both = pytest.mark.parametrize('check', [labeled, evaluate])


@both
def test_arrays_are_read_with_the_pipeline(arrays, check):
    dataset = check(cfg_of(arrays))
    sample = dataset[0]
    assert sample['inputs'].shape == (6, 12, 16)
    label = np.load(arrays.annotation('l0').with_suffix('.npy'))
    np.testing.assert_array_equal(sample['data_samples'].gt_sem_seg.data[0], label)


def test_unlabeled_arrays_are_read_with_the_pipeline(arrays):
    views = dict(type='MultiView', views=dict(weak=[PACK], strong=[PACK]))
    pipeline = [ARRAY, dict(type='LoadEmptyAnnotations'), views]
    dataset = SemiDataset(cfg_of(arrays), cfg_of(arrays, 'unlabeled', pipeline))
    assert dataset[0]['inputs']['weak'].shape == (6, 12, 16)
    path = arrays.image('u3').with_suffix('.npy')
    path.write_bytes(b'no array')
    with pytest.raises(ValueError, match=naming('unlabeled: LoadArrayForTest', 'fails on', path)):
        SemiDataset(cfg_of(arrays), cfg_of(arrays, 'unlabeled', pipeline))


@both
def test_a_broken_array_is_named(arrays, check):
    path = arrays.image('l1').with_suffix('.npy')
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(ValueError, match=naming(WHERE, 'LoadArrayForTest', path, 'Replace')):
        check(cfg_of(arrays))
    path.unlink()
    with pytest.raises(FileNotFoundError, match=naming(WHERE, path, 'does not exist')):
        check(cfg_of(arrays))


@both
def test_annotations_in_arrays_are_checked(arrays, check):
    path = arrays.annotation('l1').with_suffix('.npy')
    np.save(path, np.full((12, 16), 11, np.uint8))
    with pytest.raises(ValueError, match=naming(WHERE, path, 'the value 11', '11 classes')):
        check(cfg_of(arrays))
    np.save(path, np.zeros((12, 15), np.uint8))
    with pytest.raises(ValueError, match=naming(WHERE, path, '(12, 15)', '(12, 16)')):
        check(cfg_of(arrays))


@both
def test_own_annotations_of_ordinary_images(mini, check):
    """And classes that overlap: (H, W, K)."""
    for name in mini.names['labeled']:
        label = np.random.default_rng(0).integers(0, 2, (12, 16, 11), np.uint8)
        np.save(mini.annotation(name).with_suffix('.npy'), label)
    pipeline = [dict(type='LoadImageFromFile'), LABEL, dict(type='PackSemiInputs')]
    dataset = check(cfg_of(mini, pipeline=pipeline, img_suffix='.png'))
    assert dataset[0]['data_samples'].gt_sem_seg.shape == (12, 16)
    mini.image('l1').write_bytes(b'no image')
    with pytest.raises(ValueError, match=naming(mini.image('l1'))):
        check(cfg_of(mini, pipeline=pipeline, img_suffix='.png'))


def test_one_class_is_enough_where_classes_overlap(arrays):
    """Where none of them is, is a label, too; not so in a single map."""
    for shape, refused in (((12, 16, 11), False), ((12, 16), True)):
        for name in arrays.names['labeled']:
            label = np.zeros(shape, np.uint8)
            label[3:5, 2:9] = np.arange(11) == 4 if len(shape) == 3 else 0
            np.save(arrays.annotation(name).with_suffix('.npy'), label)
        cfg = cfg_of(arrays, pipeline=[ARRAY, LABEL, dict(type='PackSemiInputs')])
        cfg['metainfo'] = dict(cfg.get('metainfo') or {}, may_lack_classes=True)
        if refused:
            with pytest.raises(ValueError, match=naming('the class c0 (0) alone')):
                labeled(cfg)
        else:
            assert len(labeled(cfg)) == 3


@both
def test_tiff_of_six_pages(mini, check):
    """OpenCV reads the first page alone; mmcv reads all with another backend."""
    tifffile = pytest.importorskip('tifffile')
    for name in mini.names['labeled']:
        pages = np.random.default_rng(0).integers(0, 999, (12, 16, 6), np.uint16)
        tifffile.imwrite(mini.image(name).with_suffix('.tif'), pages)
    load = dict(type='LoadImageFromFile', color_type='unchanged', imdecode_backend='tifffile')
    cfg = mini.cfg(
        'labeled', img_suffix='.tif', pipeline=[load, dict(type='LoadAnnotations'), PACK]
    )
    assert check(cfg)[0]['inputs'].shape == (6, 12, 16)
    assert cv2.imwrite(str(mini.annotation('l2')), np.zeros((12, 15), np.uint8))
    with pytest.raises(ValueError, match=naming(mini.annotation('l2'), '(12, 15)', '(12, 16)')):
        check(cfg)


def test_many_unlabeled_arrays_are_looked_for_and_some_are_read(arrays, monkeypatch):
    monkeypatch.setattr(checks, 'DECODED', 2)  # the first and the last
    cfg = cfg_of(arrays, 'unlabeled', [ARRAY, PACK])
    path = arrays.image('u2').with_suffix('.npy')
    path.write_bytes(b'no array')
    dataset = build_checked(cfg, WHERE, labeled=False)
    with pytest.raises(ValueError, match='no array|pickled|EOF'):
        dataset[2]
    path.unlink()
    with pytest.raises(FileNotFoundError, match=naming(WHERE, path)):
        build_checked(cfg, WHERE, labeled=False)


@both
def test_a_pipeline_without_an_image_says_so(arrays, check):
    with pytest.raises(ValueError, match=naming(WHERE, 'no transform', 'loads an image')):
        check(cfg_of(arrays, pipeline=[LABEL]))


@TRANSFORMS.register_module()
class NothingForTest(BaseTransform):
    """A step of the user's before the one that reads."""

    def transform(self, results):
        return results


def test_a_step_before_the_one_that_reads_changes_nothing(arrays):
    step = dict(type='NothingForTest')
    assert len(labeled(cfg_of(arrays, pipeline=[step, ARRAY, step, LABEL, PACK]))) == 3
    np.save(arrays.annotation('l0').with_suffix('.npy'), np.zeros((3, 4), np.uint8))
    with pytest.raises(ValueError, match=r'has the size \(3, 4\) and its image .* \(12, 16\)'):
        labeled(cfg_of(arrays, pipeline=[step, ARRAY, step, LABEL, PACK]))


WRAPPED = (
    lambda step: dict(type='RandomApply', prob=1.0, transforms=[step]),
    lambda step: dict(type='RandomChoice', transforms=[[step], [step]]),
    lambda step: dict(type='Compose', transforms=[step]),
)


@both
@pytest.mark.parametrize('wrapped', WRAPPED, ids=('apply', 'choice', 'compose'))
def test_loaders_within_other_transforms_are_found(arrays, check, wrapped):
    pipeline = [wrapped(ARRAY), wrapped(LABEL), PACK]
    assert len(check(cfg_of(arrays, pipeline=pipeline))) == 3
    path = arrays.annotation('l1').with_suffix('.npy')
    np.save(path, np.full((12, 16), 11, np.uint8))
    with pytest.raises(ValueError, match=naming(WHERE, path, 'the value 11', '11 classes')):
        check(cfg_of(arrays, pipeline=pipeline))


def test_own_steps_within_views_do_not_stand_for_the_reader_of_the_images(mini):
    strong = [dict(type='NothingForTest'), PACK]
    views = dict(type='MultiView', views=dict(weak=[PACK], strong=strong))
    pipeline = [dict(type='LoadImageFromFile'), dict(type='LoadEmptyAnnotations'), views]
    cfg = mini.cfg('unlabeled', pipeline=pipeline)
    assert len(build_checked(cfg, WHERE, labeled=False)) > 3
    mini.image('u2').write_bytes(b'no image')
    with pytest.raises(ValueError, match=naming(mini.image('u2'))):
        build_checked(cfg, WHERE, labeled=False)


def test_a_wrong_step_blames_no_array(arrays):
    with pytest.raises(ValueError, match='FailForTest fails .*my own mistake.*Correct this step'):
        evaluate(cfg_of(arrays, pipeline=[ARRAY, LABEL, dict(type='FailForTest'), PACK]))


def test_suggestions_show_what_the_pipeline_reads(arrays):
    image = np.zeros((12, 16, 6), np.uint16)
    image[..., 2], image[3:, :, 1] = 4000, 1000
    np.save(arrays.image('l1').with_suffix('.npy'), image)
    dataset = labeled(cfg_of(arrays))
    picture = loaded_picture(dataset, dataset.get_data_info(1), WHERE)
    assert picture.shape == (12, 16, 3) and picture.dtype == np.uint8
    assert (picture[:3] == [255, 0, 0]).all() and (picture[3:] == [255, 64, 0]).all()
