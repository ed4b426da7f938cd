# SPDX-License-Identifier: Apache-2.0
"""Pseudo-labels one image at a time, as a script around a network would write them."""

import time
from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine import Config
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample

from mmseg_im.errors import UserError
from mmseg_im.labels.spaces import IGNORE_INDEX


@torch.no_grad()
def label_one_by_one(cfg: Config, folder: str, teachers: int) -> float:
    """Reads, predicts with every teacher, compares and writes image after image.

    Source of the order: the original study (Vorndran and Roeck, arXiv 2401.14387), without its
    morphology.

    Args:
        cfg (Config): Its ``model`` predicts several classes.
        folder (str): Holds ``images/*.png`` and a checkpoint ``i.pth`` for each teacher.
        teachers (int): How many there are.

    Returns:
        float: Seconds, without building the networks.
    """
    networks = []
    for i in range(teachers):
        network = MODELS.build(cfg.model).eval()
        network.load_state_dict(torch.load(f'{folder}/{i}.pth', weights_only=True)['state_dict'])
        networks.append(network.cuda() if torch.cuda.is_available() else network)
    out = Path(folder, 'one_by_one')
    for name in ('labels', 'masks'):
        (out / name).mkdir(parents=True, exist_ok=True)
    begun = time.perf_counter()
    for path in sorted(Path(folder, 'images').glob('*.png')):
        image = cv2.imread(str(path))
        sample = SegDataSample(metainfo=dict(ori_shape=image.shape[:2], img_shape=image.shape[:2]))
        data = dict(inputs=[torch.from_numpy(image).permute(2, 0, 1)], data_samples=[sample])
        hard = []
        for network in networks:
            logits = network.test_step(data)[0].seg_logits.data.cpu().numpy()
            hard.append(np.argmax(logits, axis=0).astype(np.uint8))
        mask = np.any([one != hard[0] for one in hard], axis=0)
        label = np.where(mask, IGNORE_INDEX, hard[0])
        for kind, picture in dict(labels=label, masks=255 * mask.astype(np.uint8)).items():
            if not cv2.imwrite(str(out / kind / path.name), picture):
                raise UserError(f'{out / kind / path.name} cannot be written. Free space.')
    return time.perf_counter() - begun
