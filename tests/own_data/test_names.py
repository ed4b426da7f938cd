# SPDX-License-Identifier: Apache-2.0
"""Names of images and masks that do not meet: the rule is found, and the option applies it."""

import re
import shlex
import shutil

import numpy as np
import pytest

from mmseg_im.errors import MissingFileError, UserError
from mmseg_im.own_data.names import find_rule, image_of
from mmseg_im.own_data.survey import survey
from tests.own_data.conftest import in_folders, save, true_labels, written

NUMBERS = [f'{i:03}' for i in range(12)]


def option(text: str, name: str) -> str:
    """The value of an option as a shell would read it from a message."""
    words = shlex.split(text[text.index(name) :])
    return words[1]


@pytest.mark.parametrize(
    ('image', 'mask'),
    [
        ('image_{}', 'label_{}'),
        ('{}_leftImg8bit', '{}_gtFine_labelIds'),
        ('IMG{}', 'MASK{}'),
        ('a/{}', '{}'),
        ('{}', 'deep/er/{}'),
        ('a/images/{}', 'a/masks/{}'),
        ('images/x{}', 'masks/x{}_m'),
        ('{}', 'mask-{}'),
        ('photo ({})', 'mask ({})'),
        ('cases/image_{}', 'label_{}'),
        ('{}', '{:d}'),
        ('img_{:d}', 'mask_{}'),
        ('cases/image_{}', 'label {:d} b'),
        ('seq0/{}', 'seq0_{}'),
        ('a b/seq0/{}', 'a b-seq0.{}'),
        ('seq0/image_{}', 'label_seq0_{}_mask'),
    ],
)
def test_the_rule_is_found(image, mask):
    images, masks = (
        [text.format(i if ':d' in text else f'{i:03}') for i in range(12)] for text in (image, mask)
    )
    masks = masks[2:8]
    rule = find_rule([*images, 'odd'], [*masks, 'lonely'])
    assert rule is not None and rule.met == 6
    of_mask = image_of(rule.pattern, images)
    assert [of_mask(name) for name in masks] == images[2:8]


def test_a_folder_in_the_middle_of_several():
    images = [f'case{i}/images/{n}' for i in range(3) for n in NUMBERS]
    masks = [name.replace('images', 'masks') for name in images[5:20]]
    rule = find_rule(images, masks)
    assert rule is not None and rule.met == 15  # the numbers alone are there three times
    assert image_of(rule.pattern, images)('case2/masks/003') == 'case2/images/003'


def test_folders_that_became_beginnings():
    images = [f'seq{i}/{n}' for i in range(3) for n in NUMBERS]
    masks = [name.replace('/', '_') for name in images[5:20]]
    rule = find_rule(images, masks)
    assert rule is not None and rule.met == 15
    assert image_of(rule.pattern, images)('seq1_003') == 'seq1/003'


def test_keys_of_several_groups_keep_them_apart():
    of_mask = image_of(r'^seq(\d+)[/_](\d+)$', ['seq1/10', 'seq2/0'])
    assert of_mask('seq1_10') == 'seq1/10' and of_mask('seq11_0') == 'seq11_0'


def test_alternatives_with_other_groups_have_equal_keys():
    of_mask = image_of(r'^(.*)_img(_\d+)$|^(.*_\d+)_mask$', ['a_img_0', 'b_img_1'])
    assert of_mask('a_0_mask') == 'a_img_0' and of_mask('b_1_mask') == 'b_img_1'


def test_no_rule_is_made_up():
    assert find_rule(['cat', 'dog', 'fish'], ['x1', 'x2', 'x3']) is None
    assert find_rule(['a/1', 'b/1'], ['1']) is None  # of which image?
    assert find_rule(['01', '1'], ['001']) is None


def rename_all(folder, change):
    for path in list(folder.iterdir()):
        path.rename(path.with_name(change(path.name)))


def test_the_message_prints_an_option_that_works(folders, tmp_path):
    images, masks = folders()
    rename_all(images, lambda name: name.replace('img ', 'image_'))
    rename_all(masks, lambda name: name.replace('img ', 'label_'))
    with pytest.raises(UserError, match='0 of 6 masks find an image of their name') as error:
        survey(images, masks)
    text = str(error.value)
    assert 'label_0ä the image image_0ä' in text and '6 of 6 masks find one' in text
    found, labels = written(images, masks, tmp_path, match=option(text, '--match'))
    assert len(found.masks) == 6 and len(found.images) == 10 and not found.flaws
    np.testing.assert_array_equal(labels['image_5ä'], true_labels()[5])


def test_nested_images_beside_flat_masks(folders):
    images, masks = folders()
    (images / 'day').mkdir()
    for path in list(images.glob('*.png')):
        path.rename(images / 'day' / path.name)
    with pytest.raises(UserError, match=r'\d of 6 masks find an image') as error:
        survey(images, masks)
    found = survey(images, masks, match=option(str(error.value), '--match'))
    assert len(found.masks) == 6 and set(found.masks) <= set(found.images)


def test_a_folder_for_each_class_with_other_names(folders):
    images, masks = folders(in_folders(True))
    for folder in masks.iterdir():
        rename_all(folder, lambda name: f'label_{name}')
    with pytest.raises(UserError) as error:
        survey(images, masks)
    found = survey(images, masks, match=option(str(error.value), '--match'))
    assert found.scheme.names == ('part', 'thing') and len(found.masks) == 6


def test_names_without_any_rule_are_shown(folders):
    images, masks = folders()
    for i, path in enumerate(sorted(masks.iterdir())):
        path.rename(path.with_name(f'{chr(97 + 7 * i % 26)}{i * i}.png'))
    with pytest.raises(UserError, match='images are called img 0ä.*, masks .*Rename them, or give'):
        survey(images, masks)


@pytest.mark.parametrize(
    ('match', 'problem'),
    [
        ('(', 'is no regular expression'),
        ('img', 'has no group'),
        ('(img)', 'gives the images img 0ä and img 1ä one key'),
        ('(photo)', 'finds nothing in the name of any image'),
    ],
)
def test_expressions_that_do_not_work(match, problem, folders):
    with pytest.raises(UserError, match=problem):
        survey(*folders(), match=match)


def test_two_masks_of_one_key(folders):
    images, masks = folders()
    shutil.copy(masks / 'img 0ä.png', masks / 'img 0ä_b.png')
    with pytest.raises(UserError, match='masks img 0ä and img 0ä_b one image'):
        survey(images, masks, match='(img [0-9]ä)')


SIDE_BY_SIDE = dict(
    tail=lambda name: f'{name}_mask.png',
    suffix=lambda name: f'{name}.png',
    word=lambda name: f'mask_{name}.png',
)


@pytest.mark.parametrize('how', SIDE_BY_SIDE)
def test_images_and_masks_in_one_folder(how, folders, tmp_path):
    images, masks = folders(suffix='.jpg')
    for path in list(masks.iterdir()):
        target = images / SIDE_BY_SIDE[how](path.stem)
        target.parent.mkdir(exist_ok=True)
        path.rename(target)
    with pytest.raises(UserError, match='Images and masks lie in one folder') as error:
        survey(images, images)
    options = dict(mask_files=option(str(error.value), '--mask-files'))
    if how == 'word':  # a beginning that the images lack
        with pytest.raises(UserError) as error:
            survey(images, images, **options)
        options['match'] = option(str(error.value), '--match')
    found, labels = written(images, images, tmp_path, **options)
    assert len(found.images) == 10 and len(found.masks) == 6 and not found.flaws
    np.testing.assert_array_equal(labels['img 3ä'], true_labels()[3])


def test_folders_in_one_folder(folders, tmp_path):
    images, masks = folders()
    both = tmp_path / 'both'
    both.mkdir()
    images.rename(both / 'photos'), masks.rename(both / 'masks')
    with pytest.raises(UserError, match='name both: .*/both/photos .*/both/masks$') as error:
        survey(both, both)
    assert len(survey(*shlex.split(str(error.value))[-2:]).masks) == 6
    (both / 'photos/img 0ä.png').rename(both / 'img 0ä.png')
    with pytest.raises(UserError, match='name both: .*/both .*/both/masks$'):
        survey(both, both)


def test_masks_of_several_classes_in_one_sub_folder(folders):
    images, masks = folders()
    (masks / 'all').mkdir()
    for path in masks.glob('*.png'):
        path.rename(masks / 'all' / path.name)
    save(masks / 'all/img 5ä.png', np.uint8(true_labels()[5] == 1))  # one mask has one class alone
    with pytest.raises(UserError, match='name the sub-folder as the folder of masks') as error:
        survey(images, masks)
    assert 'such as' in str(error.value) and '\n' not in str(error.value)
    assert len(survey(*shlex.split(str(error.value))[-2:]).masks) == 6


def test_one_of_several_kinds_of_masks(folders):
    images, masks = folders()
    for path in list(masks.iterdir()):
        shutil.copy(path, masks / f'{path.stem}_instances.png')
        path.rename(masks / f'{path.stem}_classes.png')
    with pytest.raises(UserError, match='as many as their image and .*--mask-files'):
        survey(images, masks)
    found = survey(images, masks, mask_files='*_classes.png')
    assert len(found.masks) == 6 and not found.flaws
    with pytest.raises(UserError, match=re.escape("'*_x.png': no image file below")):
        survey(images, masks, mask_files='*_x.png')


def test_one_folder_without_a_sign_and_one_that_is_not_there(folders, tmp_path):
    images, _ = folders()
    with pytest.raises(UserError, match='Put the masks into one of their own, or'):
        survey(images, images)
    nowhere = tmp_path / 'nowhere'
    with pytest.raises(MissingFileError, match='nowhere does not exist'):
        survey(nowhere, nowhere)
    with pytest.raises(MissingFileError, match='nowhere does not exist'):
        survey(images, nowhere)


def test_a_mask_that_meets_nothing_is_a_flaw_as_before(folders):
    images, masks = folders()
    save(masks / 'label_7.png', true_labels(1)[0])
    assert len(survey(images, masks).flaws) == 1
