# SPDX-License-Identifier: Apache-2.0
"""What a config says of the sizes that a network was trained and tested at."""

from typing import Any

from mmengine.config import Config

from ..generations.configs import nodes

SMALL = 2  # so many times smaller images than in training are worth a word
RESIZES = ('Resize', 'ResizeToPatches', 'ResizeToMultiple', 'ResizeShortestEdge')


def trained_size(cfg: Config) -> tuple[int, int] | None:
    """Returns height and width of the crops of training, None if the config names none."""
    sizes: list[Any] = [(cfg.model.get('data_preprocessor') or {}).get('size')]
    sizes += [node.get('crop_size') for node in nodes(cfg.get('train_dataloader'))]
    found = next((size for size in sizes if size), None)
    if found is None:
        return None
    return (found, found) if isinstance(found, int) else (int(found[0]), int(found[1]))


def test_dataset(cfg: Config) -> dict:
    """Returns the data set of the test, or of the validation, as a dict; {} if there is none."""
    loader = cfg.get('test_dataloader') or cfg.get('val_dataloader') or {}
    return loader.get('dataset') or {}


def remarks(cfg: Config, wanted: tuple[int, int] | None = None) -> list[str]:
    """Returns sentences about what a user of the graph has to do as the config does it.

    Args:
        cfg (Config): Of the network.
        wanted (tuple[int, int], optional): The one height and width of the graph.
    """
    said = []
    size = trained_size(cfg)
    if size is not None:
        said.append(f'Trained on crops of {size[0]}x{size[1]} (height x width).')
        if wanted is not None and any(SMALL * w < t for w, t in zip(wanted, size, strict=True)):
            said.append(
                f'--size {wanted[0]} {wanted[1]} is less than half of that: look at what the '
                'network predicts for such images.'
            )
    for step in nodes(test_dataset(cfg).get('pipeline')):
        if step.get('type') in RESIZES:
            options = ', '.join(f'{key}={step[key]!r}' for key in step if key != 'type')
            said.append(
                f'The test of the config resizes images first, {step["type"]}({options}), and the '
                'graph does not: resize them likewise, and the labels back.'
            )
    test = cfg.model.get('test_cfg') or {}
    if test.get('mode') == 'slide':
        crop, stride = (tuple(test[key]) for key in ('crop_size', 'stride'))
        said.append(
            f'The config predicts windows of {crop[0]}x{crop[1]} with stride {stride[0]}x'
            f'{stride[1]}; the graph holds one pass without windows: cut larger images into such '
            'windows and average the scores, or pass them whole, with other results.'
        )
    return said
