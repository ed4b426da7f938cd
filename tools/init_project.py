# SPDX-License-Identifier: Apache-2.0
"""Makes a project of a folder of images and masks or label files for some of them.

Looks at every file, says what it guesses and what is inconsistent, and then writes images,
annotations, lists and configs that train into OUT. Flawed images are left out.
"""

import argparse
import shlex
import tempfile
from fractions import Fraction
from pathlib import Path

from mmseg_im.errors import UserError, plain_errors
from mmseg_im.errors.wording import counted


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument('images', type=Path, help='folder of images')
    parser.add_argument(
        'masks',
        type=Path,
        help='folder of masks, or of a folder for each class; '
        'or label files of LabelMe, COCO or CVAT: one file, or their folder',
    )
    parser.add_argument('--out', type=Path, help='folder to write; default: data/NAME')
    parser.add_argument('--name', help='name of the config; default: that of OUT or of the images')
    parser.add_argument('--label-space', choices=['multiclass', 'binary', 'multilabel'])
    parser.add_argument(
        '--classes',
        nargs='+',
        help='names in the order of the ids, or NAME=VALUE_OR_COLOUR (several: NAME=1+255); of '
        'label files, their labels, or NAME=LABEL+LABEL',
    )
    parser.add_argument(
        '--ignore',
        nargs='+',
        help='values or colours (255, #e0e0c0), or labels, that mean "unknown"',
    )
    parser.add_argument(
        '--network',
        choices=['lite0', 'unet', 'r50', 'dinov2-s'],
        default='lite0',
        help='lite0 (default): EfficientNet-Lite0 with ImageNet weights, for a CPU too; unet: a '
        'small one from scratch; r50, dinov2-s: with a GPU and weights at hand',
    )
    parser.add_argument(
        '--size', nargs=2, type=int, metavar=('H', 'W'), help='to which images are brought'
    )
    parser.add_argument('--val', default='0.2', help='share of the annotated images; default: 0.2')
    parser.add_argument(
        '--group-by', help="images that stay together, such as '(.*)_[0-9]+' (see make_splits.py)"
    )
    parser.add_argument(
        '--match',
        help='what an image and its mask have in common in their names, in brackets, such as '
        "'^(?:image_|label_)(.*)$'",
    )
    parser.add_argument(
        '--mask-files', help="which files in the folder of masks are masks, such as '*_mask.png'"
    )
    parser.add_argument(
        '--snap-colours',
        action='store_true',
        help='soft edges: the closest main colour, and pixels between two of them are ignored',
    )
    parser.add_argument(
        '--threshold',
        '--threshold-jpeg',
        action='store_true',
        help='read black and white masks of lossy files or with soft edges: from 128 on 255',
    )
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    with plain_errors(), tempfile.TemporaryDirectory(prefix='init-project-') as aside:
        from mmseg_im.own_data.folders import flaws_text
        from mmseg_im.own_data.label_files.surveyed_labels import survey_annotations
        from mmseg_im.own_data.network_choices import NETWORKS, check_package
        from mmseg_im.own_data.notes import notes
        from mmseg_im.own_data.plan import classes_table, make_plan
        from mmseg_im.own_data.project import (
            check_name,
            check_out,
            default_name,
            holds,
            write_project,
        )
        from mmseg_im.own_data.splitting import group_keys, parse_ratio

        check_package(args.network)
        name = check_name(args.name or default_name(args.out or args.images))
        if args.out is None and args.name is None and holds(Path('data', name), args.images):
            name += '_project'
        out = args.out or Path('data', name)
        check_out(out, dict(images=args.images, masks=args.masks))
        if args.size and min(args.size) < 32:
            raise UserError(f'--size {args.size[0]} {args.size[1]}: 32 is the least.')
        val = parse_ratio(args.val)
        if val == Fraction(1):
            raise UserError('--val 1 leaves no image to train.')
        found = survey_annotations(
            args.images,
            args.masks,
            Path(aside),
            classes=args.classes,
            ignore=args.ignore,
            label_space=args.label_space,
            match=args.match,
            mask_files=args.mask_files,
            snap_colours=args.snap_colours,
            threshold=args.threshold,
        )
        groups = group_keys(found.masks, args.group_by) if args.group_by else None
        plan = make_plan(found, val, tuple(args.size) if args.size else None, groups, args.network)
        flaws = plan.survey.flaws
        if flaws:
            left_out = {flaw.name for flaw in flaws} - {''}
            print(f'{flaws_text(flaws)}\nLeft out: {counted(len(left_out), "image")}.\n')
        print('Guessed or given:')
        print('\n'.join(f'  {reason}' for reason in plan.reasons))
        print(classes_table(plan))
        facts = plan.facts
        print(f'{facts.labeled} labeled, {facts.unlabeled} unlabeled, {facts.val} for validation')
        if not facts.unlabeled:
            print('There are no unlabeled images: the config trains supervised.')
        network = NETWORKS[args.network]
        print(f'network: {network.reason} (--network)')
        if network.weights:
            print(f'its weights: {network.weights}, {network.note}')
        if facts.class_weight:
            print(
                f'class weights, because classes are not in balance: {facts.class_weight} (the '
                'line class_weight of the config; ones mean none)'
            )
        for sentence in notes(plan, f'{name}.py'):
            print(f'Note: {sentence}')
        written = write_project(plan, out, name)
        print(f'{out} is written. Next:' if written else f'{out} holds just this. Next:')
        config, in_generations = (
            shlex.quote(str(out / f'{name}{tail}.py')) for tail in ('', '_generations')
        )
        print(f'  python tools/browse_dataset.py {config} --output-dir work_dirs/browse_{name}')
        print(f'  python tools/train.py {config}')
        if facts.unlabeled:
            print(f'or, in generations:\n  python tools/train.py {in_generations}')


if __name__ == '__main__':
    main()
