# SPDX-License-Identifier: Apache-2.0
"""Pictures of images of a data set, read as its pipeline reads them."""

import numpy as np
import torch
from mmengine.dataset import BaseDataset

from ..datasets.image_files import decode
from ..datasets.own_loading import own_loading
from .pictures import to_rgb


def loaded_picture(dataset: BaseDataset, info: dict, where: str) -> np.ndarray:
    """Returns an image as (H, W, 3) uint8 RGB, as the pipeline of its data set reads it.

    Args:
        dataset (BaseDataset): Of mmseg.
        info (dict): Of the image, from the data set.
        where (str): Config key of the data set, for messages.

    Raises:
        MissingFileError, UserError: If it cannot be read.
    """
    own = own_loading(dataset, label=False)
    image = decode(info['img_path']) if own is None else own.load_image(info, where)
    bands = torch.from_numpy(image if image.ndim == 3 else image[..., None]).permute(2, 0, 1)
    return to_rgb(bands, image.shape[:2])
