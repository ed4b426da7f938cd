# SPDX-License-Identifier: Apache-2.0
"""Wrong files are refused before training, by a sentence that names the file or the key."""

import cv2
import numpy as np
import pytest
from PIL import Image

from mmseg_im.datasets import CamVidDataset, SeededDataset, SemiDataset
from mmseg_im.datasets.checks import build_checked
from tests.datasets.conftest import naming

WHERE = 'the.key'
KINDS = ('labeled', 'unlabeled')
both_kinds = pytest.mark.parametrize('kind', KINDS)


def build(cfg: dict, kind: str = 'labeled'):
    return build_checked(cfg, WHERE, labeled=kind == 'labeled')


def cut(path) -> None:
    """Leaves the first 60 %, so that the header is whole."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 6 // 10])


def write_noise(path) -> None:
    """An image that fills a file much longer than its header."""
    noise = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    assert cv2.imwrite(str(path), noise)


# --------------------------------------------------------------------------------- what is accepted


@both_kinds
def test_correct_files_are_accepted(mini, kind):
    dataset = build(mini.cfg(kind), kind)
    assert len(dataset) == len(mini.names[kind])
    assert [dataset.get_data_info(i)['img_path'] for i in range(len(dataset))] == [
        str(mini.image(name)) for name in mini.names[kind]
    ]
    assert dataset.metainfo['classes'] == CamVidDataset.METAINFO['classes']


def test_folder_without_list_is_read_whole(mini):
    assert len(build(mini.cfg('labeled', ann_file=''))) == 8


def test_type_may_be_a_class(mini):
    # mmengine's configs in Python style hold classes instead of their names
    assert len(build(mini.cfg('labeled', type=CamVidDataset))) == 3


def test_multi_label_is_accepted(cells):
    assert len(build(cells.cfg())) == 4


def test_palette_annotation_is_read_as_mmseg_reads_it(mini):
    # Pascal VOC's annotations are palette images; the index is the class, not the colour
    path = mini.annotation('l1')
    label = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    image = Image.fromarray(label).convert('P')
    image.putdata(label.ravel().tolist())
    image.putpalette([200, 10, 90] * 256)
    image.save(path)
    dataset = build(mini.cfg('labeled', pipeline=mini.pipeline('labeled', geometry=[])))
    loaded = dataset[1]['data_samples'].gt_sem_seg.data[0].numpy()
    np.testing.assert_array_equal(loaded, label)


@pytest.mark.parametrize(
    'changes',
    [
        dict(reduce_zero_label=True, metainfo=dict(may_lack_classes=True)),
        dict(metainfo=dict(classes=('road', 'car'))),
    ],
)
def test_values_that_mmseg_maps_to_classes_are_accepted(mini, changes):
    # 2 to 10 are no classes of the changed data set, but become some when they are loaded
    assert len(build(mini.cfg('labeled', **changes))) == 3


# ----------------------------------------------------------------------------- folders, lists, keys


@both_kinds
def test_missing_data_root(mini, kind):
    missing = mini.root / 'elsewhere'
    message = naming(f'{WHERE}.data_root', missing, 'does not exist')
    with pytest.raises(FileNotFoundError, match=message):
        build(mini.cfg(kind, data_root=str(missing)), kind)


@both_kinds
def test_missing_list(mini, kind):
    mini.list_file(kind).unlink()
    message = naming(f'{WHERE}.ann_file', mini.list_file(kind), 'does not exist')
    with pytest.raises(FileNotFoundError, match=message):
        build(mini.cfg(kind), kind)


@both_kinds
def test_empty_list(mini, kind):
    mini.write_list(kind, [])
    message = naming(f'{WHERE} has no images', mini.list_file(kind), 'is empty')
    with pytest.raises(ValueError, match=message):
        build(mini.cfg(kind), kind)


@both_kinds
def test_empty_image_folder(mini, kind):
    folder = mini.root / 'nothing'
    folder.mkdir()
    cfg = mini.cfg(kind, ann_file='')
    cfg['data_prefix']['img_path'] = 'nothing'
    with pytest.raises(ValueError, match=naming(f'{WHERE} has no images', '.png', folder)):
        build(cfg, kind)


def test_labeled_without_annotation_folder(mini):
    cfg = mini.cfg('labeled', data_prefix=dict(img_path='images/train'))
    with pytest.raises(ValueError, match=naming(f'{WHERE}.data_prefix.seg_map_path is missing')):
        build(cfg)


def test_unlabeled_with_annotation_folder(mini):
    cfg = mini.cfg('unlabeled')
    cfg['data_prefix']['seg_map_path'] = 'annotations/train'
    with pytest.raises(ValueError, match=naming(f'{WHERE}.data_prefix.seg_map_path', 'never')):
        build(cfg, 'unlabeled')


@both_kinds
def test_semi_dataset_names_its_keys(mini, kind):
    cfgs = {each: mini.cfg(each) for each in KINDS}
    cfgs[kind]['data_root'] = 'nowhere'
    with pytest.raises(FileNotFoundError, match=f'train_dataloader.dataset.{kind}.data_root'):
        SemiDataset(**cfgs)


def test_seeded_dataset_names_its_key(mini):
    with pytest.raises(FileNotFoundError, match='train_dataloader.dataset.dataset.data_root'):
        SeededDataset(mini.cfg('labeled', data_root='nowhere'))


# ------------------------------------------------------------------------------------------- images


@both_kinds
def test_missing_image(mini, kind):
    path = mini.image(mini.names[kind][1])
    path.unlink()
    with pytest.raises(FileNotFoundError, match=naming(WHERE, path, 'does not exist', 'list')):
        build(mini.cfg(kind), kind)


@both_kinds
@pytest.mark.parametrize('content', [b'', b'no image at all' * 9], ids=['empty', 'garbage'])
def test_image_that_is_none(mini, kind, content):
    path = mini.image(mini.names[kind][1])
    path.write_bytes(content)
    with pytest.raises(ValueError, match=naming(path, 'Replace the file')):
        build(mini.cfg(kind), kind)


@pytest.fixture(params=['.png', '.jpg'])
def with_cut_image(request, mini):
    """``(kind) -> (config, file)`` of a data set with an image whose header alone is whole."""

    def with_cut_image(kind: str):
        for name in mini.names[kind]:
            write_noise(mini.image(name).with_suffix(request.param))
        path = mini.image(mini.names[kind][0]).with_suffix(request.param)
        cut(path)
        return mini.cfg(kind, img_suffix=request.param), path

    return with_cut_image


def test_cut_labeled_image(with_cut_image):
    cfg, path = with_cut_image('labeled')
    with pytest.raises(ValueError, match=naming(path, 'cannot be decoded')):
        build(cfg)


def test_cut_unlabeled_image_is_refused_without_decoding_all(with_cut_image):
    cfg, path = with_cut_image('unlabeled')
    with pytest.raises(ValueError, match=naming(path, 'cannot be decoded')):
        build(cfg, 'unlabeled')


def test_image_that_breaks_while_training(mini):
    dataset = SemiDataset(mini.cfg('labeled'), mini.cfg('unlabeled'))
    mini.image('u3').write_bytes(b'')
    with pytest.raises(ValueError, match=naming(mini.image('u3'), 'cannot be decoded')):
        dataset[3]


def test_error_of_a_whole_image_stays_as_it_is(mini):
    # the file is not to blame here, so it must not be blamed
    pipeline = [dict(type='RandomFlip', prob=1.0)]
    dataset = build(mini.cfg('unlabeled', pipeline=pipeline), 'unlabeled')
    with pytest.raises(KeyError, match='img'):
        dataset[0]


# -------------------------------------------------------------------------------------- annotations


def test_image_without_annotation(mini):
    path = mini.annotation('l2')
    path.unlink()
    message = naming(WHERE, path, 'does not exist', mini.image('l2'), 'annotate it')
    with pytest.raises(FileNotFoundError, match=message):
        build(mini.cfg('labeled'))


@pytest.mark.parametrize('value, dtype', [(11, np.uint8), (254, np.uint8), (300, np.uint16)])
def test_value_outside_the_classes(mini, value, dtype):
    path = mini.annotation('l1')
    label = np.zeros((12, 16), dtype)
    label[3, 5] = value
    assert cv2.imwrite(str(path), label)
    with pytest.raises(ValueError, match=naming(WHERE, path, f'the value {value}', '11 classes')):
        build(mini.cfg('labeled'))


@pytest.mark.parametrize('size', [(16, 12), (12, 15)])
def test_annotation_of_another_size(mini, size):
    path = mini.annotation('l1')
    assert cv2.imwrite(str(path), np.zeros(size, np.uint8))
    message = naming(WHERE, path, f'size {size}', mini.image('l1'), '(12, 16)')
    with pytest.raises(ValueError, match=message):
        build(mini.cfg('labeled'))


@pytest.mark.parametrize('channels', [3, 4])
def test_coloured_annotation(mini, channels):
    path = mini.annotation('l0')
    assert cv2.imwrite(str(path), np.zeros((12, 16, channels), np.uint8))
    with pytest.raises(ValueError, match=naming(WHERE, path, f'{channels} channels')):
        build(mini.cfg('labeled'))


@pytest.mark.parametrize(
    'damage', [cut, lambda path: path.write_bytes(b'no image')], ids=['cut', 'garbage']
)
def test_annotation_that_does_not_decode(mini, damage):
    path = mini.annotation('l2')
    damage(path)
    with pytest.raises(ValueError, match=naming(path, 'cannot be decoded')):
        build(mini.cfg('labeled'))


def test_multi_label_annotation_of_one_class_is_missing(cells):
    path = cells.annotation('nucleus', 'c')
    path.unlink()
    message = naming(WHERE, path, 'does not exist', 'c.png', 'annotate it')
    with pytest.raises(FileNotFoundError, match=message):
        build(cells.cfg())


def test_multi_label_annotation_of_another_size(cells):
    path = cells.annotation('cell', 'b')
    assert cv2.imwrite(str(path), np.zeros((14, 9), np.uint8))
    with pytest.raises(ValueError, match=naming(WHERE, path, 'size (14, 9)', '(9, 14)')):
        build(cells.cfg())
