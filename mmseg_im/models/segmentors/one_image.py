# SPDX-License-Identifier: Apache-2.0
"""What batch norm says of a batch of one image, as a sentence for the one who chose the batch."""

from collections.abc import Iterator
from contextlib import contextmanager

from ...errors import UserError


@contextmanager
def names_one_image(count: int) -> Iterator[None]:
    """Raises a UserError in place of torch's error where one image is too few for batch norm.

    A head that pools over the whole image (ASPP, PPM) leaves one value for each image and channel.

    Args:
        count (int): Labeled images of the batch.
    """
    try:
        yield
    except ValueError as error:
        if 'Expected more than 1 value per channel' not in str(error):
            raise
        raise UserError(
            f'A batch of {count} image is too small for this network: batch norm after pooling '
            'over the whole image (ASPP, PPM) needs two values. Set train_dataloader.batch_size to '
            '2 or more; where only the last batch of an epoch is so small, set '
            'train_dataloader.drop_last=True.'
        ) from error
