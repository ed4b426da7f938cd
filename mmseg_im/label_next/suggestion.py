# SPDX-License-Identifier: Apache-2.0
"""Suggests images to label next, and writes them with what helps to label them."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from mmengine import Config
from mmengine.dataset import BaseDataset
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from ..datasets.annotation_steps import transform_class
from ..datasets.transforms import LoadBinaryAnnotations
from ..errors import UserError
from ..files.atomic import write_aside, write_png
from ..files.new_folder import new_folder
from ..generations.configs import nodes
from ..labels.spaces import IGNORE_INDEX
from ..models.segmentors.ensemble import EnsembleSegmentor
from ..own_data.label_files.labelme_writing import write_labelme
from ..report.loaded_picture import loaded_picture
from ..teachers.views import VIEWS
from .choosing import balanced_scores, choose
from .image_votes import ImageVote, vote_on
from .pre_labels import UNDECIDED, pre_label
from .suggestion_page import entry, suggestion_page
from .unlabeled_images import names_of, test_loader, test_pipeline, unlabeled_images


class Suggestion(NamedTuple):
    """What voters say about all unlabeled images, and which of them to label next.

    Attributes:
        dataset (BaseDataset): The unlabeled images.
        names (list[str]): Of all of them.
        votes (list[ImageVote]): Likewise.
        scores (np.ndarray): (N,), see :func:`~.choosing.balanced_scores`.
        chosen (list[int]): Places of the chosen ones, the most urgent first.
        ensemble (EnsembleSegmentor): The voters.
        summary (str): What was done, as a sentence.
    """

    dataset: BaseDataset
    names: list[str]
    votes: list[ImageVote]
    scores: np.ndarray
    chosen: list[int]
    ensemble: EnsembleSegmentor
    summary: str

    @property
    def disputable(self) -> Sequence[str]:
        """Names of the classes of :attr:`~.image_votes.ImageVote.disputed`."""
        classes = self.dataset.metainfo['classes']
        return classes[-len(self.votes[0].disputed) :]


def suggest(
    cfg: Config,
    checkpoints: Sequence[str],
    number: int,
    views: Sequence[str] | None = None,
    rule: str = 'inconsistency',
    seed: int = 0,
    device: str = 'cpu',
) -> Suggestion:
    """Chooses unlabeled images to label next. No label of theirs is read.

    Args:
        cfg (Config): Of a semi-supervised training, see :func:`~.unlabeled_images`.
        checkpoints (Sequence[str]): Weights of the config's network.
        number (int): How many images.
        views (Sequence[str], optional): Each network votes once for each view; default: the image
            as it is, and of a single network :data:`~mmseg_im.teachers.views.VIEWS`.
        rule (str): See :func:`~.choosing.choose`.
        seed (int): Likewise.
        device (str): Where to predict.

    Raises:
        UserError: Before any prediction: if there are fewer images, no unlabeled ones, a
            checkpoint has other classes, or one voter would agree with itself.
        MissingFileError: If a file is missing.
    """
    init_default_scope(cfg.get('default_scope', 'mmseg'))
    dataset = unlabeled_images(cfg)
    if not 1 <= number <= len(dataset):
        raise UserError(
            f'--number {number}: there are {len(dataset)} unlabeled images, so 1 to '
            f'{len(dataset)} can be chosen.'
        )
    if views is None:
        views = VIEWS if len(checkpoints) == 1 else VIEWS[:1]
    divisor = (cfg.model.data_preprocessor.get('test_cfg') or {}).get('size_divisor', 1)
    members = [
        dict(checkpoint=path, config=cfg.model, views=views, size_divisor=divisor)
        for path in checkpoints
    ]
    classes = dataset.metainfo['classes']
    ensemble = MODELS.build(dict(type='EnsembleSegmentor', members=members, classes=classes))
    votes, features = vote_on(ensemble.to(device), dataset, test_loader(cfg))
    disputed = np.stack([vote.disputed for vote in votes])
    confidence = np.array([vote.confidence for vote in votes])
    summary = (
        f'{number} of {len(dataset)} unlabeled images, chosen by {rule}: {len(checkpoints)} '
        f'{"networks" if len(checkpoints) > 1 else "network"}, {len(checkpoints) * len(views)} '
        f'votes ({", ".join(views)}).'
    )
    return Suggestion(
        dataset,
        names_of(dataset),
        votes,
        balanced_scores(disputed),
        choose(rule, number, disputed, confidence, features, seed),
        ensemble,
        summary,
    )


def write_suggestion(suggestion: Suggestion, cfg: Config, out: Path, labelme: bool = False) -> None:
    """Writes list, scores, labels to begin with, and the page.

    The chosen images are predicted again, one after another, so that memory does not grow with
    the number of unlabeled images.

    Args:
        suggestion (Suggestion): From :func:`suggest`.
        cfg (Config): Of the training.
        out (Path): The folder to make: ``list.txt``, ``scores.csv``, ``pre_labels``,
            ``index.html``.
        labelme (bool): Whether to write ``labelme``, too: the labels to begin with as polygons,
            and ``__ignore__`` where the voters disagree.

    Raises:
        UserError: If it exists with content, or cannot be written; nothing is left behind.
    """
    dataset, names = suggestion.dataset, suggestion.names
    classes = dataset.metainfo['classes']
    palette = dataset.metainfo['palette']
    loaders = filter(None, map(transform_class, nodes(test_pipeline(cfg))))
    is_ids = not any(issubclass(loader, LoadBinaryAnnotations) for loader in loaders)
    form = dict(
        is_ids=is_ids, reduce_zero_label=dataset.reduce_zero_label, label_map=dataset.label_map
    )
    tail = dataset.seg_map_suffix.rpartition('.')[0]
    undecided = (
        IGNORE_INDEX if is_ids and suggestion.ensemble.label_space.num_maps == 1 else UNDECIDED
    )
    entries = []
    with new_folder(out) as folder:
        for place, i in enumerate(suggestion.chosen, 1):
            label, mask = _predict(suggestion.ensemble, dataset[i])
            for path, content in pre_label(label, mask, names[i] + tail, classes, **form).items():
                write_png(folder / 'pre_labels' / path, content)
            if labelme:
                file = Path('labelme', f'{names[i]}.json')
                picture = dataset.get_data_info(i)['img_path']
                write_labelme(folder / file, label, classes, picture, mask, final=out / file)
            image = loaded_picture(dataset, dataset.get_data_info(i), 'The test pipeline')
            title, vote = f'{place}. {names[i]}', suggestion.votes[i]
            score = suggestion.scores[i]
            entries.append(
                entry(title, image, label, mask, vote.disputed, score, suggestion.disputable,
                      palette)
            )  # fmt: skip
        page = suggestion_page(suggestion.summary, classes, palette, entries, undecided)
        write_aside(folder / 'index.html', page.encode())
        write_aside(folder / 'scores.csv', scores_table(suggestion).encode())
        lines = ''.join(f'{names[i]}\n' for i in suggestion.chosen)
        write_aside(folder / 'list.txt', lines.encode())


def scores_table(suggestion: Suggestion) -> str:
    """Returns all unlabeled images as CSV, the chosen ones first, then by their score."""
    rank = {i: place for place, i in enumerate(suggestion.chosen, 1)}
    rest = [i for i in np.argsort(-suggestion.scores, kind='stable') if i not in rank]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator='\n')
    writer.writerow(['name', 'chosen', 'score', 'masked', 'confidence', *suggestion.disputable])
    for i in [*suggestion.chosen, *rest]:
        vote = suggestion.votes[i]
        values = [suggestion.scores[i], vote.masked, vote.confidence, *vote.disputed]
        numbers = [f'{value:.6g}' for value in values]
        writer.writerow([suggestion.names[i], rank.get(i, ''), *numbers])
    return text.getvalue()


def _predict(ensemble: EnsembleSegmentor, packed: dict) -> tuple[np.ndarray, np.ndarray]:
    """Agreed label (M, H, W) uint8 and mask (M, H, W) bool of one image of a data set."""
    device = next(ensemble.parameters()).device
    with torch.no_grad():
        (sample,) = ensemble([packed['inputs'].to(device)], [packed['data_samples']])
    label, mask = sample.pred_sem_seg.data, sample.inconsistent.data
    return label.cpu().numpy().astype(np.uint8), mask.cpu().numpy()
