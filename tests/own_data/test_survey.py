# SPDX-License-Identifier: Apache-2.0
"""Every flaw is named, nothing clean is left out, and annotations say what the masks say."""

import os
import unicodedata

import cv2
import numpy as np
import pytest
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS
from PIL import Image

from mmseg_im.errors import MissingFileError, UserError
from mmseg_im.own_data.config_text import training_config
from mmseg_im.own_data.files import find_images
from mmseg_im.own_data.flaws import flaws_text
from mmseg_im.own_data.masks import inspect_mask
from mmseg_im.own_data.plan import make_plan
from mmseg_im.own_data.project import default_name, write_project
from mmseg_im.own_data.split_files import write_lists
from mmseg_im.own_data.survey import class_pixels, survey
from mmseg_im.splitting import parse_ratio
from tests.own_data.conftest import COLOURS, SIZE, label_of, picture_of, plant_flaws, save

VAL = parse_ratio('1/3')


def true_labels(count: int = 10, classes: int = 3) -> list[np.ndarray]:
    """The labels that the fixture drew."""
    rng = np.random.default_rng(0)
    labels = []
    for _ in range(count):
        labels.append(label_of(rng, classes))
        picture_of(labels[-1], rng)
    return labels


def loaded(out) -> dict[str, np.ndarray]:
    """Annotations as the written config loads them, by image."""
    from mmengine import Config

    init_default_scope('mmseg')
    cfg = Config.fromfile(out / 'mine.py')
    labels = {}
    for data in (cfg.labeled, cfg.val_dataloader.dataset):
        steps = [t for t in data.pipeline if t['type'].startswith('Load')]
        dataset = DATASETS.build({**data, 'pipeline': steps, 'test_mode': False})
        for i in range(len(dataset)):
            item = dataset[i]
            name = os.path.splitext(os.path.basename(item['img_path']))[0]
            labels[name] = item['gt_seg_map']
            assert item['img'].shape == (*SIZE, 3) and item['img'].dtype == np.uint8
    return labels


def written(images, masks, tmp_path, **options):
    found = survey(images, masks, **options)
    out = tmp_path / "Ann's out"
    assert write_project(make_plan(found, VAL), out, 'mine')
    return found, loaded(out)


def test_every_flaw_is_named_and_the_rest_is_clean(folders):
    images, masks = folders()
    expected = plant_flaws(images, masks)
    found = survey(images, masks)
    text = flaws_text(found.flaws)
    for flaw, parts in expected.items():
        line = [line for line in text.splitlines() if parts[0] in line]
        assert line and all(part in ' '.join(line) for part in parts), (flaw, text)
    clean = [f'img {i}ä' for i in range(10)]
    assert list(found.images) == clean and list(found.masks) == clean[:6]
    assert len(text.splitlines()) - text.count(':\n') == len(expected)  # and nothing else


def colour_mask(label):
    return np.array([COLOURS[i] for i in range(3)], np.uint8)[label]


@pytest.mark.parametrize(
    ('mask', 'space', 'reason'),
    [
        (lambda label: label, 'multiclass', '3, because the masks hold so many values: 0, 1, 2'),
        (colour_mask, 'multiclass', '#000000, #0080ff, #ff0000'),
        (lambda label: np.dstack([colour_mask(label), 255 - 100 * label]), 'multiclass', 'RGB'),
        (lambda label: label * np.uint8(50), 'multiclass', '0, 50, 100'),
        (lambda label: np.repeat(label[..., None], 3, -1), 'multiclass', 'three equal ones'),
        (lambda label: label.astype(np.uint16) * 1000, 'multiclass', '0, 1000, 2000'),
        (lambda label: 255 * (label > 0).astype(np.uint8), 'binary', '255'),
        (lambda label: label > 0, 'binary', '0, 1'),
        (lambda label: colour_mask(label * (label < 2)), 'binary', '#ff0000'),
        (lambda label: np.where(label == 2, 255, label).astype(np.uint8), 'binary', 'ignored: 255'),
    ],
)
def test_masks_of_all_kinds(mask, space, reason, folders, tmp_path):
    found, labels = written(*folders(mask), tmp_path)
    assert found.scheme.label_space == space and not found.flaws
    assert reason in '\n'.join(found.scheme.reasons)
    truth = true_labels()
    colours = '#' in reason
    for i in range(6):
        expected = truth[i]
        if space == 'binary':
            expected = (expected == 1 if colours else expected > 0).astype(np.uint8)
            if reason.startswith('ignored'):
                expected = np.where(truth[i] == 2, 255, truth[i])
        elif found.scheme.kind == 'colours':  # in the order of their numbers: red is the last
            expected = np.uint8([0, 2, 1])[expected]
        np.testing.assert_array_equal(labels[f'img {i}ä'], expected)


def test_palette_masks_are_linked_with_their_colours(folders, tmp_path):
    images, masks = folders()
    palette = [value for i in range(3) for value in COLOURS[i]]
    for path, label in zip(sorted(masks.iterdir()), true_labels(), strict=False):
        save(path, label, palette)
    found, labels = written(images, masks, tmp_path)
    assert found.scheme.palette == tuple(COLOURS[i] for i in range(3))
    np.testing.assert_array_equal(labels['img 5ä'], true_labels()[5])
    link = tmp_path / "Ann's out/annotations/img 5ä.png"
    assert link.is_symlink() and os.path.samefile(link, masks / 'img 5ä.png')


def in_folders(overlap):
    def mask(label):
        thing = label > 0 if overlap else label == 1
        return dict(thing=255 * thing.astype(np.uint8), part=(label == 2).astype(np.uint8))

    return mask


def test_overlapping_folders_are_multi_label(folders, tmp_path):
    found, labels = written(*folders(in_folders(True)), tmp_path)
    assert found.scheme.label_space == 'multilabel' and found.scheme.names == ('part', 'thing')
    for i, label in enumerate(true_labels(6)):
        np.testing.assert_array_equal(labels[f'img {i}ä'], np.dstack([label == 2, label > 0]))


def test_folders_that_do_not_overlap_are_multi_class(folders, tmp_path):
    images, masks = folders(in_folders(False))
    found, labels = written(images, masks, tmp_path)
    assert found.scheme.names == ('background', 'part', 'thing')
    np.testing.assert_array_equal(labels['img 0ä'], np.uint8([0, 2, 1])[true_labels(1)[0]])
    assert survey(images, masks, label_space='multilabel').scheme.label_space == 'multilabel'


def test_one_folder_is_binary(folders, tmp_path):
    mask = lambda label: dict(thing=255 * (label > 0).astype(np.uint8))  # noqa: E731
    found, labels = written(*folders(mask), tmp_path)
    assert found.scheme.label_space == 'binary'
    assert found.scheme.names == ('background', 'thing')
    np.testing.assert_array_equal(labels['img 3ä'], true_labels(4)[3] > 0)


def test_flaws_of_folders(folders):
    images, masks = folders(in_folders(True))
    save(masks / 'part/img 0ä.png', label_of(np.random.default_rng(0)))
    (masks / 'thing/img 1ä.png').unlink()
    save(masks / 'part/img 2ä.png', np.zeros((5, 6), np.uint8))
    save(masks / 'part/other.png', np.zeros(SIZE, np.uint8))
    text = flaws_text(survey(images, masks).flaws)
    for part in ('holds 2 values besides 0', 'none in thing', '(5, 6)', 'other.png'):
        assert part in text
    with pytest.raises(UserError, match='0 images have a clean mask') as error:
        survey(images, masks, label_space='multiclass')
    assert str(error.value).count('part and thing share 400 pixels') == 3


@pytest.mark.parametrize(
    ('classes', 'names', 'codes'),
    [
        (('a', 'b', 'c'), ('a', 'b', 'c'), (0, 1, 2)),
        (('a', 'b', 'c', 'd'), ('a', 'b', 'c', 'd'), (0, 1, 2, 3)),
        (('b=2', 'a=0', 'c=1'), ('b', 'a', 'c'), (2, 0, 1)),
    ],
)
def test_classes_that_are_given(classes, names, codes, folders):
    scheme = survey(*folders(), classes=classes).scheme
    assert (scheme.names, scheme.codes) == (names, codes)


def test_a_class_without_pixels_and_a_value_without_class(folders):
    images, masks = folders()
    found = survey(images, masks, classes=['a', 'b', 'c', 'd'])
    assert 'Classes without a pixel in the clean masks:\n  d' in flaws_text(found.flaws)
    save(masks / 'img 0ä.png', np.full(SIZE, 9, np.uint8))
    found = survey(images, masks, classes=['a', 'b', 'c'])
    assert 'img 0ä.png: 9 in 3072 pixels' in flaws_text(found.flaws)
    assert 'img 0ä' not in found.images


def test_a_small_class_is_no_mistake_when_it_is_named(folders):
    images, masks = folders()
    label = true_labels(1)[0]
    label[0, 0] = 3
    save(masks / 'img 0ä.png', label)
    assert 'img 0ä' not in survey(images, masks).images
    assert 'img 0ä' in survey(images, masks, classes=['a=0', 'b=1', 'c=2', 'd=3']).images


def test_masks_with_soft_edges(folders):
    images, masks = folders(lambda label: 255 * (label > 0).astype(np.uint8))
    soft = 255 * (true_labels(1)[0] > 0).astype(np.uint8)
    soft[10, :3] = 60, 128, 200
    save(masks / 'img 0ä.png', soft)
    found = survey(images, masks)
    assert found.scheme.label_space == 'binary'
    assert '60 in 1 pixels, 128 in 1 pixels, 200 in 1 pixels' in flaws_text(found.flaws)


@pytest.mark.parametrize(
    ('options', 'match'),
    [
        (dict(classes=['a', 'b=1']), 'for all classes or for none'),
        (dict(classes=['a=0', 'a=1']), 'the name a is given twice'),
        (dict(classes=['a=0', 'b=x']), "'x' is neither a value"),
        (dict(ignore=['#ffffff']), 'is a colour, and the masks hold values'),
        (dict(label_space='multilabel'), 'needs a folder of masks for each class'),
        (dict(label_space='binary'), 'has two classes, and the masks hold 3'),
        (dict(classes=['a', 'b']), 'every mask holds others: 2. Give each class its value'),
        (dict(classes=['a=7', 'b=8']), '0 images have a clean mask'),
    ],
)
def test_arguments_that_do_not_fit(options, match, folders):
    with pytest.raises(UserError, match=match):
        survey(*folders(), **options)


def test_folders_that_do_not_fit(folders, tmp_path):
    images, masks = folders(lambda label: np.arange(SIZE[0] * SIZE[1]).reshape(SIZE).astype('u2'))
    with pytest.raises(UserError, match='hold 3071 classes, and 254 are possible'):
        survey(images, masks)
    with pytest.raises(UserError, match='lie in one folder'):
        survey(images, images)
    with pytest.raises(MissingFileError, match='nowhere does not exist'):
        survey(tmp_path / 'nowhere', masks)
    (tmp_path / 'bare').mkdir()
    with pytest.raises(UserError, match='holds no images'):
        survey(tmp_path / 'bare', masks)
    with pytest.raises(UserError, match='holds no mask'):
        survey(images, tmp_path / 'bare')


def test_colours_that_have_too_few_names(folders):
    with pytest.raises(UserError, match=r'names 2 classes, and the masks hold 3 colours'):
        survey(*folders(colour_mask), classes=['a', 'b'])
    found = survey(*folders(colour_mask), classes=['a=#000000', 'b=255,0,0'], ignore=['#0080ff'])
    assert found.scheme.codes == (0, 0xFF0000) and not found.flaws


def test_images_of_all_kinds_load_as_8_bit_colour(folders, tmp_path):
    images, masks = folders()
    label = true_labels(1)[0]
    gray = label.astype(np.uint16) * 1500 + 100
    cv2.imwrite(str(images / 'sixteen.png'), gray)
    save(images / 'alpha.png', np.dstack([picture_of(label, np.random.default_rng(0)), label]))
    save(images / 'gray.TIF', label * np.uint8(100))
    found, _ = written(images, masks, tmp_path)
    out = tmp_path / "Ann's out/images"
    picture = cv2.imread(str(out / 'sixteen.png'), cv2.IMREAD_UNCHANGED)
    assert picture.dtype == np.uint8 and picture.shape == (*SIZE, 3)
    expected = np.rint(gray * 255.0 / 4095)  # 3100 is the largest value: a camera of 12 bits
    np.testing.assert_array_equal(picture[..., 1], expected)
    assert (out / 'alpha.png').is_symlink() and not (out / 'gray.png').is_symlink()
    assert cv2.imread(str(out / 'gray.png'), cv2.IMREAD_UNCHANGED).max() == 200
    assert len(found.images) == 13


def test_links_nested_folders_and_tails(folders, tmp_path):
    images, masks = folders()
    (tmp_path / 'elsewhere').mkdir()
    for i in range(10):
        source = images / f'img {i}ä.png'
        moved = source.rename(tmp_path / 'elsewhere' / f'{i}.png')
        source.symlink_to(moved)
    (images / 'again').symlink_to(images)  # a circle
    save(tmp_path / 'more/deep/a b.png', picture_of(true_labels(1)[0], np.random.default_rng(0)))
    (images / 'folder').symlink_to(tmp_path / 'more')
    for path in list(masks.iterdir()):
        path.rename(path.with_name(f'{path.stem}_mask.png'))
    save(masks / 'folder/deep/a b_mask.png', true_labels(1)[0])
    found, labels = written(images, masks, tmp_path)
    assert "its image and '_mask'" in found.reasons[0] and not found.flaws
    assert 'folder/deep/a b' in found.masks and len(found.images) == 11
    np.testing.assert_array_equal(labels['a b'], true_labels(1)[0])


def test_a_second_run_and_other_content(folders, tmp_path):
    images, masks = folders()
    plan = make_plan(survey(images, masks), VAL)
    out = tmp_path / 'out'
    assert write_project(plan, out, 'mine')
    before = {path: path.read_bytes() for path in out.rglob('*') if path.is_file()}
    assert not write_project(make_plan(survey(images, masks), VAL), out, 'mine')
    assert before == {path: path.read_bytes() for path in out.rglob('*') if path.is_file()}
    (out / 'mine.py').write_text('edited = 1\n')
    with pytest.raises(UserError, match='exists with other content .mine.py differs'):
        write_project(plan, out, 'mine')
    assert (out / 'mine.py').read_text() == 'edited = 1\n'
    assert {path.name for path in tmp_path.iterdir()} == {'out', 'photos', 'masks'}


def test_a_failure_leaves_nothing(folders, tmp_path, monkeypatch):
    plan = make_plan(survey(*folders()), VAL)

    def full(*_):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr('mmseg_im.own_data.project._text', full)
    with pytest.raises(UserError, match='No space left'):
        write_project(plan, tmp_path / 'out', 'mine')
    assert {path.name for path in tmp_path.iterdir()} == {'photos', 'masks'}


def test_val_is_disjoint_and_holds_every_class(folders):
    plan = make_plan(survey(*folders()), VAL)
    assert len(plan.splits.val) == 2 and len(plan.splits.labeled[0]) == 4
    assert not {*plan.splits.val, *plan.splits.labeled[0]} & {*plan.unlabeled}
    assert 'scale = (64, 48)' in training_config(plan.facts, 'mine')
    plan = make_plan(survey(*folders()), VAL, size=(40, 80))
    assert 'crop_size = (32, 80)' in training_config(plan.facts, 'mine')


@pytest.mark.parametrize(
    ('path', 'name'), [('a/my set/images', 'my_set'), ('Zellen ö', 'Zellen_ö'), ('a/#', 'mine')]
)
def test_default_names(path, name, tmp_path):
    assert default_name(tmp_path / path) == name


def test_palettes_that_differ_are_read_as_colours(folders, tmp_path):
    """1 is red in one file and blue in the next: the number of the entry says nothing."""
    images, masks = folders()
    truth = true_labels()
    for i, path in enumerate(sorted(masks.iterdir())):
        order = [0, 2, 1] if i % 2 else [0, 1, 2]
        palette = [value for entry in order for value in COLOURS[entry]]
        save(path, np.uint8(order)[truth[i]], palette)
    found, labels = written(images, masks, tmp_path)
    assert found.scheme.kind == 'colours' and not found.flaws
    assert 'the entry 1 is #ff0000 in' in found.scheme.reasons[0]
    for i in range(6):  # in the order of the colours' numbers
        np.testing.assert_array_equal(labels[f'img {i}ä'], np.uint8([0, 2, 1])[truth[i]])


def test_entries_that_no_pixel_has_may_differ(folders):
    images, masks = folders()
    for i, path in enumerate(sorted(masks.iterdir())):
        palette = [value for entry in range(3) for value in COLOURS[entry]] + [i, i, i]
        save(path, true_labels()[i], palette)
    assert survey(images, masks).scheme.kind == 'values'


def test_a_folder_of_background_takes_in_what_is_uncovered(folders, tmp_path):
    images, masks = folders(
        lambda label: {
            'background': (label == 0) & (np.arange(SIZE[1]) < 30),
            'a cell': label == 1,
        }
    )
    found, labels = written(images, masks, tmp_path)
    assert found.scheme.names == ('background', 'a cell') and not found.flaws
    truth = true_labels(6)
    for i, label in enumerate(truth):
        np.testing.assert_array_equal(labels[f'img {i}ä'], label == 1)
    counts = [class_pixels(mask, found.scheme) for mask in found.masks.values()]
    assert [count['background'] for count in counts] == [int((x != 1).sum()) for x in truth]


def test_names_that_are_there_twice(folders):
    images, masks = folders(lambda label: dict(background=label == 0))
    with pytest.raises(UserError, match='Two classes would be called background'):
        survey(images, masks)


def test_images_that_cannot_be_read_are_flaws(folders, monkeypatch):
    images, masks = folders()
    (images / 'gone.png').symlink_to(images / 'nowhere.png')
    fromfile = np.fromfile

    def locked(path, *args):
        if 'img 9' in str(path):  # file modes mean nothing to root
            raise PermissionError(13, 'Permission denied')
        return fromfile(path, *args)

    monkeypatch.setattr(np, 'fromfile', locked)
    found = survey(images, masks)
    text = flaws_text(found.flaws)
    assert 'gone.png: cannot be read (No such file or directory)' in text
    assert 'img 9ä.png: cannot be read (Permission denied)' in text
    assert len(found.images) == 9


def test_a_folder_that_is_linked_twice_is_read_twice(folders, tmp_path):
    images, _ = folders(count=2)
    both = tmp_path / 'both'
    both.mkdir()
    for name in 'ab':
        (both / name).symlink_to(images)
    assert list(find_images(both)) == ['a/img 0ä', 'a/img 1ä', 'b/img 0ä', 'b/img 1ä']
    (images / 'up').symlink_to(both)  # a circle ends
    assert set(find_images(images)) == {'img 0ä', 'img 1ä'}


@pytest.mark.parametrize('forms', [('NFC', 'NFD'), ('NFD', 'NFC')])
def test_what_looks_equal_is_equal(forms, folders, tmp_path):
    images, masks = folders(in_folders(False))
    (masks / 'part').rename(masks / unicodedata.normalize(forms[1], 'Kör'))
    for folder, form in zip((images, masks), forms, strict=True):
        for path in list(folder.rglob('*.png')):
            path.rename(path.with_name(unicodedata.normalize(form, path.name)))
    found = survey(images, masks, classes=['thing', 'Kör'])
    assert len(found.masks) == 6 and not found.flaws
    assert found.scheme.names == ('background', 'thing', 'Kör')
    for form in ('NFC', 'NFD'):
        save(images / f'{unicodedata.normalize(form, "zwölf")}.png', np.zeros(SIZE, np.uint8))
    assert 'Two files have one name' in flaws_text(survey(images, masks).flaws)


def test_lossy_formats_of_masks(tmp_path):
    label = np.random.default_rng(0).integers(0, 3, SIZE).astype(np.uint8)
    for name, options in (('a.webp', {}), ('a.jp2', {})):
        Image.fromarray(label).convert('RGB').save(tmp_path / name, **options)
        with pytest.raises(UserError, match=f'{name} is a lossy'):
            inspect_mask(tmp_path / name)
    Image.fromarray(label).convert('RGB').save(tmp_path / 'b.webp', lossless=True)
    assert set(inspect_mask(tmp_path / 'b.webp').counts) == {0, 1, 2}
    Image.fromarray(label.astype(np.int32) * 70000).save(tmp_path / 'c.tif')
    assert set(inspect_mask(tmp_path / 'c.tif').counts) == {0, 70000, 140000}


def test_leftovers_of_killed_runs_are_swept(folders, tmp_path):
    plan = make_plan(survey(*folders()), VAL)
    save(tmp_path / '.out.0123.tmp/images/a.png', np.zeros(SIZE, np.uint8))
    assert write_project(plan, tmp_path / 'out', 'mine')
    assert {path.name for path in tmp_path.iterdir()} == {'out', 'photos', 'masks'}
    (tmp_path / 'out/.labeled.txt.0123.tmp').write_text('half')
    write_lists(tmp_path / 'out', {'labeled.txt': plan.splits.labeled[0]})
    assert not list((tmp_path / 'out').glob('.*'))
