# SPDX-License-Identifier: Apache-2.0
"""Predicts a folder of images of any size: files of class ids (of overlapping classes 0 and 255).

Several checkpoints or views vote: where they disagree is then shown in OUT-unsure/index.html.
"""

import argparse
import os
import os.path as osp
import sys
import tempfile
from pathlib import Path

from mmengine.config import Config
from mmengine.device import get_device
from mmengine.registry import init_default_scope
from mmengine.runner.checkpoint import CheckpointLoader
from mmseg.registry import MODELS

from mmseg_im.checkpoints.comparing import tensors_of
from mmseg_im.checkpoints.fitting import PREDICT, check
from mmseg_im.engine.work_dir import make_work_dir
from mmseg_im.errors import UserError, plain_errors  # before mmseg: it makes mmcv-lite enough
from mmseg_im.errors.wording import counted
from mmseg_im.files.atomic import write_aside
from mmseg_im.files.config_file import read_config
from mmseg_im.own_data.gathered import gather, suffixes_read
from mmseg_im.prediction.folder import notes, predict_folder
from mmseg_im.prediction.folder_config import folder_dataset, labels_of, own_reading, training_crop
from mmseg_im.prediction.places import check_no_others, places_of
from mmseg_im.teachers.networks import build_network
from mmseg_im.teachers.views import VIEWS


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config of the network')
    parser.add_argument('checkpoints', nargs='+', metavar='checkpoint', help='its weights')
    parser.add_argument('images', help='folder of images of any format, in any depth')
    parser.add_argument('--out', default='predicted', help='default: %(default)s')
    parser.add_argument('--show-dir', help='folder for predictions painted over the images')
    parser.add_argument(
        '--labelme', action='store_true', help='also OUT/labelme: polygons, to correct in LabelMe'
    )
    parser.add_argument(
        '--views', type=int, choices=range(1, len(VIEWS) + 1), default=1,
        help=f'each network votes for so many of {", ".join(VIEWS)}; default: %(default)s',
    )  # fmt: skip
    parser.add_argument(
        '--no-resize', action='store_true',
        help='without the Resize of the test pipeline: for large images of whose parts the '
        'training images were',
    )  # fmt: skip
    return parser.parse_args()


def build_ensemble(cfg: Config, args: argparse.Namespace):
    """Builds the voters; a UserError if weights do not fit, before anything is written."""
    seen: dict[str, str] = {}
    for path in args.checkpoints:
        before = seen.setdefault(os.path.realpath(path), path)
        if before is not path:
            raise UserError(
                f'{before} and {path} are one file, and a network has one vote. Name others, or '
                'let it vote for several --views.'
            )
        content = CheckpointLoader.load_checkpoint(path, 'cpu', logger='silent')
        check(tensors_of(content), build_network(cfg.model, 'model'), path, PREDICT)
    views = VIEWS[: args.views]
    test_cfg = (cfg.model.get('data_preprocessor') or {}).get('test_cfg') or {}
    members = [
        dict(checkpoint=path, config=cfg.model, views=views,
             size_divisor=test_cfg.get('size_divisor', 1))
        for path in args.checkpoints
    ]  # fmt: skip
    voter = 'agreement' if len(members) * len(views) > 1 else 'mean'
    ensemble = MODELS.build(dict(type='EnsembleSegmentor', members=members, voter=voter))
    return ensemble.to(get_device())


def predict(cfg: Config, args: argparse.Namespace) -> None:
    """Predicts all images that can be read; ends with a list of those that cannot."""
    voters = len(args.checkpoints) * args.views
    labels = labels_of(cfg)
    overlapping = labels.classes if cfg.model.get('label_space') == 'multilabel' else ()
    places = places_of(args.images, args.out, args.show_dir, voters > 1, args.labelme, overlapping)
    own, suffix = own_reading(cfg)
    check_no_others(places, args.images, suffixes_read(own, suffix), overlapping)
    with tempfile.TemporaryDirectory(prefix='predict-') as folder:
        aside = Path(folder)
        files, left_out = gather(
            args.images,
            aside / 'images',
            own,
            suffix,
            skip=places.folders(),
            white=cfg.get('white'),
            config=args.config,
        )
        write_aside(aside / 'images.txt', ''.join(f'{file}\n' for file in files).encode())
        ensemble = build_ensemble(cfg, args)
        names = aside / 'images.txt'
        dataset = folder_dataset(cfg, aside / 'images', names, not args.no_resize)
        crop = training_crop(cfg)
        for note in notes(ensemble, dataset, files, crop):
            print(note)
        for place in places.folders():
            make_work_dir(place)
        networks = counted(len(args.checkpoints), 'network')
        summary = f'{networks}, {voters} votes ({", ".join(VIEWS[: args.views])}).'
        loader = cfg.get('test_dataloader') or cfg.val_dataloader
        workers = loader.get('num_workers', 0)
        failed = predict_folder(ensemble, dataset, files, labels, places, crop, summary, workers)
    print(
        f'Predicted: {counted(len(files) - len(failed), "image")}, in {args.out}'
        + (f', pictures in {args.show_dir}' if args.show_dir else '')
        + (f'; where the voters disagree: {places.unsure / "index.html"}' if places.unsure else '')
        + '.'
    )
    if left_out or failed:
        sys.exit('\n'.join(['error: Left out:', *left_out, *failed]))


def main() -> None:
    args = parse_args()
    for path in (args.config, *args.checkpoints, args.images):
        if not osp.exists(path):
            sys.exit(f'{path} does not exist.')
    with plain_errors():
        cfg = read_config(args.config)
        init_default_scope(cfg.get('default_scope', 'mmseg'))
        predict(cfg, args)


if __name__ == '__main__':
    main()
