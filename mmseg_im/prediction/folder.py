# SPDX-License-Identifier: Apache-2.0
"""Predicts the images of a folder, one after another, and writes what comes out."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from mmengine.dataset import BaseDataset, pseudo_collate
from mmseg.models.segmentors.base import BaseSegmentor
from rich.progress import track
from torch.utils.data import DataLoader

from ..errors import UserError
from ..errors.wording import counted
from ..files.atomic import write_png
from ..models.segmentors.ensemble import EnsembleSegmentor
from ..own_data.gathered import Source
from ..own_data.label_files.labelme_writing import write_labelme
from ..report.loaded_picture import loaded_picture
from ..report.painting import paint
from .georeference import NEEDED, can_georeference, is_geotiff, is_turned, read_georeference
from .image_prediction import predict_image
from .places import MASKS, Places
from .rows_of_voters import LARGE, windows_of
from .unsure_report import UnsureReport
from .written_labels import Labels, write_mask

SHRUNK = 16
"""int: So many times fewer pixels of a large image are worth a word."""


def predict_folder(
    ensemble: EnsembleSegmentor,
    dataset: BaseDataset,
    images: Mapping[str, Source],
    labels: Labels,
    places: Places,
    crop: tuple[int, int],
    summary: str = '',
    num_workers: int = 0,
) -> list[str]:
    """Predicts all images of a data set and writes the results as they come.

    Args:
        ensemble (EnsembleSegmentor): One voter or more.
        dataset (BaseDataset): See :func:`~.folder_config.folder_dataset`.
        images (Mapping[str, Source]): By its path below the folder of the data set, in its
            order; see :func:`~mmseg_im.own_data.gathered.gather`.
        labels (Labels): The form of the label maps.
        places (Places): Where results go.
        crop (tuple[int, int]): See :func:`~.rows_of_voters.windows_of`.
        summary (str): Who votes, for the page.
        num_workers (int): Processes that load images; large ones are loaded by this one, so that
            two of them are never in memory.

    Returns:
        list[str]: Sentences about images that could not be predicted.
    """
    alone = any(math.prod(image.size) > LARGE for image in images.values())
    loader = DataLoader(
        dataset, 1, collate_fn=pseudo_collate, num_workers=0 if alone else num_workers
    )
    report = UnsureReport(labels.classes, labels.palette)
    device = next(ensemble.parameters()).device
    placed = can_georeference()
    failed = []
    batches = track(loader, 'Predicting', total=len(images), transient=True)
    for number, ((file, source), batch) in enumerate(zip(images.items(), batches, strict=True)):
        [image], [sample] = batch.pop('inputs'), batch.pop('data_samples')
        if image is None:
            failed.append(f'{source.path} {sample}')
            continue
        try:
            found = predict_image(ensemble, image.to(device), sample, crop, LARGE)
        except UserError as error:
            failed.append(str(error).replace(sample.img_path, str(source.path)))
            continue
        except Exception as error:  # of the network, for an image of this size; others go on
            reason = ' '.join(str(error).split()).rstrip('.')
            failed.append(
                f'{source.path} ({source.size[1]}x{source.size[0]} pixels) makes the network fail '
                f'({type(error).__name__}: {reason}). Give the image another size, or leave it out.'
            )
            continue
        name = Path(file).with_suffix('').as_posix()
        place = read_georeference(source.path) if placed and is_geotiff(source.path) else None
        labels.write(places.out, name, found.label, place)
        if places.labelme is not None:
            write_labelme(places.labelme / f'{name}.json', found.label, labels.classes, source.path)
        if places.unsure is not None:
            report.add(name, image, found)
            write_mask(places.unsure / MASKS, name, found.mask, place)
        del image  # not beside the picture
        if places.shown is not None:
            picture = _picture(dataset, number, found.label, labels)
            write_png(places.shown / f'{name}.png', picture[..., ::-1])
    if places.unsure is not None:
        report.write(places.unsure, summary)
    return failed


def notes(
    ensemble: EnsembleSegmentor,
    dataset: BaseDataset,
    images: Mapping[str, Source],
    crop: tuple[int, int],
) -> list[str]:
    """Returns sentences about what happens to large images and to georeferences.

    Args:
        ensemble (EnsembleSegmentor): See :func:`predict_folder`, as the other arguments.
        dataset (BaseDataset): One large image of it is loaded.
        images (Mapping[str, Source]): Its images.
        crop (tuple[int, int]): See :func:`~.rows_of_voters.windows_of`.
    """
    said = []
    lie = [image.path for image in images.values() if is_geotiff(image.path)]
    if lie and not can_georeference():
        said.append(f'{_some(lie)}: GeoTIFF. {NEEDED}.')
    turned = [image.path for image in images.values() if is_turned(image.path)]
    if turned:
        said.append(
            f'{_some(turned)}: GeoTIFF with an orientation, which its georeference leaves open. '
            'The prediction is a PNG without it; save the image unturned.'
        )
    large = [i for i, image in enumerate(images.values()) if math.prod(image.size) > LARGE]
    if not large:
        return said
    paths = [list(images.values())[i].path for i in large]
    height, width = list(images.values())[large[0]].size
    loaded = dataset[large[0]]['inputs']
    if loaded is None:  # it will be left out
        return said
    seen = tuple(loaded.shape[1:])
    if math.prod(seen) * SHRUNK < height * width:
        said.append(
            f'{_some(paths)}: the pipeline of the test makes {width}x{height} pixels '
            f'{seen[1]}x{seen[0]}, as in training. Where training saw parts at full size, predict '
            'with --no-resize.'
        )
    network: BaseSegmentor = ensemble.networks[0]
    windows = windows_of(network, seen, crop, LARGE)
    if windows is not None and network.test_cfg.get('mode', 'whole') == 'whole':
        said.append(
            f'{_some(paths)}: too large to be predicted as a whole, as the config has it. A window '
            f'of {crop[1]}x{crop[0]}, as training saw, slides over images of more than '
            f'{LARGE / 10**6:.1f} million pixels.'
        )
    return said


def _some(paths: Sequence[Path]) -> str:
    more = f' and {counted(len(paths) - 1, "image")} more' if len(paths) > 1 else ''
    return f'{paths[0]}{more}'


def _picture(dataset: BaseDataset, number: int, label: np.ndarray, labels: Labels) -> np.ndarray:
    """The prediction over an image of a data set; a large one is made smaller."""
    image = loaded_picture(dataset, dataset.get_data_info(number), 'The test pipeline')
    height, width = image.shape[:2]
    if height * width > LARGE:
        factor = (LARGE / (height * width)) ** 0.5
        size = int(width * factor), int(height * factor)
        image = cv2.resize(np.ascontiguousarray(image), size, interpolation=cv2.INTER_AREA)
        label = np.stack([cv2.resize(one, size, interpolation=cv2.INTER_NEAREST) for one in label])
    return paint(image, label, labels.classes, labels.palette)
